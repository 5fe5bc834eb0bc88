"""What the scripts that average weights have in common: `OUT CHECKPOINT=SHARE CHECKPOINT=SHARE ...`, shares that add up to 1."""
import argparse

import torch


def arguments(description):
    """-> OUT, [(checkpoint, share)]"""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("part", nargs="+")
    a = p.parse_args()
    named = [part.rsplit("=", 1) for part in a.part]
    parts = [(torch.load(f, map_location="cpu", weights_only=True), float(share)) for f, share in named]
    if abs(sum(share for _, share in parts) - 1) > 1e-6:
        raise SystemExit("shares do not add up to 1")
    return a.out, parts
