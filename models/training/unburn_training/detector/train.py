"""Trains the detector: float with batch norm first, then in its integer arithmetic.

    python -m unburn_training.detector.train OUT [--float-steps N] [--integer-steps N] [--minutes M] [--init CHECKPOINT]

Writes OUT/float.pt, OUT/integer.pt (averaged weights, what is exported), OUT/state.pt (to resume from) and OUT/log.jsonl.
Run again with the same OUT, it goes on where it stopped. Data depend on seed and step alone, not on when or where it runs;
--minutes ends early and speeds the learning-rate schedule up, which costs exact repeatability."""
import argparse
import json
import math
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F

from ..pictures.pages import Pages
from ..pictures.targets import targets
from . import validation
from .net import Net, grown, layer_table, multiplications

CHUNK_STEPS, CHUNK_PAGES, CHUNKS_KEPT = 40, 44, 8     # a chunk of pages serves the next 8 * 40 steps
SMALL_SIDES = (64, 96, 128, 192, 256)
SMALL_EVERY = 5                                        # every fifth batch is whole tiny pictures


def make_chunk(seed, k):
    """-> ([(image, region, core, ignore, ink)], [batches of the same for tiny pictures])"""
    pages = Pages(seed * 1_000_003 + k, scenes=16)
    sample = lambda p: (p.image,) + targets(p.segments, p.glyphs)
    large = [sample(pages.page()) for _ in range(CHUNK_PAGES)]
    small = []
    for _ in range(CHUNK_STEPS // SMALL_EVERY):
        side = pages.d.pick(SMALL_SIDES)
        small.append([sample(pages.small_page(side)) for _ in range(min(16, 400_000 // side ** 2))])
    return large, small


class Source:
    """pages for any step, made in time by `workers` processes (0: in this one); the result is the same"""

    def __init__(self, seed, workers, kept=CHUNKS_KEPT):
        self.seed, self.kept, self.chunks = seed, kept, {}
        self.pool = ProcessPoolExecutor(workers) if workers else None

    def at(self, step):
        """-> large pages of the last chunks, tiny batches of this chunk"""
        now = step // CHUNK_STEPS
        wanted = range(max(0, now - self.kept + 1), now + 1)
        if self.pool:
            for k in range(wanted[0], now + 1 + self.pool._max_workers):
                if k not in self.chunks:
                    self.chunks[k] = self.pool.submit(make_chunk, self.seed, k)
            get = lambda k: self.chunks[k].result()
        else:
            for k in wanted:
                if k not in self.chunks:
                    self.chunks[k] = make_chunk(self.seed, k)
            get = self.chunks.__getitem__
        for k in [k for k in self.chunks if k < wanted[0]]:
            del self.chunks[k]
        return [p for k in wanted for p in get(k)[0]], get(now)[1]


def crop(sample, r, side):
    """a random square of a page, sometimes flipped or turned, with its tones changed"""
    h, w = sample[0].shape
    y, x = 2 * r.randrange((h - side) // 2 + 1), 2 * r.randrange((w - side) // 2 + 1)
    half = side // 2
    maps = [sample[0][y:y + side, x:x + side]] + [m[y // 2:y // 2 + half, x // 2:x // 2 + half] for m in sample[1:]]
    k = r.random()
    if k < .04:
        maps = [m[:, ::-1] for m in maps]
    elif k < .07:
        maps = [m[::-1] for m in maps]
    elif k < .10:
        maps = [m.T for m in maps]
    elif k < .13:
        maps = [np.rot90(m) for m in maps]
    return [_tones(maps[0], r)] + maps[1:]


def _tones(image, r):
    k, image = r.random(), image.astype(np.float32)
    if k < .25:
        image = image * r.uniform(.4, 1) + r.uniform(0, 90)
    elif k < .35:
        image = 255 * (image / 255) ** r.uniform(.5, 2.2)
    image = np.clip(image, 0, 255).astype(np.uint8)
    return 255 - image if r.random() < .06 else image


def batch_at(step, source, a):
    r = random.Random(a.seed * 7_919 + step)
    large, small = source.at(step)
    if step % SMALL_EVERY == SMALL_EVERY - 1:
        picked = [[_tones(s[0], r)] + list(s[1:]) for s in small[step % CHUNK_STEPS // SMALL_EVERY]]
    else:
        picked = [crop(r.choice(large), r, a.side) for _ in range(a.batch)]
    stack = lambda i: torch.from_numpy(np.stack([np.ascontiguousarray(p[i]) for p in picked])).float()
    region, core, ignore, ink = (stack(i) / 255 for i in range(1, 5))
    return stack(0)[:, None], torch.stack([region, core], 1), ignore > .4, ink


def loss_of(out, wanted, ignore, ink):
    """cross-entropy (glyph pixels count three times, negatives by their mean and their hardest) plus dice, per map"""
    weight = (~ignore)[:, None].float().repeat(1, 2, 1, 1)
    weight[:, 0] *= 1 + 2 * ink
    ce = F.binary_cross_entropy_with_logits(out, wanted, reduction="none") * weight
    total = 0
    for c in (0, 1):
        e, t = ce[:, c], wanted[:, c]
        positive = t > .3
        n = int(positive.sum())
        negative = e[~positive]
        hardest = negative.topk(min(negative.numel(), max(negative.numel() // 50, n)))[0].mean()
        p, t = torch.sigmoid(out[:, c]) * ~ignore, t * ~ignore
        dice = 1 - (2 * (p * t).sum() + 20) / (p.sum() + t.sum() + 20)
        total = total + .7 * (e[positive].mean() if n else 0) + .6 * hardest + negative.mean() + .6 * dice
    return total


class Average:
    """exponential average of the weights"""

    def __init__(self, net):
        self.state = {k: v.clone() for k, v in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net, keep):
        for k, v in net.state_dict().items():
            if v.dtype.is_floating_point and not k.startswith("sh_"):
                self.state[k].lerp_(v, 1 - keep)
            else:
                self.state[k].copy_(v)

    def into(self, net):
        net.load_state_dict(self.state)
        if net.integer:
            net.choose_shifts()
        return net


def save(path, obj):
    torch.save(obj, path + ".new")
    os.replace(path + ".new", path)


class Run:
    def __init__(self, a):
        self.a, self.dev, self.t0 = a, a.device, time.time()
        os.makedirs(a.out, exist_ok=True)
        torch.manual_seed(a.seed)
        torch.set_num_threads(a.threads)
        self.table, self.step, self.seconds, self.loss, self.phase = layer_table(), 0, 0.0, None, "float"
        self.net = Net(self.table)
        state = os.path.join(a.out, "state.pt")
        saved = torch.load(state, map_location="cpu", weights_only=True) if os.path.exists(state) else None
        start = saved or (torch.load(a.init, map_location="cpu", weights_only=True) if a.init else None)
        if start and start["phase"] == "integer":
            self._fold()
        if start:
            self.net.load_state_dict(grown(start["net"], self.net))
        self.net.to(self.dev, memory_format=torch.channels_last).train()
        self.average, self.optimiser = Average(self.net), self._optimiser()
        if saved:
            self.step, self.seconds = saved["step"], saved["seconds"]
            self.average.state = {k: v.to(self.dev) for k, v in saved["average"].items()}
            self.optimiser.load_state_dict(saved["optimiser"])
        elif a.float_steps == 0 and not self.net.integer:
            self._to_integer()

    def _fold(self):
        self.net.fold()
        self.phase = "integer"

    def _to_integer(self):
        self.average.into(self.net)
        self.net.eval()
        self._fold()
        self.net.train()
        self.average, self.optimiser = Average(self.net), self._optimiser()

    def _optimiser(self):
        return torch.optim.AdamW(self.net.parameters(), lr=1e-4, weight_decay=0 if self.phase == "integer" else .003)

    def _rate(self):
        a = self.a
        first, steps = (0, a.float_steps) if self.phase == "float" else (a.float_steps, a.integer_steps)
        done = (self.step - first) / max(1, steps)
        if a.minutes:
            done = max(done, (self.seconds + time.time() - self.t0) / 60 / a.minutes)
        wave = .5 + .5 * math.cos(math.pi * min(1, done))
        return (a.float_rate * wave * min(1, (self.step + 1) / 100) + 2e-5) if self.phase == "float" else a.integer_rate * wave * min(1, (self.step - first + 1) / 30) + 1e-5

    def checkpoint(self):
        keep = lambda d: {k: v.cpu() for k, v in d.items()}
        save(f"{self.a.out}/{self.phase}.pt", dict(net=keep(self.average.state), phase=self.phase))
        save(f"{self.a.out}/state.pt", dict(net=keep(self.net.state_dict()), average=keep(self.average.state), optimiser=self.optimiser.state_dict(), phase=self.phase,
                                            step=self.step, seconds=self.seconds + time.time() - self.t0))

    def report(self, tag, pages=None):
        row = dict(step=self.step, phase=self.phase, minutes=round((self.seconds + time.time() - self.t0) / 60, 1), loss=round(self.loss or 0, 4), rate=round(self._rate(), 6), tag=tag)
        if pages:
            judged = self.average.into(Net(self.table) if self.phase == "float" else Net(self.table).fold()).to(self.dev).eval()
            row.update(validation.summary(judged, pages))
        print(json.dumps(row), flush=True)
        with open(f"{self.a.out}/log.jsonl", "a") as f:
            f.write(json.dumps(row) + "\n")

    def train(self):
        a = self.a
        print(f"{sum(p.numel() for p in self.net.parameters())} parameters, {multiplications(self.table, 768, 1024) / 1e9:.3f} GMAC at 1024x768", flush=True)
        source = Source(a.seed, a.workers)
        pages = validation.pages(a.validation, a.out)
        if a.init and self.step == 0:
            self.report("start", pages)
        last = {"log": time.time(), "save": time.time(), "validate": time.time()}

        def due(what, every):
            if time.time() - last[what] < every:
                return False
            last[what] = time.time()
            return True

        total = a.float_steps + a.integer_steps
        while self.step < total and not (a.minutes and (self.seconds + time.time() - self.t0) / 60 > a.minutes):
            if self.phase == "float" and self.step >= a.float_steps:
                self.checkpoint()
                self.report("float done", pages)
                self._to_integer()
            self.one_step(source)
            if due("log", 30):
                self.report("train")
            if due("save", 120):
                self.checkpoint()
            if due("validate", a.validate_minutes * 60):
                self.checkpoint()
                self.report("validation", pages)
        self.average.into(self.net)
        self.checkpoint()
        self.report("end", pages)

    def one_step(self, source):
        a = self.a
        x, wanted, ignore, ink = (t.to(self.dev) for t in batch_at(self.step, source, a))
        for g in self.optimiser.param_groups:
            g["lr"] = self._rate()
        out = self.net(x.contiguous(memory_format=torch.channels_last))
        loss = loss_of(out, wanted, ignore, ink)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 3)
        self.optimiser.step()
        self.step += 1
        self.loss = loss.item() if self.loss is None else .98 * self.loss + .02 * loss.item()
        if self.phase == "integer" and self.step % 50 == 0:
            self.net.choose_shifts()
        self.average.update(self.net, .99 if self.phase == "integer" else min(.995, self.step / (self.step + 20)))


def arguments(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--float-steps", type=int, default=6000)
    p.add_argument("--integer-steps", type=int, default=12000)
    p.add_argument("--minutes", type=float, help="stop after this much time, all runs together")
    p.add_argument("--init", help="checkpoint to start from")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--batch", type=int, default=4)
    p.add_argument("--side", type=int, default=384, help="crop side, a multiple of 16")
    p.add_argument("--float-rate", type=float, default=4e-3)
    p.add_argument("--integer-rate", type=float, default=4e-4)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--workers", type=int, default=0, help="processes that make pages")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--validation", type=int, default=64, help="validation pages of each kind")
    p.add_argument("--validate-minutes", type=float, default=10)
    return p.parse_args(argv)


if __name__ == "__main__":
    Run(arguments()).train()
