"""The exported net in plain int64 numpy: no torch, nothing clever. What every other implementation must equal."""
import json

import numpy as np

FORMAT = "unburn-exact-detector-1"


def to_document(table, integers):
    """layer table and integer weights -> what detector.json holds"""
    layers = [dict(name=l.name, input=l.input, kind=l.kind, cin=l.cin, cout=l.cout, k=l.k, stride=l.stride, groups=l.groups, skip=l.skip,
                   shift=integers[l.name + ".s"].tolist(), bias=integers[l.name + ".b"].tolist(), weight=integers[l.name + ".w"].reshape(l.cout, -1).tolist()) for l in table]
    return dict(format=FORMAT, input="luma u8 [h,w], h and w multiples of 16, zero padding inside the convolutions", layers=layers)


def write(document, path):
    with open(path, "w") as f:
        json.dump(document, f, separators=(",", ":"))


def read(path):
    with open(path) as f:
        document = json.load(f)
    if document["format"] != FORMAT:
        raise ValueError(f"format `{document['format']}`, expected `{FORMAT}`")
    return document


def _arrays(l):
    w = np.array(l["weight"], np.int64).reshape(l["cout"], l["cin"] // l["groups"], l["k"], l["k"])
    return w, np.array(l["bias"], np.int64), np.array(l["shift"], np.int64)


def _accumulate(x, w, b, stride, groups):
    """x int64 [c, h, w] -> accumulators [o, h', w'], zero padding k // 2"""
    out, per_group, k, _ = w.shape
    c, h, width = x.shape
    p = k // 2
    ho, wo = (h + 2 * p - k) // stride + 1, (width + 2 * p - k) // stride + 1
    framed = np.zeros((c, h + 2 * p, width + 2 * p), np.int64)
    framed[:, p:p + h, p:p + width] = x
    acc = np.broadcast_to(b[:, None, None], (out, ho, wo)).copy()
    for dy in range(k):
        for dx in range(k):
            v = framed[:, dy:dy + (ho - 1) * stride + 1:stride, dx:dx + (wo - 1) * stride + 1:stride]
            acc += np.einsum("oc,chw->ohw", w[:, :, dy, dx], v) if groups == 1 else w[:, 0, dy, dx][:, None, None] * v
    return acc


def run(document, luma):
    """luma u8 [h, w], multiples of 16 -> u8 [2, h/2, w/2], largest accumulator seen"""
    values, peak = {"in": luma.astype(np.int64)[None]}, 0
    for l in document["layers"]:
        w, b, shift = _arrays(l)
        acc = _accumulate(values[l["input"]], w, b, l["stride"], l["groups"])
        peak = max(peak, int(np.abs(acc).max()))
        t = acc >> shift[:, None, None]
        if l["kind"] == "up":
            t = t.repeat(2, 1).repeat(2, 2)
        if l["skip"]:
            t = t + values[l["skip"]]
        values[l["name"]] = np.clip(t, 0, 255)
    return values["head"].astype(np.uint8), peak


def bounds(document):
    """{layer: largest possible |partial sum| over all inputs 0..255}; f32 is exact below 2^24"""
    out = {}
    for l in document["layers"]:
        w, b, _ = _arrays(l)
        out[l["name"]] = int((np.abs(w).reshape(len(w), -1).sum(1) * 255 + np.abs(b)).max())
    return out
