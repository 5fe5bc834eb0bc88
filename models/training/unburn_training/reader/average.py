"""Averages the weights of readers that were trained from one another.

    python -m unburn_training.reader.average OUT CHECKPOINT=SHARE CHECKPOINT=SHARE ...

Shares add up to 1."""
import argparse

import torch


def averaged(parts):
    """[(state of a net, share)] -> state; counters are those of the last"""
    if abs(sum(share for _, share in parts) - 1) > 1e-6:
        raise SystemExit("shares do not add up to 1")
    return {k: sum(share * state[k] for state, share in parts) if v.is_floating_point() else v for k, v in parts[-1][0].items()}


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("part", nargs="+")
    a = p.parse_args()
    parts = [part.rsplit("=", 1) for part in a.part]
    torch.save(averaged([(torch.load(f, map_location="cpu", weights_only=True), float(share)) for f, share in parts]), a.out)
