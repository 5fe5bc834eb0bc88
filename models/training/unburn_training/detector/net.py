"""The detector: one layer table drives float training, integer training, the integer reference and the export.

Activations are integers 0..255 (real value = a * RANGE / 256). A layer computes per output channel o
    acc = sum(w[o] * a) + b[o]            integers, every partial sum below 2^24
    t   = floor(acc / 2^s[o])
    relu, head: clip(t)    res: clip(skip + t)    up: clip(skip + twice as large(t))      clip to 0..255
A head value of 128 is probability one half, 16 steps a logit."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

RANGE = 4.0
HEAD_STEPS = 16.0
BOUND = 2 ** 23        # the integer training keeps the worst-case sum below this; the proof asks for 2^24


@dataclass(frozen=True)
class Layer:
    name: str
    input: str
    kind: str          # relu | res | up | head
    cin: int
    cout: int
    k: int
    stride: int
    groups: int
    skip: str | None = None


def layer_table(channels=(16, 32, 48, 64), blocks=(1, 1, 4, 8), kernels=(3, 3, 5, 5), decoder=(1, 1, 1)):
    """U-shaped net: stem and encoder stages at 1/2, 1/4, 1/8, 1/16, then pointwise upsampling with skips back to 1/2"""
    table, tips, current = [], [], "in"

    def add(name, kind, cin, cout, k, stride, groups, skip=None):
        nonlocal current
        table.append(Layer(name, current, kind, cin, cout, k, stride, groups, skip))
        current = name

    def block(name, ch, k):
        skip = current
        add(name + ".dw", "relu", ch, ch, k, 1, ch)
        add(name + ".pw", "res", ch, ch, 1, 1, 1, skip)

    add("stem", "relu", 1, channels[0], 3, 2, 1)
    for level in range(4):
        ch = channels[level]
        if level:
            add(f"d{level}.dw", "relu", channels[level - 1], channels[level - 1], 3, 2, channels[level - 1])
            add(f"d{level}.pw", "relu", channels[level - 1], ch, 1, 1, 1)
        for i in range(blocks[level]):
            block(f"e{level + 1}.{i}", ch, kernels[level])
        tips.append(current)
    for level in (2, 1, 0):
        add(f"u{level}", "up", channels[level + 1], channels[level], 1, 1, 1, tips[level])
        for i in range(decoder[level]):
            block(f"r{level + 1}.{i}", channels[level], kernels[level])
    add("head", "head", channels[0], 2, 1, 1, 1)
    return table


class FloorClip(torch.autograd.Function):
    """clip(floor(x), 0, 255) forward; the gradient passes where x is inside"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.floor(x).clamp_(0, 255)

    @staticmethod
    def backward(ctx, g):
        return torch.ops.aten.hardtanh_backward(g, ctx.saved_tensors[0], 0.0, 255.0)


