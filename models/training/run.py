#!/usr/bin/env python3
"""From nothing to shipped models: train, export with proof, measure, write MANIFEST.toml.

    python run.py [detector] [reader] [--work DIR] [--models DIR] [--minutes M] [--init-detector FILE] [--init-reader FILE] [--corpus DIR]
    python run.py --smoke          three minutes, everything once and tiny, models into the work folder

Stops and resumes: run it again with the same --work. Nothing is written to --models before a network is trained and proven."""
import argparse
import json
import os
import shutil
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORKS = ("detector", "reader")


def percent(x):
    return None if x is None else round(100 * x, 2)


def detector(a):
    from unburn_training import manifest
    from unburn_training.detector import corpus, export, net, train, validation
    out = os.path.join(a.work, "detector")
    steps = (["--float-steps", "0"] if a.init_detector else []) + (["--init", a.init_detector] if a.init_detector else [])
    common = [out, "--seed", str(a.seed), "--threads", str(a.threads), "--workers", str(a.workers)] + steps
    if a.smoke:
        first, again = (train.make_chunk(a.seed, 0)[0] for _ in range(2))
        assert all((x[0] == y[0]).all() for x, y in zip(first, again)), "pages must depend on the seed alone"
        tiny = ["--validation", "3", "--batch", "2", "--side", "192"]
        train.Run(train.arguments(common + tiny + ["--float-steps", "8", "--integer-steps", "2"])).train()
        run = train.Run(train.arguments(common + tiny + ["--float-steps", "8", "--integer-steps", "8"]))
        assert run.step == 10, "the second run must go on where the first stopped"
    else:
        run = train.Run(train.arguments(common + (["--minutes", str(a.minutes)] if a.minutes else [])))
    run.train()
    exact = export.export(out + "/integer.pt", a.models)
    checked = net.load(out + "/integer.pt")
    v = validation.evaluate(validation.maps_of(checked), validation.pages(3 if a.smoke else 200, out))
    figures = dict(parameters=exact["parameters"], multiply_adds_1024x768=exact["multiply_adds_1024x768"], worst_case_sum=exact["worst_case_sum"],
                   generated_lines=v["lines"], generated_lines_covered_percent=percent(v["recall"]), generated_over_mask_percent=percent(v["over_mask"]),
                   generated_text_free=v["text_free"], generated_text_free_hit_percent=percent(v["false_pages"]))
    if a.corpus:
        c = corpus.evaluate(checked, a.corpus, variants=False)
        figures.update(dev_lines=c["lines"], dev_lines_covered_percent=percent(c["recall"]), dev_phi_lines_covered=f"{c['phi_removed']} of {c['phi_lines']}",
                       dev_over_mask_mean_percent=percent(c["over_mask"]), dev_text_free_hit=f"{c['false_hits']} of {c['text_free']}")
    manifest.update(a.models, "detector", "detector.json", f"generated pages only; {run.step} steps in {run.seconds / 60 + (time.time() - run.t0) / 60:.0f} min, seed {a.seed}"
                    + (f", from {os.path.basename(a.init_detector)}" if a.init_detector else ""), figures)
    return v


def reader(a):
    from unburn_training import manifest
    from unburn_training.reader import evaluate, export, train
    out = os.path.join(a.work, "reader")
    common = [out, "--seed", str(a.seed), "--threads", str(a.threads), "--workers", str(a.workers)] + (["--init", a.init_reader, "--rate", "1.2e-3"] if a.init_reader else [])
    if a.smoke:
        run = train.Run(train.arguments(common + ["--steps", "6", "--per-cell", "1"]))
    else:
        run = train.Run(train.arguments(common + (["--minutes", str(a.minutes)] if a.minutes else [])))
    run.train()
    net, exact = export.export(out + "/reader.pt", a.models)
    made = evaluate.lines(1 if a.smoke else 40, out)
    f = evaluate.figures(made, evaluate.read(net, [c for c, _ in made]))
    trained = f"generated lines only; {run.step} steps in {run.elapsed():.0f} min, seed {a.seed}" + (f", from {os.path.basename(a.init_reader)}" if a.init_reader else "")
    manifest.update(a.models, "reader", "reader.exact", trained, dict(
        parameters=exact["parameters"], worst_case_sum=exact["worst_case_sum"], character_error_synthetic_percent=percent(f["all"]["character_error"]), exact_lines_synthetic_percent=percent(f["all"]["exact"]),
        character_error_unseen_fonts_percent=percent(f["held-out fonts"]["character_error"]), negatives_read_as_empty_percent=percent(f["empty"]["exact"])))
    manifest.update(a.models, "alphabet", "alphabet.txt", "the reader's 136 characters in the order of its classes 1 to 136; class 0 is the CTC blank")
    return f["all"]


