"""Averages the weights of readers that were trained from one another.

    python -m unburn_training.reader.average OUT CHECKPOINT=SHARE CHECKPOINT=SHARE ...

Shares add up to 1."""
import torch

from .. import shares


def averaged(parts):
    """[(state of a net, share)] -> state; counters are those of the last"""
    return {k: sum(share * state[k] for state, share in parts) if v.is_floating_point() else v for k, v in parts[-1][0].items()}


if __name__ == "__main__":
    out, parts = shares.arguments(__doc__)
    torch.save(averaged(parts), out)
