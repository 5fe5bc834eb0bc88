"""Writes the shipped form of the reader and proves that its arithmetic is exact.

    python -m unburn_training.reader.export CHECKPOINT MODELS

Rounds a trained reader to integers (`exact.py`) and writes MODELS/reader.exact (the weights; the form is described at `write`), MODELS/alphabet.txt, MODELS/reader.rten (the same
net for another engine, a judge for tests) and MODELS/vectors/line*.pgm and .logits (a line and the answer for it, i32 little-endian,
class after class). Stops unless the worst-case sum of every layer is below 2^24 and torch in f32 equals the int64 reference bit for
bit, in both memory orders. Prints the figures as JSON."""
import argparse
import json
import os
import random

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from ..detector.export import LIMIT, write_pgm, write_rten
from ..pictures.lines import HEIGHT, Lines, view
from ..text.alphabet import ALPHABET, CLASSES
from .evaluate import pack
from .exact import LOGIT_STEPS, ExactReader, rounded
from .net import load

FORMAT = "unburn-exact-reader-1"
HEAD = ("name", "input", "kind", "cin", "cout", "k", "stride", "pad", "groups", "skip", "outside")
VECTOR_SEED = 7
RANGE_SEED, RANGE_LINES, RANGE_BATCH = 4242, 256, 16


def write(layers, path):
    """one line of JSON with the layers, then for each: shifts u8, biases i32 little-endian, weights i8"""
    head = dict(format=FORMAT, input="line u8 [32, w], w a multiple of 8", layers=[{k: l[k] for k in HEAD} for l in layers])
    with open(path, "wb") as f:
        f.write(json.dumps(head, separators=(",", ":")).encode() + b"\n")
        for l in layers:
            f.write(l["shift"].astype("u1").tobytes() + l["bias"].astype("<i4").tobytes() + l["weight"].astype("i1").tobytes())


def range_lines():
    """batches of lines of like width from which ranges are learnt"""
    lines, r = Lines(RANGE_SEED), random.Random(1)
    views = sorted((view(lines.make(), r) for _ in range(RANGE_LINES)), key=lambda v: v.shape[1])
    return [torch.from_numpy(pack(views[i:i + RANGE_BATCH])).float() / 255 - .5 for i in range(0, RANGE_LINES, RANGE_BATCH)]


def reference(layers, line):
    """the net in plain int64 numpy: u8 [32, w] -> logits [classes, w/4], largest accumulator seen"""
    values, peak = {"in": line.astype(np.int64)[None]}, 0
    for l in layers:
        x, w, (ky, kx), (sy, sx), (py, px) = values[l["input"]], l["weight"], l["k"], l["stride"], l["pad"]
        c, h, width = x.shape
        framed = np.full((c, h + 2 * py, width + 2 * px), l["outside"], np.int64)
        framed[:, py:py + h, px:px + width] = x
        ho, wo = (h + 2 * py - ky) // sy + 1, (width + 2 * px - kx) // sx + 1
        acc = np.broadcast_to(l["bias"][:, None, None], (l["cout"], ho, wo)).copy()
        for dy in range(ky):
            for dx in range(kx):
                v = framed[:, dy:dy + (ho - 1) * sy + 1:sy, dx:dx + (wo - 1) * sx + 1:sx]
                acc += np.einsum("oc,chw->ohw", w[:, :, dy, dx], v) if l["groups"] == 1 else w[:, 0, dy, dx][:, None, None] * v
        peak = max(peak, int(np.abs(acc).max()))
        t = acc >> l["shift"][:, None, None]
        if l["skip"]:
            t = t + values[l["skip"]]
        values[l["name"]] = t if l["kind"] == "logits" else np.clip(t, 0, 255)
    return values["out"][:, 0], peak


def test_lines():
    """noise, extremes, and two generated lines, of multiples of 8 columns"""
    g, r, lines = np.random.default_rng(1), random.Random(VECTOR_SEED), Lines(VECTOR_SEED, scenes=8)
    whole = lambda v: np.pad(v, ((0, 0), (0, -v.shape[1] % 8)))
    return {"noise": g.integers(0, 256, (HEIGHT, 72), dtype=np.uint8), "white": np.full((HEIGHT, 40), 255, np.uint8), "black": np.zeros((HEIGHT, 16), np.uint8),
            "line0": whole(view(lines.make(negative=False), r)), "line1": whole(view(lines.make(negative=False), r))}


