"""Trains the reader on endless generated lines.

    python -m unburn_training.reader.train OUT [--steps N] [--minutes M] [--init CHECKPOINT]

Writes OUT/reader.pt, OUT/state.pt (to resume from: run again with the same OUT) and OUT/log.jsonl. Lines depend on seed and
step alone; --minutes ends early and speeds the learning-rate schedule up."""
import argparse
import json
import math
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor

import torch
import torch.nn.functional as F

from ..pictures.lines import Lines, fits, view
from ..text.alphabet import encode
from . import evaluate
from .net import Reader

CHUNK_LINES, CHUNK_STEPS, CHUNKS_KEPT, COLUMNS, MOST_LINES = 1500, 40, 6, 11_000, 96


def make_chunk(seed, k):
    lines = Lines(seed * 1_000_003 + k, real=True)
    return [lines.make() for _ in range(CHUNK_LINES)]


class Run:
    def __init__(self, a):
        self.a, self.t0, self.step, self.seconds, self.loss = a, time.time(), 0, 0.0, None
        os.makedirs(a.out, exist_ok=True)
        torch.manual_seed(a.seed)
        torch.set_num_threads(a.threads)
        self.net = Reader()
        if a.init:
            self.net.load_state_dict(torch.load(a.init, map_location="cpu", weights_only=True))
        self.net.to(a.device, memory_format=torch.channels_last)
        decayed, free = [p for p in self.net.parameters() if p.ndim > 1], [p for p in self.net.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": .02}, {"params": free, "weight_decay": 0}], lr=1e-3, betas=(.9, .98))
        if os.path.exists(a.out + "/state.pt"):
            s = torch.load(a.out + "/state.pt", map_location=a.device, weights_only=True)
            self.net.load_state_dict(s["net"])
            self.optimiser.load_state_dict(s["optimiser"])
            self.step, self.seconds = s["step"], s["seconds"]
        self.chunks, self.pool = {}, ProcessPoolExecutor(a.workers) if a.workers else None

    def elapsed(self):
        return (self.seconds + time.time() - self.t0) / 60

    def lines(self):
        """the lines of the last chunks"""
        now = self.step // CHUNK_STEPS
        wanted = range(max(0, now - CHUNKS_KEPT + 1), now + 1)
        ahead = self.pool._max_workers if self.pool else 0
        for k in range(wanted[0], now + 1 + ahead):
            if k not in self.chunks:
                self.chunks[k] = self.pool.submit(make_chunk, self.a.seed, k) if self.pool else make_chunk(self.a.seed, k)
        for k in [k for k in self.chunks if k < wanted[0]]:
            del self.chunks[k]
        get = lambda k: self.chunks[k].result() if self.pool else self.chunks[k]
        return [line for k in wanted for line in get(k)]

    def batch(self):
        """lines of like width, filled up to COLUMNS columns"""
        r = random.Random(self.a.seed * 7_919 + self.step)
        views = [(v, encode(line.text)) for line in r.choices(self.lines(), k=512) for v in [view(line, r)] if fits(line, v.shape[1])]
        views.sort(key=lambda v: v[0].shape[1])
        first = r.randrange(len(views))
        last = first + 1
        while last < len(views) and last - first < MOST_LINES and (last - first + 1) * views[last][0].shape[1] <= COLUMNS:
            last += 1
        picked = views[first:last]
        x = torch.from_numpy(evaluate.pack([v for v, _ in picked])).float() / 255 - .5
        return F.pad(x, (0, r.randrange(50)), value=-.5), [t for _, t in picked]

    def train(self):
        a, made = self.a, evaluate.lines(self.a.per_cell, self.a.out)
        self.net.train()
        saved = logged = validated = time.time()
        while self.step < a.steps and not (a.minutes and self.elapsed() > a.minutes):
            self.one_step()
            if time.time() - logged > 30:
                print(f"{self.elapsed():.1f} min, step {self.step}, loss {self.loss:.3f}", flush=True)
                logged = time.time()
            if time.time() - saved > 120:
                self.save()
                saved = time.time()
            if time.time() - validated > a.validate_minutes * 60:
                self.validate(made)
                validated = time.time()
        self.save()
        self.validate(made)

    def one_step(self):
        a = self.a
        done = max(self.step / a.steps, self.elapsed() / a.minutes if a.minutes else 0)
        for g in self.optimiser.param_groups:
            g["lr"] = a.rate * min(1, (self.step + 1) / 300) * (.5 + .5 * math.cos(math.pi * min(1, done))) + 1e-5
        x, texts = self.batch()
        x = x.to(a.device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(torch.device(a.device).type, torch.bfloat16):
            p = self.net(x)
        lengths = torch.tensor([len(t) for t in texts])
        loss = F.ctc_loss(p, torch.tensor([c for t in texts for c in t], dtype=torch.long), torch.full((len(texts),), p.shape[0]), lengths, reduction="none", zero_infinity=True)
        loss = loss.sum() / (lengths + 2).sum().to(loss.device)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5)
        self.optimiser.step()
        self.step += 1
        self.loss = loss.item() if self.loss is None else .98 * self.loss + .02 * loss.item()

    def save(self):
        for name, value in (("reader", self.net.state_dict()), ("state", dict(net=self.net.state_dict(), optimiser=self.optimiser.state_dict(), step=self.step, seconds=self.elapsed() * 60))):
            torch.save(value, f"{self.a.out}/{name}.pt.new")
            os.replace(f"{self.a.out}/{name}.pt.new", f"{self.a.out}/{name}.pt")

    def validate(self, made):
        self.net.eval()
        f = evaluate.figures(made, evaluate.read(self.net, [c for c, _ in made]))
        row = dict(step=self.step, minutes=round(self.elapsed(), 1), loss=round(self.loss or 0, 4), **{k: f[k] for k in ("all", "held-out fonts", "empty") if k in f})
        print(json.dumps(row), flush=True)
        with open(f"{self.a.out}/log.jsonl", "a") as log:
            log.write(json.dumps(row) + "\n")
        self.net.train()


def arguments(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--steps", type=int, default=8000)
    p.add_argument("--minutes", type=float)
    p.add_argument("--init")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--rate", type=float, default=2.5e-3)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--workers", type=int, default=0, help="processes that make lines")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--per-cell", type=int, default=40, help="validation lines per font group and height")
    p.add_argument("--validate-minutes", type=float, default=5)
    return p.parse_args(argv)


if __name__ == "__main__":
    Run(arguments()).train()
