"""Line-level figures on a fixed set of generated pages, fonts held out from training included.

    python -m unburn_training.detector.validation CHECKPOINT [--pages N] [--json FILE]

recall       share of text runs with >= 98 % of their glyph pixels masked (runs of fewer than 3 pixels and lone dots do not count)
over_mask    masked share of what lies more than 4 px from text, on pages with text
false_pages  share of text-free pictures with any mask; false_area: their masked share"""
import argparse
import json
import os
import pickle

import cv2
import numpy as np
import torch

from ..pictures.pages import Pages
from ..pictures.targets import segment_mask
from . import postprocess
from .net import HEAD_STEPS, load

SEED = 99_991
COVERED = .98
HEIGHTS = [(0, 6), (6, 8), (8, 11), (11, 16), (16, 24), (24, 40), (40, 120)]


def pages(n, cache=None, seed=SEED):
    """n pages with text and n without, a quarter of the latter tiny; kept in cache/validation-N.pkl (for SEED)"""
    path = cache and seed == SEED and os.path.join(cache, f"validation-{n}.pkl")
    if path and os.path.exists(path):
        with open(path, "rb") as f:
            return pickle.load(f)
    g = Pages(seed, scenes=48, held=True)
    made = [g.page(512, 640, text=True) for _ in range(n)]
    made += [g.page(512, 640, text=False) if i % 4 else g.small_page(g.d.pick([64, 128, 192, 256]), text=False) for i in range(n)]
    if path:
        with open(path, "wb") as f:
            pickle.dump(made, f)
    return made


def maps_of(net):
    """-> function from a u8 picture to u8 maps"""
    device = next(net.parameters()).device

    def run(gray):
        x = torch.from_numpy(postprocess.padded(gray))[None, None].float().to(device)
        with torch.no_grad():
            return np.clip(np.floor(net(x)[0].cpu().numpy() * HEAD_STEPS + 128), 0, 255).astype(np.uint8)
    return run


def judge(mask, page):
    """-> [(cap, covered share, pixels)], masked pixels away from text, pixels away from text"""
    rows, near = [], np.zeros_like(page.glyphs)
    for s in page.segments:
        area = segment_mask(s, near.shape)
        near |= area
        ink = (area > 0) & (page.glyphs > 0)
        n = int(ink.sum())
        if n >= 3 and not s.ignored:
            rows.append((s.cap, float((mask[ink] > 0).mean()), n))
    away = cv2.dilate(near, np.ones((9, 9), np.uint8)) == 0
    return rows, int((mask[away] > 0).sum()), int(away.sum())


def evaluate(run, pages):
    """run: u8 picture -> u8 maps"""
    rows, over, away, hits, area = [], 0, 0, 0, []
    for p in pages:
        mask, _ = postprocess.detect(run, p.image)
        r, o, n = judge(mask, p)
        if p.segments:
            rows, over, away = rows + r, over + o, away + n
        else:
            hits += o > 0
            area.append(o / n)
    share = lambda q, k: round(float(np.mean([c >= k for _, c, _ in q])), 4) if q else None
    return dict(lines=len(rows), recall=share(rows, COVERED), recall_half=share(rows, .5),
                by_height={f"{a}-{b}": (sum(a <= c < b for c, _, _ in rows), share([r for r in rows if a <= r[0] < b], COVERED)) for a, b in HEIGHTS},
                ink=round(sum(c * n for _, c, n in rows) / max(1, sum(n for *_, n in rows)), 5), over_mask=round(over / max(1, away), 5),
                text_free=len(area), false_pages=round(hits / max(1, len(area)), 4), false_area=round(float(np.mean(area or [0])), 5))


def summary(net, pages):
    full = evaluate(maps_of(net), pages)
    return {k: full[k] for k in ("recall", "ink", "over_mask", "false_pages", "false_area")}


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("--pages", type=int, default=200)
    p.add_argument("--cache")
    p.add_argument("--json")
    a = p.parse_args()
    torch.set_num_threads(1)
    figures = evaluate(maps_of(load(a.checkpoint)), pages(a.pages, a.cache))
    print(json.dumps(figures, indent=1))
    if a.json:
        with open(a.json, "w") as f:
            json.dump(figures, f, indent=1)
