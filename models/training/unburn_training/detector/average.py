"""Averages the weights of runs that started from one another: steadier than either where their mistakes differ.

    python -m unburn_training.detector.average OUT CHECKPOINT=SHARE CHECKPOINT=SHARE ...

Shares add up to 1. Checkpoints are of the integer phase; the shifts are chosen anew for the averaged weights. Blocks that a shallower
network lacks count there as such that change nothing: their last layer by its share, the layers before it as the deeper ones have them."""
import argparse

import torch

from .net import Net, layer_table
from .train import save


def averaged(parts):
    """[(state of a net, share)] -> net"""
    if abs(sum(share for _, share in parts) - 1) > 1e-6:
        raise SystemExit("shares do not add up to 1")
    net = Net(layer_table()).fold()

    def mean(key):
        have = [(state[key].float(), share) for state, share in parts if key in state]
        whole = 1 if "_pw." in key else sum(share for _, share in have)
        return sum(share * value for value, share in have) / whole

    net.load_state_dict({k: mean(k) for k in net.state_dict()})
    net.choose_shifts()
    return net


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("part", nargs="+")
    a = p.parse_args()
    parts = [part.rsplit("=", 1) for part in a.part]
    states = [(torch.load(f, map_location="cpu", weights_only=True)["net"], float(share)) for f, share in parts]
    save(a.out, dict(net=averaged(states).state_dict(), phase="integer"))
