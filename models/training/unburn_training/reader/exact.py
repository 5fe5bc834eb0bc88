"""The trained reader in exact integer arithmetic: one layer table drives the rounding, the torch form and the export.

Values are integers 0..255; a real value is (integer - zero) * step, `zero` one for a layer, `step` one for a channel, both learnt
from lines. A layer computes per output channel o
    acc = sum(w[o] * a) + b[o]            integers, every partial sum below 2^24; outside the line a is `outside`, the input's zero
    t   = floor(acc / 2^s[o])
    relu, plain: clip(t)    res: clip(skip + t)    logits: t, not clipped        clip to 0..255
Zeros and the rounding half are in the biases. LOGIT_STEPS steps of the answer are one nat.

Nothing is trained here: rounding the trained net costs nothing that the validation lines could show."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from ..text.alphabet import CLASSES

LOGIT_STEPS = 256
BOUND = 2 ** 23        # the worst-case sum stays below this; the proof asks for 2^24
CLIPPED = 1e-4         # share of a channel's values that may be clipped at either end
LEAST_RANGE = .02      # of the widest channel, that every channel is given


@dataclass(frozen=True)
class Layer:
    name: str
    input: str
    kind: str          # relu | plain | res | logits
    cin: int
    cout: int
    k: tuple = (1, 1)  # rows, columns
    stride: tuple = (1, 1)
    pad: tuple = (0, 0)
    groups: int = 1
    skip: str | None = None


def layer_table():
    t = [
        Layer("stem", "in", "relu", 1, 32, (5, 5), (2, 2), (2, 2)),
        Layer("s2.0", "stem", "relu", 32, 64, (3, 3), (2, 2), (1, 1)),
        Layer("s2.1", "s2.0", "res", 64, 64, (3, 3), (1, 1), (1, 1), skip="s2.0"),
        Layer("s3.0", "s2.1", "relu", 64, 128, (3, 3), (2, 1), (1, 1)),
        Layer("s3.1", "s3.0", "res", 128, 128, (3, 3), (1, 1), (1, 1), skip="s3.0"),
        Layer("col", "s3.1", "relu", 128, 192, (4, 1)),
    ]
    for i in range(4):
        trunk = t[-1].name
        t += [
            Layer(f"ctx{i}.dw", trunk, "plain", 192, 192, (1, 9), (1, 1), (0, 4), 192),
            Layer(f"ctx{i}.up", f"ctx{i}.dw", "relu", 192, 384),
            Layer(f"ctx{i}.down", f"ctx{i}.up", "res", 384, 192, skip=trunk),
        ]
    return t + [Layer("out", t[-1].name, "logits", 192, CLASSES)]


TABLE = layer_table()
NEVER_NEGATIVE = {"s2.1", "s3.1"} | {l.name for l in TABLE if l.kind == "relu"}
# Layers whose values are added to one another share their steps.
SHARED = [("s2.0", "s2.1"), ("s3.0", "s3.1"), ("col", "ctx0.down", "ctx1.down", "ctx2.down", "ctx3.down")]


def folded(unit):
    """-> weight, bias of a convolution, with its batch norm where it has one"""
    if isinstance(unit, nn.Conv2d):
        return unit.weight.detach(), unit.bias.detach()
    conv, bn = unit[0], unit[1]
    gain = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    return (conv.weight * gain[:, None, None, None]).detach(), (bn.bias - bn.running_mean * gain).detach()


def _real(net):
    """-> {layer: (weight, bias)} of a trained Reader"""
    units = [net.stem, net.s2[0], net.s2[1].f, net.s3[0], net.s3[1].f, net.col] + [u for c in net.ctx for u in c.f] + [net.out]
    return {l.name: folded(u) for l, u in zip(TABLE, units)}


def _ranges(real, lines):
    """runs lines through the net in real numbers -> {layer: lowest and highest value of each channel, rare ones left out}"""
    low, high = {}, {}
    for x in lines:
        values = {"in": x}
        for l in TABLE[:-1]:
            y = F.conv2d(values[l.input], *real[l.name], l.stride, l.pad, 1, l.groups)
            y = y + values[l.skip] if l.skip else y
            values[l.name] = F.relu(y) if l.name in NEVER_NEGATIVE else y
            flat = values[l.name].permute(1, 0, 2, 3).flatten(1)
            rare = max(1, int(flat.shape[1] * CLIPPED))
            low.setdefault(l.name, []).append(flat.kthvalue(rare, 1).values)
            high.setdefault(l.name, []).append(flat.kthvalue(flat.shape[1] - rare + 1, 1).values)
    mean = lambda values: torch.stack(values).mean(0)
    return {n: (mean(low[n]).clamp(max=0), mean(high[n]).clamp(min=1e-3)) for n in low}


def _scales(ranges):
    """-> {layer: (step of each channel, zero)}"""
    alone = [(l.name,) for l in TABLE[:-1] if not any(l.name in g for g in SHARED)]
    scales = {"in": (torch.tensor([1 / 255]), 128)}
    for group in SHARED + alone:
        spans = torch.stack([ranges[n][1] - ranges[n][0] for n in group]).amax(0)
        spans = spans.clamp(min=spans.max() * LEAST_RANGE)
        # all channels alike, in parts of their spans: what the neediest layer of the group needs below and above its zero
        needs = {n: (float((ranges[n][0] / spans).min()), float((ranges[n][1] / spans).max())) for n in group}
        part = max(high - low for low, high in needs.values()) / 255
        for n in group:
            scales[n] = spans * part, round(min(255, -needs[n][0] / part))
    return scales


@torch.no_grad()
def rounded(net, lines):
    """a trained Reader -> [layers with integer `weight`, `bias`, `shift`, and `outside`]; `lines`: batches as the Reader takes them, to learn ranges from"""
    real = _real(net)
    scales, layers = _scales(_ranges(real, lines)), []
    for l in TABLE:
        w, b = (t.double() for t in real[l.name])
        step, zero = scales[l.input]
        w = w * (step[:, None, None, None] if l.groups > 1 else step[None, :, None, None])
        if l.kind == "logits":
            w, b = w * LOGIT_STEPS, b * LOGIT_STEPS
        else:
            own, offset = scales[l.name]
            w, b = w / own[:, None, None, None], b / own + offset - (scales[l.skip][1] if l.skip else 0)
        shift, weight, bias = zip(*(_channel(w[o], b[o], zero) for o in range(l.cout)))
        layers.append(dict(name=l.name, input=l.input, kind=l.kind, cin=l.cin, cout=l.cout, k=list(l.k), stride=list(l.stride), pad=list(l.pad), groups=l.groups, skip=l.skip,
                           outside=zero, shift=np.array(shift, np.int64), bias=np.array(bias, np.int64), weight=torch.stack(weight).numpy().astype(np.int64)))
    return layers


def _channel(w, b, zero):
    """the finest power-of-two step whose weights fit 8 bits and whose worst-case sum stays below BOUND -> shift, integers"""
    for shift in range(16, -1, -1):
        weight = torch.round(w * 2 ** shift)
        bias = torch.round(b * 2 ** shift) - zero * weight.sum() + 2 ** shift // 2
        if weight.abs().max() <= 127 and weight.abs().sum() * 255 + bias.abs() < BOUND:
            return shift, weight, int(bias)
    raise SystemExit("a weight is too large for the integer form")


class ExactReader(nn.Module):
    """[n, 1, 32, w] in -0.5..0.5 -> log-probabilities [w/4, n, CLASSES], like Reader: the integers of `rounded` in f32, in which they are exact"""

    def __init__(self, layers):
        super().__init__()
        self.layers, self.values = layers, nn.ParameterList()
        for l in layers:
            step = 2.0 ** -l["shift"].astype(np.float64)
            b = l["bias"] + l["outside"] * l["weight"].reshape(l["cout"], -1).sum(1)        # padding with 0 of a - outside
            for v in (l["weight"] * step[:, None, None, None], b * step):
                assert (v.astype(np.float32) == v).all()
                self.values.append(nn.Parameter(torch.from_numpy(v.astype(np.float32)), requires_grad=False))

    def forward(self, x):
        values = {"in": torch.floor(x * 255 + 128)}
        for i, l in enumerate(self.layers):
            y = torch.floor(F.conv2d(values[l["input"]] - l["outside"], self.values[2 * i], self.values[2 * i + 1], l["stride"], l["pad"], 1, l["groups"]))
            if l["skip"]:
                y = y + values[l["skip"]]
            values[l["name"]] = y if l["kind"] == "logits" else y.clamp(0, 255)
        return F.log_softmax((values["out"] / LOGIT_STEPS).squeeze(2).permute(2, 0, 1), dim=2)
