"""Writes the shipped form of the reader.

    python -m unburn_training.reader.export CHECKPOINT MODELS

Writes MODELS/reader.rten (batch norm folded; input `line_image` [n, 1, 32, w], output `log_probs` [w/4, n, classes]) and
MODELS/alphabet.txt, and stops unless the folded net gives what torch gives, to 1e-3 in log-probability."""
import argparse
import json
import os

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from ..detector.export import write_rten
from ..text.alphabet import ALPHABET, CLASSES
from .net import load

TOLERANCE = 1e-3


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def const(self, name, a):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(a), name))
        return name

    def op(self, kind, inputs, **attributes):
        out = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], name=out, **attributes))
        return out

    def conv(self, x, conv, w, b):
        n = len(self.nodes)
        return self.op("Conv", [x, self.const(f"w{n}", w.astype(np.float32)), self.const(f"b{n}", b.astype(np.float32))], kernel_shape=list(conv.kernel_size),
                       strides=list(conv.stride), pads=list(conv.padding) * 2, group=conv.groups)

    def unit(self, x, unit):
        """convolution with its batch norm folded in, and its relu"""
        conv, bn = unit[0], unit[1]
        gain = bn.weight / torch.sqrt(bn.running_var + bn.eps)
        x = self.conv(x, conv, (conv.weight * gain[:, None, None, None]).detach().numpy(), (bn.bias - bn.running_mean * gain).detach().numpy())
        return self.op("Relu", [x]) if len(unit) > 2 else x


def onnx_model(net):
    g = Graph()
    x = g.unit("line_image", net.stem)
    for stage in (net.s2, net.s3):
        x = g.unit(x, stage[0])
        x = g.op("Relu", [g.op("Add", [x, g.unit(x, stage[1].f)])])
    x = g.unit(x, net.col)
    for context in net.ctx:
        y = x
        for unit in context.f:
            y = g.unit(y, unit)
        x = g.op("Add", [x, y])
    x = g.conv(x, net.out, net.out.weight.detach().numpy(), net.out.bias.detach().numpy())
    x = g.op("Transpose", [g.op("Squeeze", [x, g.const("axis", np.array([2], np.int64))])], perm=[2, 0, 1])
    g.nodes.append(helper.make_node("LogSoftmax", [x], ["log_probs"], axis=2))
    graph = helper.make_graph(g.nodes, "unburn_reader", [helper.make_tensor_value_info("line_image", TensorProto.FLOAT, ["batch", 1, 32, "width"])],
                              [helper.make_tensor_value_info("log_probs", TensorProto.FLOAT, ["steps", "batch", CLASSES])], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def export(checkpoint, models):
    net = load(checkpoint)
    model = onnx_model(net)
    torch.manual_seed(0)
    x = torch.rand(2, 1, 32, 200) - .5
    with torch.no_grad():
        difference = float(np.abs(net(x).numpy() - ReferenceEvaluator(model).run(None, {"line_image": x.numpy()})[0]).max())
    if difference > TOLERANCE:
        raise SystemExit(f"the folded reader differs from torch by {difference}")
    os.makedirs(models, exist_ok=True)
    write_rten(model, models + "/reader.rten")
    with open(models + "/alphabet.txt", "w", encoding="utf-8") as f:
        f.write(ALPHABET)
    return dict(parameters=sum(p.numel() for p in net.parameters()), folding_difference=difference)


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("models")
    a = p.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(export(a.checkpoint, a.models), indent=1))
