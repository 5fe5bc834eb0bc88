"""Moves a detector's working point: adds constants to its two outputs, so that the fixed thresholds of the program suit it.

    python -m unburn_training.detector.calibrate CHECKPOINT                          figures for a grid of shifts
    python -m unburn_training.detector.calibrate CHECKPOINT OUT --region A --core B  writes the shifted checkpoint

Shifts are in steps of the output (16 a logit). The grid is measured on pages of a seed of its own, neither trained nor validated on."""
import argparse
import json

import numpy as np
import torch

from . import validation
from .net import HEAD_STEPS, load
from .train import save

SEED = 424_243
GRID = {"region": (-16, -8, 0, 8, 16, 24), "core": (-16, -8, 0, 8, 16)}


def shifted(maps, region, core):
    """what the shifted net gives, wherever it is not saturated; thresholds are far from both ends"""
    return np.clip(maps.astype(np.int32) + np.array([region, core])[:, None, None], 0, 255).astype(np.uint8)


def grid(net, n, log):
    pages = validation.pages(n, seed=SEED)
    run, kept = validation.maps_of(net), {}

    def cached(gray):
        key = (gray.shape, gray.tobytes())
        if key not in kept:
            kept[key] = run(gray)
        return kept[key]

    for region in GRID["region"]:
        for core in GRID["core"]:
            f = validation.evaluate(lambda g: shifted(cached(g), region, core), pages)
            log(json.dumps(dict(region=region, core=core, **{k: f[k] for k in ("recall", "ink", "over_mask", "false_pages", "false_area")})))


def shift(checkpoint, out, region, core):
    c = torch.load(checkpoint, map_location="cpu", weights_only=True)
    c["net"]["conv.head.bias"] = c["net"]["conv.head.bias"] + torch.tensor([region, core]) / HEAD_STEPS
    save(out, c)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("out", nargs="?")
    p.add_argument("--region", type=int, default=0)
    p.add_argument("--core", type=int, default=0)
    p.add_argument("--pages", type=int, default=100)
    a = p.parse_args()
    torch.set_num_threads(1)
    if a.out:
        shift(a.checkpoint, a.out, a.region, a.core)
    else:
        grid(load(a.checkpoint), a.pages, lambda line: print(line, flush=True))
