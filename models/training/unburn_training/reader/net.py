"""The reader: a small convolutional stem turns a line of height 32 into W/4 columns, context blocks widen the view, CTC reads it."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from ..text.alphabet import CLASSES


def unit(cin, cout, k, stride=1, padding=None, groups=1, relu=True):
    k = (k, k) if isinstance(k, int) else k
    layers = [nn.Conv2d(cin, cout, k, stride, tuple(v // 2 for v in k) if padding is None else padding, groups=groups, bias=False), nn.BatchNorm2d(cout)]
    return nn.Sequential(*(layers + [nn.ReLU()] if relu else layers))


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.f = unit(c, c, 3, relu=False)

    def forward(self, x):
        return F.relu(x + self.f(x))


class Context(nn.Module):
    """depthwise 1 x 9 along the line, then two pointwise layers"""

    def __init__(self, c, expand=2, k=9):
        super().__init__()
        self.f = nn.Sequential(unit(c, c, (1, k), groups=c, relu=False), unit(c, c * expand, 1), unit(c * expand, c, 1, relu=False))

    def forward(self, x):
        return x + self.f(x)


class Reader(nn.Module):
    """[n, 1, 32, w] in -0.5..0.5 -> log-probabilities [w/4, n, CLASSES]"""

    def __init__(self):
        super().__init__()
        self.stem = unit(1, 32, 5, 2)
        self.s2 = nn.Sequential(unit(32, 64, 3, 2), Residual(64))
        self.s3 = nn.Sequential(unit(64, 128, 3, (2, 1)), Residual(128))
        self.col = unit(128, 192, (4, 1), 1, (0, 0))
        self.ctx = nn.Sequential(*[Context(192) for _ in range(4)])
        self.out, self.drop = nn.Conv2d(192, CLASSES, 1), nn.Dropout(.1)

    def forward(self, x):
        x = self.out(self.drop(self.ctx(self.col(self.s3(self.s2(self.stem(x)))))))
        return F.log_softmax(x.squeeze(2).permute(2, 0, 1).float(), dim=2)


def load(path):
    net = Reader()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()
