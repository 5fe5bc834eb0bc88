"""Measures whether text that is kept as safe is really that text: generated pages, the built program, `--policy safe-list`.

    python -m unburn_training.stress.kept --unburn PROGRAM [--models DIR] [--pages N] [--part final] [--json FILE] [--card ../README.md]

Every kept piece of a report is compared with the characters that were drawn under its box; letter case, spaces and look-alikes are
forgiven (`text.alphabet.folded`), and accents, as the lists are compared without, and strokes at either end, which the program takes
for ticks and rules (`src/phi/sure.rs`). wrong: it says something else; harmful: and what was drawn there identifies somebody, or may.
Thresholds are chosen on the part `choosing`; the figures of the model card come from `final`, whose pages nothing was chosen on."""
import argparse
import json
import math
import os
import re
import subprocess
import tempfile
import unicodedata
from collections import Counter

import numpy as np

from .. import card, manifest
from ..text.alphabet import folded
from . import engines, known

SEEDS = {"choosing": 7_100, "final": 7_200}
BATCH = 40
INSIDE, EDGE, ACROSS = .5, .12, .6        # share of a character's width under a box: it is meant, it may be; of a line's height
STROKES = "_+|\\`"
MASKED, LARGE, PLAIN = .05, 8, 40     # share of a line's glyph pixels; capitals, px; contrast, grey levels


def scan(program, models, pages, sensitivity="normal"):
    """-> [boxes of the page's report, None where it was refused]"""
    from pydicom.uid import generate_uid
    with tempfile.TemporaryDirectory() as folder:
        for i, page in enumerate(pages):
            engines.write_dicom(f"{folder}/{i:05}.dcm", page.image, generate_uid(entropy_srcs=["kept", str(i)]))
        command = [program, "scan", "--json", "--include-text", "--policy", "safe-list", "--sensitivity", sensitivity, folder] + (["--models", models] if models else [])
        out = subprocess.run(command, capture_output=True, text=True).stdout
    boxes = [None] * len(pages)
    for line in out.splitlines():
        file = json.loads(line)
        if file.get("type") == "file" and file["outcome"] in ("clean", "masked", "needs-review"):
            boxes[int(os.path.basename(file["input"]).split(".")[0])] = [b for b in file["boxes"] if b["carrier"] == "pixel-data"]
    return boxes


def alike(text):
    """folded, without accents"""
    return folded("".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)))


def under(line, rect):
    """the characters of a line under a box: [(index, whether it is meant for sure)]"""
    along, across = (1, 0) if line.turn else (0, 1)
    start, end, low, high = rect[along], rect[along] + rect[along + 2], rect[across], rect[across] + rect[across + 2]
    p = line.places
    if not len(p):
        return []
    shared, tall = min(high, p[0, across + 2]) - max(low, p[0, across]), p[0, across + 2] - p[0, across]
    if shared < ACROSS * tall and not (shared > .9 * (high - low) and shared > .5 * ACROSS * tall):      # a box may be lower than a line
        return []
    share = (np.minimum(end, p[:, along + 2]) - np.maximum(start, p[:, along])) / np.maximum(1e-6, p[:, along + 2] - p[:, along])
    return [(i, bool(s >= INSIDE)) for i, s in enumerate(share) if s >= EDGE and not line.text[i].isspace()]


def counts(text, i):
    """whether a character is a letter, a digit or the point of a number, which alone change what a text says"""
    return text[i].isalnum() or text[i] in ".," and text[i - 1:i].isdigit() and text[i + 1:i + 2].isdigit()


def judge_piece(box, page):
    """-> dict of one kept piece: whether it is right, or but for signs, and what was drawn there"""
    hits = [(line, under(line, box["rect"])) for line in page.lines]
    hits = [(line, chars) for line, chars in hits if any(sure for _, sure in chars)]
    hits.sort(key=lambda h: h[0].places[h[1][0][0]][1 if h[0].turn else 0])
    orders = (1, -1) if any(line.turn for line, _ in hits) else (1,)

    def reads(text, chosen):
        of = lambda line, i, sure: "".join(re.escape(f) + ("" if sure and f not in STROKES else "?") for f in alike(line.text[i]))
        patterns = ("".join(of(line, i, sure) for line, chars in hits for i, sure in chars[::order] if chosen(line.text, i)) for order in orders)
        return any(re.fullmatch(p, alike(text)) for p in patterns)

    text = box["text"].strip(STROKES + " ")
    right = reads(text, lambda *_: True)
    but_signs = right or reads("".join(c for i, c in enumerate(text) if counts(text, i)), counts)
    piece = dict(text=box["text"], true=" | ".join("".join(line.text[i] for i, _ in chars) for line, chars in hits), reason=box["reason"], confidence=box["confidence"], rect=box["rect"],
                 right=right, but_signs=but_signs, identifying=any(line.identifies[i] for line, chars in hits for i, sure in chars if sure), empty=not hits)
    if hits:
        line = hits[0][0]
        piece.update(line=line.text, kind=line.kind, group=line.group, cap=round(line.cap, 1), contrast=round(line.contrast), turn=line.turn)
    return piece