def smoke_known():
    """pages of known characters, and their judge on a report that keeps everything and says what was drawn"""
    from unburn_training.stress import kept, known
    one, two = (known.page(kept.SEEDS["choosing"], 0) for _ in range(2))
    assert one.lines and (one.image == two.image).all(), "pages must depend on seed and number alone"
    box = lambda line, text: dict(rect=[int(v) for v in (*line.places[:, :2].min(0), *(line.places[:, 2:].max(0) - line.places[:, :2].min(0)))], text=text, reason="", confidence=1)
    for line in (line for line in one.lines if not line.turn and kept.alike(line.text[:-2]) not in ("", kept.alike(line.text))):
        assert kept.judge_piece(box(line, line.text), one)["right"], "what was drawn must be right"
        assert not kept.judge_piece(box(line, line.text[:-2]), one)["right"], "a part of what a box covers must be wrong"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("networks", nargs="*", metavar="detector|reader", help="default: both")
    p.add_argument("--work", default=os.path.join(HERE, "work"), help="checkpoints and logs")
    p.add_argument("--models", default=os.path.dirname(HERE), help="where the finished files go")
    p.add_argument("--minutes", type=float, help="time for each network instead of its number of steps")
    p.add_argument("--init-detector", help="checkpoint to continue from, such as checkpoint/detector.pt")
    p.add_argument("--init-reader", help="checkpoint to continue from, such as checkpoint/reader.pt")
    p.add_argument("--corpus", help="folder of real files to measure on (never trained on)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--workers", type=int, default=0, help="processes that generate data; the result does not depend on it")
    p.add_argument("--smoke", action="store_true")
    a = p.parse_args()
    unknown = [n for n in a.networks if n not in NETWORKS]
    if unknown:
        p.error(f"unknown network {unknown[0]}")
    if a.smoke:
        a.work = os.path.join(a.work, "smoke")
        a.models = os.path.join(a.work, "models")
        shutil.rmtree(a.work, ignore_errors=True)
        os.makedirs(a.models)
        shutil.copy(os.path.join(os.path.dirname(HERE), "README.md"), a.models)
    for n in a.networks or NETWORKS:
        t0 = time.time()
        result = {"detector": detector, "reader": reader}[n](a)
        print(f"{n}: done in {(time.time() - t0) / 60:.1f} min, {json.dumps(result)}", flush=True)
    if a.smoke:
        from unburn_training.stress import cases
        for axis, value in (("height", 8), ("script", "arabic"), ("ground", "slice")):
            one, two = (cases.pictures(axis, value, 1)[0] for _ in range(2))
            assert one.lines and (one.image == two.image).all(), "stress pictures must depend on their axis and value alone"
        smoke_known()
        made = sorted(os.listdir(a.models))
        expected = ["MANIFEST.toml", "README.md", "alphabet.txt", "detector.json", "detector.rten", "reader.exact", "reader.rten", "vectors"]
        assert a.networks or made == expected, made
        with open(a.models + "/README.md", encoding="utf-8") as f:
            assert a.networks or f.read().count("seed 1 |") == 2, "the figures of both networks must stand in the model card"
        print("smoke: ok")


if __name__ == "__main__":
    main()
