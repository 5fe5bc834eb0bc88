"""Writes the shipped form of the detector and proves that its arithmetic is exact.

    python -m unburn_training.detector.export CHECKPOINT MODELS

Writes MODELS/detector.json (the weights), MODELS/detector.rten (a judge for tests) and MODELS/vectors/*.pgm (input and expected
maps, region above core). Stops unless the worst-case sum of every layer is below 2^24 and torch in f32 equals the int64 reference
bit for bit, in both memory orders. Prints the figures as JSON."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from ..pictures.pages import Pages
from . import reference
from .net import HEAD_STEPS, load, multiplications

LIMIT = 2 ** 24
VECTOR_SEED = 7


def test_pictures():
    """noise, extremes, and two generated pages"""
    g, pages = np.random.default_rng(1), Pages(VECTOR_SEED, scenes=8)
    return {
        "noise": g.integers(0, 256, (96, 128), dtype=np.uint8),
        "checker": (np.indices((160, 208)).sum(0) % 2 * 255).astype(np.uint8),
        "white": np.full((96, 96), 255, np.uint8), "black": np.zeros((16, 16), np.uint8),
        "page0": pages.page(256, 320, text=True).image, "page1": pages.page(256, 320, text=True).image,
    }


def prove(net, document):
    """-> ({name: (picture, maps)}, figures); raises where anything differs"""
    bounds = reference.bounds(document)
    worst = max(bounds, key=bounds.get)
    if bounds[worst] >= LIMIT:
        raise SystemExit(f"layer {worst}: worst-case sum {bounds[worst]} reaches 2^24")
    seen, peak = {}, 0
    for name, picture in test_pictures().items():
        expected, p = reference.run(document, picture)
        peak, x = max(peak, p), torch.from_numpy(picture)[None, None].float()
        for order in (torch.contiguous_format, torch.channels_last):
            with torch.no_grad():
                got = net.to(memory_format=order)(x.contiguous(memory_format=order))[0].numpy() * HEAD_STEPS + 128
            if not (got == expected).all():
                raise SystemExit(f"torch differs from the reference on `{name}` in {int((got != expected).sum())} cells")
        seen[name] = (picture, expected)
    return seen, dict(parameters=sum(p.numel() for p in net.parameters()), multiply_adds_1024x768=multiplications(net.table, 768, 1024),
                      worst_case_sum=bounds[worst], worst_case_layer=worst, largest_sum_seen=peak)


def onnx_model(document):
    """the same net as f32 convolutions: weights scaled by 2^-s (exact), floor, clip"""
    nodes, constants, names = [], [], {"in": "in"}

    def const(name, a):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(a), name))
        return name

    lo, hi, twice = const("lo", np.float32(0)), const("hi", np.float32(255)), const("twice", np.array([1, 1, 2, 2], np.float32))

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    for l in document["layers"]:
        n, k, step = l["name"], l["k"], 2.0 ** -np.array(l["shift"], np.float64)
        w = np.array(l["weight"], np.float64).reshape(l["cout"], l["cin"] // l["groups"], k, k) * step[:, None, None, None]
        b = np.array(l["bias"], np.float64) * step
        assert (w.astype(np.float32) == w).all() and (b.astype(np.float32) == b).all()
        t = node("Conv", [names[l["input"]], const(n + ".w", w.astype(np.float32)), const(n + ".b", b.astype(np.float32))], n + ".sum",
                 kernel_shape=[k, k], strides=[l["stride"]] * 2, pads=[k // 2] * 4, group=l["groups"])
        t = node("Floor", [t], n + ".floor")
        if l["kind"] == "up":
            t = node("Resize", [t, "", twice], n + ".twice", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        if l["skip"]:
            t = node("Add", [names[l["skip"]], t], n + ".added")
        names[n] = node("Clip", [t, lo, hi], "out" if l["kind"] == "head" else n)
    graph = helper.make_graph(nodes, "unburn_detector", [helper.make_tensor_value_info("in", TensorProto.FLOAT, [1, 1, "h", "w"])],
                              [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 2, "h2", "w2"])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def write_rten(model, path):
    """through the converter that rten ships on PyPI"""
    with tempfile.TemporaryDirectory() as d:
        onnx.save(model, d + "/m.onnx")
        converter = os.path.join(os.path.dirname(sys.executable), "rten-convert")
        subprocess.run([converter, d + "/m.onnx", path], check=True, capture_output=True)


def write_pgm(path, a):
    with open(path, "wb") as f:
        f.write(b"P5\n%d %d\n255\n" % (a.shape[1], a.shape[0]) + a.tobytes())


def export(checkpoint, models):
    net = load(checkpoint)
    if not net.integer:
        net.fold()
    document = reference.to_document(net.table, net.integers())
    seen, figures = prove(net, document)
    os.makedirs(models + "/vectors", exist_ok=True)
    reference.write(document, models + "/detector.json")
    write_rten(onnx_model(document), models + "/detector.rten")
    for name in ("noise", "page0", "page1"):
        picture, maps = seen[name]
        write_pgm(f"{models}/vectors/{name}.in.pgm", picture)
        write_pgm(f"{models}/vectors/{name}.out.pgm", maps.reshape(-1, maps.shape[2]))
    return figures


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("models")
    a = p.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(export(a.checkpoint, a.models), indent=1))