def prove(net, layers):
    """-> ({name: (line, logits)}, figures); raises where anything differs"""
    bounds = {l["name"]: int((np.abs(l["weight"]).reshape(l["cout"], -1).sum(1) * 255 + np.abs(l["bias"])).max()) for l in layers}
    worst = max(bounds, key=bounds.get)
    if bounds[worst] >= LIMIT:
        raise SystemExit(f"layer {worst}: worst-case sum {bounds[worst]} reaches 2^24")
    seen, peak = {}, 0
    for name, line in test_lines().items():
        expected, p = reference(layers, line)
        peak, x = max(peak, p), torch.from_numpy(line.copy())[None, None].float() / 255 - .5
        likely = F.log_softmax(torch.from_numpy(expected.T.copy()).float() / LOGIT_STEPS, dim=1)
        for order in (torch.contiguous_format, torch.channels_last):
            with torch.no_grad():
                got = net.to(memory_format=order)(x.contiguous(memory_format=order))[:, 0]
            if not torch.equal(got, likely):
                raise SystemExit(f"torch differs from the reference on `{name}` by {float((got - likely).abs().max())}")
        seen[name] = (line, expected)
    return seen, dict(parameters=sum(l["weight"].size + l["bias"].size for l in layers), worst_case_sum=bounds[worst], worst_case_layer=worst, largest_sum_seen=peak)


def onnx_model(layers):
    """the same net as f32 convolutions, as ocrs takes it: grey values -0.5..0.5 in, log-probabilities [w/4, n, classes] out"""
    nodes, constants, names = [], [], {}

    def const(name, a):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(a), name))
        return name

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    f32 = lambda v: np.float32(v)
    lo, hi = const("lo", f32(0)), const("hi", f32(255))
    x = node("Mul", ["line_image", const("range", f32(255))], "spread")
    names["in"] = node("Floor", [node("Add", [x, const("middle", f32(128))], "moved")], "in")
    for l in layers:
        n, step = l["name"], 2.0 ** -l["shift"].astype(np.float64)
        w = l["weight"] * step[:, None, None, None]
        b = (l["bias"] + l["outside"] * l["weight"].reshape(l["cout"], -1).sum(1)) * step
        assert (w.astype(np.float32) == w).all() and (b.astype(np.float32) == b).all()
        x = names[l["input"]]
        if l["outside"]:
            x = node("Sub", [x, const(n + ".outside", f32(l["outside"]))], n + ".centred")
        t = node("Conv", [x, const(n + ".w", w.astype(np.float32)), const(n + ".b", b.astype(np.float32))], n + ".sum",
                 kernel_shape=l["k"], strides=l["stride"], pads=l["pad"] * 2, group=l["groups"])
        t = node("Floor", [t], n + ".floor")
        if l["skip"]:
            t = node("Add", [names[l["skip"]], t], n + ".added")
        names[n] = t if l["kind"] == "logits" else node("Clip", [t, lo, hi], n)
    t = node("Mul", [names["out"], const("nat", f32(1 / LOGIT_STEPS))], "logits")
    t = node("Transpose", [node("Squeeze", [t, const("axis", np.array([2], np.int64))], "flat")], "steps", perm=[2, 0, 1])
    node("LogSoftmax", [t], "log_probs", axis=2)
    graph = helper.make_graph(nodes, "unburn_reader", [helper.make_tensor_value_info("line_image", TensorProto.FLOAT, ["batch", 1, HEIGHT, "width"])],
                              [helper.make_tensor_value_info("log_probs", TensorProto.FLOAT, ["steps", "batch", CLASSES])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def export(checkpoint, models):
    layers = rounded(load(checkpoint), range_lines())
    net = ExactReader(layers)
    seen, figures = prove(net, layers)
    os.makedirs(models + "/vectors", exist_ok=True)
    write(layers, models + "/reader.exact")
    write_rten(onnx_model(layers), models + "/reader.rten")
    with open(models + "/alphabet.txt", "w", encoding="utf-8") as f:
        f.write(ALPHABET)
    for name in ("noise", "line0", "line1"):
        line, logits = seen[name]
        stem = f"{models}/vectors/reader-{name}"
        write_pgm(stem + ".in.pgm", line)
        logits.astype("<i4").tofile(stem + ".logits")
    return net, figures


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("models")
    a = p.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(export(a.checkpoint, a.models)[1], indent=1))