class Net(nn.Module):
    """float mode: convolution, batch norm, clipped activations. After fold(): the integer arithmetic above, with straight-through gradients."""

    def __init__(self, table):
        super().__init__()
        self.table, self.integer = table, False
        self.conv, self.bn = nn.ModuleDict(), nn.ModuleDict()
        for l in table:
            key = _key(l)
            self.conv[key] = nn.Conv2d(l.cin, l.cout, l.k, l.stride, l.k // 2, groups=l.groups, bias=l.kind == "head")
            if l.kind != "head":
                self.bn[key] = nn.BatchNorm2d(l.cout)
            if l.kind == "res":
                nn.init.constant_(self.bn[key].weight, .5)
        nn.init.constant_(self.conv["head"].bias, -3)

    def forward(self, x):
        """luma 0..255, float [n, 1, h, w] -> logits [n, 2, h/2, w/2] (region, core)"""
        return self._integer(x) if self.integer else self._float(x)

    def _float(self, x):
        values = {"in": x * (RANGE / 256)}
        for l in self.table:
            y = self.conv[_key(l)](values[l.input])
            if l.kind == "head":
                return y
            y = self.bn[_key(l)](y)
            if l.kind == "up":
                y = F.interpolate(y, scale_factor=2, mode="nearest")
            if l.skip:
                y = y + values[l.skip]
            values[l.name] = F.hardtanh(y, 0.0, RANGE * 255 / 256)

    def _integer(self, x):
        values = {"in": x}
        for l in self.table:
            w, b, shift = self.quantised(l)
            scale = torch.exp2(-shift)
            y = F.conv2d(values[l.input], w * scale[:, None, None, None], b * scale, l.stride, l.k // 2, 1, l.groups)
            if l.kind == "head" and self.training:
                return (y - .5 - 128) / HEAD_STEPS      # no floor: its mean half step is taken off
            if l.kind == "up":
                y = F.interpolate(y, scale_factor=2, mode="nearest")
            if l.skip:
                y = y + values[l.skip]          # skip is an integer: flooring the sum equals flooring before it
            values[l.name] = FloorClip.apply(y)
        return (values["head"] - 128) / HEAD_STEPS

    # ---- integer form ----
    def fold(self):
        """batch norm into weights and biases, from then on integer mode"""
        for l in self.table:
            key = _key(l)
            conv = self.conv[key]
            if key in self.bn:
                q = self.bn[key]
                gain = q.weight / torch.sqrt(q.running_var + q.eps)
                conv.weight.data = (conv.weight * gain[:, None, None, None]).detach()
                conv.bias = nn.Parameter((q.bias - q.running_mean * gain).detach())
            self.register_buffer("sh_" + key, torch.zeros(conv.weight.shape[0], device=conv.weight.device))
        self.bn, self.integer = nn.ModuleDict(), True
        self.choose_shifts()
        return self

    @torch.no_grad()
    def choose_shifts(self):
        """the finest power-of-two step per channel whose weights fit 8 bits and whose worst-case sum stays below BOUND"""
        for l in self.table:
            W, B = (t.cpu() for t in self._real(l))
            largest = W.flatten(1).abs().amax(1).clamp(min=2.0 ** -7)
            shift = torch.floor(torch.log2(127.49 / largest)).clamp(0, 12)
            for o in range(len(shift)):
                while True:
                    step = 2 ** shift[o]
                    w, b = torch.round(W[o] * step), torch.round(B[o] * step) + step / 2
                    if w.abs().sum() * 255 + b.abs() < BOUND and w.abs().max() <= 127:
                        break
                    shift[o] -= 1
            getattr(self, "sh_" + _key(l)).copy_(shift)

    def _real(self, l):
        """weights and bias in units of one activation step"""
        conv = self.conv[_key(l)]
        if l.kind == "head":
            return conv.weight * (HEAD_STEPS * RANGE / 256), conv.bias * HEAD_STEPS + 128
        return conv.weight, conv.bias * (256 / RANGE)

    def quantised(self, l):
        """-> integer-valued weights and bias (rounding half included) and shifts, gradients straight through"""
        shift = getattr(self, "sh_" + _key(l))
        step = torch.exp2(shift)
        W, B = self._real(l)
        W, B = W * step[:, None, None, None], B * step
        w = W + (torch.round(W).clamp(-127, 127) - W).detach()
        b = B + (torch.round(B) - B).detach() + torch.floor(step / 2)
        return w, b, shift

    @torch.no_grad()
    def integers(self):
        """-> {layer.w: int8 [co, ci/g, k, k], layer.b: int32 [co], layer.s: int8 [co]}"""
        out = {}
        for l in self.table:
            w, b, s = (t.cpu().numpy() for t in self.quantised(l))
            out[l.name + ".w"], out[l.name + ".b"], out[l.name + ".s"] = w.astype(np.int8), b.astype(np.int32), s.astype(np.int8)
        return out


def _key(l):
    return l.name.replace(".", "_")


def multiplications(table, h, w):
    """multiply-accumulates for a picture of h x w"""
    total, size = 0, {"in": (h, w)}
    for l in table:
        hh, ww = (v // l.stride for v in size[l.input])
        total += hh * ww * l.cout * (l.cin // l.groups) * l.k * l.k
        size[l.name] = (2 * hh, 2 * ww) if l.kind == "up" else (hh, ww)
    return total


def load(path, device="cpu"):
    """checkpoint -> (net in evaluation mode, whether it is in integer form)"""
    c = torch.load(path, map_location=device, weights_only=True)
    net = Net(layer_table())
    if c["phase"] == "integer":
        net.fold()
    net.load_state_dict(grown(c["net"], net))
    return net.to(device).eval()


def grown(state, net):
    """weights of a shallower net for this one: the blocks it lacks are put in so that they change nothing yet (their last layer is zero)"""
    own = net.state_dict()
    lacking = {k: torch.zeros_like(v) if k.startswith("conv.") and "_pw." in k else v for k, v in own.items() if k not in state}
    return {**lacking, **state}