def judge_line(line, boxes, mask):
    """of a harmless line: read right, and stays; else what the masks on it say"""
    here = sorted((b for b in boxes if b.get("text") and any(sure for _, sure in under(line, b["rect"]))), key=lambda b: b["rect"][0])
    read = alike(line.text) in alike("".join(b["text"] for b in here))
    kept = any(b["action"] == "keep" for b in here) and float(mask[line.glyphs].mean()) < MASKED
    judged = dict(kind=line.kind, cap=line.cap, contrast=line.contrast, read=bool(read), kept=bool(kept))
    return judged if kept else dict(judged, line=line.text, masks=[(b["reason"], b["confidence"], b["text"]) for b in here if b["action"] == "mask"])


def measure(program, models, part, count, first=0, sensitivity="normal"):
    """-> kept pieces, harmless lines, refused pages"""
    pieces, lines, refused = [], [], 0
    for start in range(first, first + count, BATCH):
        numbers = range(start, min(start + BATCH, first + count))
        pages = [known.page(SEEDS[part], n) for n in numbers]
        for n, page, boxes in zip(numbers, pages, scan(program, models, pages, sensitivity)):
            if boxes is None:
                refused += 1
                continue
            mask = np.zeros(page.image.shape[:2], bool)
            for x, y, w, h in (b["rect"] for b in boxes if b["action"] == "mask"):
                mask[y:y + h, x:x + w] = True
            pieces += [dict(judge_piece(b, page), page=n, damage=page.damage) for b in boxes if b["action"] == "keep" and b.get("text")]
            lines += [judge_line(line, boxes, mask) for line in page.lines if not any(line.identifies)]
    return pieces, lines, refused


def upper(wrong, n):
    """upper end of the 95 % interval of a share (Wilson)"""
    if not n:
        return 1.0
    z, p = 1.96, wrong / n
    return (p + z * z / (2 * n) + z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))) / (1 + z * z / n)


def figures(pieces, lines, refused, pages):
    wrong = [p for p in pieces if not p["right"]]
    legible = [k for k in lines if k["cap"] >= LARGE and k["contrast"] >= PLAIN]
    share = lambda rows: round(sum(k["kept"] for k in rows) / max(1, len(rows)), 4)
    return dict(pages=pages, refused=refused, kept=len(pieces), wrong=len(wrong), wrong_but_for_signs=sum(not p["but_signs"] for p in wrong), nothing_there=sum(p["empty"] for p in wrong), harmful=sum(p["identifying"] for p in wrong),
                right_share=round(1 - len(wrong) / max(1, len(pieces)), 5), wrong_upper=round(upper(len(wrong), len(pieces)), 5), harmful_upper=round(upper(sum(p["identifying"] for p in wrong), len(pieces)), 5),
                identifying_read_right=sum(p["right"] and p["identifying"] for p in pieces), wrong_kinds=dict(Counter(p.get("kind", "nothing") for p in wrong)),
                harmless_lines=len(lines), harmless_kept=share(lines), legible_lines=len(legible), legible_kept=share(legible),
                read_lines=sum(k["read"] for k in lines), read_kept=share([k for k in lines if k["read"]]))


def into_card(path, part, f):
    rows = [("pages", f"{f['pages']} ({f['refused']} refused)"), ("kept pieces", f["kept"]), ("of them really that text", f"{100 * f['right_share']:.2f} %"),
            ("wrong (of these on nothing drawn)", f"{f['wrong']} ({f['nothing_there']})"), ("wrong in a letter, a digit or a point", f["wrong_but_for_signs"]), ("wrong on identifying text", f["harmful"]),
            (f"harmless lines kept, of {f['legible_lines']:,} with capitals of {LARGE} px and {PLAIN} grey levels or more", f"{100 * f['legible_kept']:.1f} %"),
            (f"harmless lines kept, of {f['read_lines']:,} that were read right", f"{100 * f['read_kept']:.1f} %")]
    card.replace(path, "kept", f"| kept text, generated pages, part `{part}` | figure |\n|---|---|\n" + "\n".join(f"| {k} | {v} |" for k, v in rows))
    manifest.measured(os.path.dirname(os.path.abspath(path)), "reader", dict(kept_pieces=f["kept"], kept_pieces_right_percent=round(100 * f["right_share"], 2), kept_pieces_wrong_on_identifying_text=f["harmful"]))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--unburn", required=True, help="the built program")
    p.add_argument("--models", help="a folder of models instead of the built-in ones")
    p.add_argument("--pages", type=int, default=1000, help="about ten kept pieces each")
    p.add_argument("--first", type=int, default=0, help="number of the first page")
    p.add_argument("--part", choices=list(SEEDS), default="choosing")
    p.add_argument("--sensitivity", choices=("normal", "high"), default="normal")
    p.add_argument("--json", help="figures, wrong pieces, every kept piece with its confidence, and why lines are not kept")
    p.add_argument("--card", help="model card to write them into; also the manifest beside it")
    a = p.parse_args()
    pieces, lines, refused = measure(a.unburn, a.models, a.part, a.pages, a.first, a.sensitivity)
    f = figures(pieces, lines, refused, a.pages)
    print(json.dumps(f, indent=1))
    if a.json:
        with open(a.json, "w") as out:
            json.dump(dict(part=a.part, figures=f, wrong=[p for p in pieces if not p["right"]], pieces=pieces, lines=lines), out, indent=1)
    if a.card:
        into_card(a.card, a.part, f)


if __name__ == "__main__":
    main()
