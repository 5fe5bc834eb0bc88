"""Averages the weights of runs that started from one another: steadier than either where their mistakes differ.

    python -m unburn_training.detector.average OUT CHECKPOINT=SHARE CHECKPOINT=SHARE ...

Shares add up to 1. Checkpoints are of the integer phase; the shifts are chosen anew for the averaged weights. Blocks that a shallower
network lacks count there as such that change nothing: their last layer by its share, the layers before it as the deeper ones have them."""
from .. import shares
from .net import Net, layer_table
from .train import save


def averaged(parts):
    """[(state of a net, share)] -> net"""
    net = Net(layer_table()).fold()

    def mean(key):
        have = [(state[key].float(), share) for state, share in parts if key in state]
        whole = 1 if "_pw." in key else sum(share for _, share in have)
        return sum(share * value for value, share in have) / whole

    net.load_state_dict({k: mean(k) for k in net.state_dict()})
    net.choose_shifts()
    return net


if __name__ == "__main__":
    out, parts = shares.arguments(__doc__)
    save(out, dict(net=averaged([(checkpoint["net"], share) for checkpoint, share in parts]).state_dict(), phase="integer"))
