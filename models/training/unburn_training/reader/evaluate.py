"""Reads a fixed set of generated lines and counts errors, by height and by font, fonts held out from training apart.

    python -m unburn_training.reader.evaluate CHECKPOINT [--per-cell N] [--json FILE]

character_error   edits per character; exact: lines without any; folded: letter case, spaces and look-alikes (O/0, l/1, ...) forgiven
tokens            identifying tokens found in the reading; empty: boxes without text that are read as nothing"""
import argparse
import json
import os
import pickle
import random

import numpy as np
import torch

from ..pictures import lines as L
from ..text.alphabet import decode, folded
from .net import load

SEED, EMPTY, COLUMNS = 990_001, 240, 24_000


def lines(per_cell, cache=None):
    """per_cell lines for each font group and height, and boxes without text -> [(crop, Line)]"""
    path = cache and os.path.join(cache, f"reader-validation-{per_cell}.pkl")
    if path and os.path.exists(path):
        with open(path, "rb") as f:
            return pickle.load(f)
    g, r, made = L.Lines(SEED), random.Random(SEED), []
    for group in L.GROUPS:
        for low, high in L.HEIGHTS:
            n = tries = 0
            while n < per_cell and tries < 100 * per_cell:
                tries += 1
                line = g.make(group, g.d.log_uniform(low, high), negative=False)
                c = L.crop(line, r)
                if low <= line.cap < high and min(c.shape) >= 5 and 32 * c.shape[1] / c.shape[0] <= 2000:
                    made.append((c.copy(), line))
                    n += 1
    for _ in range(max(1, EMPTY * per_cell // 40)):
        line = g.make(negative=True)
        made.append((L.crop(line, r).copy(), line))
    if path:
        with open(path, "wb") as f:
            pickle.dump(made, f)
    return made


def pack(views, width=None):
    """u8 views of height 32 -> u8 [n, 1, 32, widest], black on the right"""
    x = np.zeros((len(views), 1, L.HEIGHT, width or max(v.shape[1] for v in views)), np.uint8)
    for i, v in enumerate(views):
        x[i, 0, :, :v.shape[1]] = v
    return x


def read(net, crops):
    """-> [text]"""
    views = [L.to_input(c) for c in crops]
    order = sorted(range(len(views)), key=lambda i: views[i].shape[1])
    out, i = [""] * len(views), 0
    device = next(net.parameters()).device
    while i < len(order):
        j = i + 1
        while j < len(order) and (j - i + 1) * views[order[j]].shape[1] <= COLUMNS:
            j += 1
        ids = order[i:j]
        width = -(-max(views[k].shape[1] for k in ids) // 50) * 50
        with torch.no_grad():
            rows = net(torch.from_numpy(pack([views[k] for k in ids], width)).to(device).float() / 255 - .5).argmax(2).T.tolist()
        for k, row in zip(ids, rows):
            out[k] = decode(row).strip()
        i = j
    return out


def edits(a, b):
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (x != y)))
        previous = row
    return previous[-1]


def figures(made, readings):
    """-> {slice: figures}; slices: all, trained fonts, held-out fonts, heights, groups"""
    cells = {}
    for (_, line), text in zip(made, readings):
        if line.text:
            height = next((f"{a}-{b}" for a, b in L.HEIGHTS if a <= line.cap < b), "other")
            keys = ["all", "held-out fonts" if line.group in L.HELD else "trained fonts", height, line.group]
            row = (edits(line.text, text), len(line.text), line.text == text, folded(line.text) == folded(text), len(line.tokens), sum(folded(t) in folded(text) for t in line.tokens))
        else:
            keys, row = ["empty"], (0, 0, text == "", text == "", 0, 0)
        for k in keys:
            cells.setdefault(k, []).append(row)
    out = {}
    for k, rows in cells.items():
        e, n, exact, fold, tokens, found = (sum(r[i] for r in rows) for i in range(6))
        share = lambda a, b: round(a / b, 4) if b else None
        out[k] = dict(lines=len(rows), character_error=share(e, n), exact=share(exact, len(rows)), exact_folded=share(fold, len(rows)), tokens=share(found, tokens))
    return out


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("--per-cell", type=int, default=40)
    p.add_argument("--cache")
    p.add_argument("--json")
    a = p.parse_args()
    torch.set_num_threads(1)
    made = lines(a.per_cell, a.cache)
    result = figures(made, read(load(a.checkpoint), [c for c, _ in made]))
    for k, v in result.items():
        print(f"{k:16} {v}")
    if a.json:
        with open(a.json, "w") as f:
            json.dump(result, f, indent=1)
