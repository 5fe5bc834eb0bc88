"""Measures a checkpoint on a folder of real DICOM files with an index of their text; never used for training.

    python -m unburn_training.detector.corpus CHECKPOINT --corpus DIR [--json FILE] [-v]

DIR holds index.json and files/. One view a frame: luma for colour, the header's window (else percentiles) for deeper grey.
recall      lines with >= 95 % of their glyph pixels masked
over_mask   masked share of what lies more than 8 px from any text box, mean over pictures with text
false_hits  text-free pictures with any mask"""
import argparse
import base64
import json
import os
import zlib

import numpy as np
import pydicom
import torch
from pydicom.pixels import apply_color_lut

from . import postprocess
from .net import load
from .validation import maps_of

COVERED, NEAR = .95, 8


def glyph_mask(a):
    """annotation -> bool [h, w]"""
    if "glyph" not in a:
        return np.ones((a["h"], a["w"]), bool)
    bits = np.unpackbits(np.frombuffer(zlib.decompress(base64.b64decode(a["glyph"])), np.uint8))[:a["w"] * a["h"]]
    m = bits.reshape(a["h"], a["w"]).astype(bool)
    return m if m.any() else np.ones_like(m)


def pictures(path, frames):
    """-> {frame: u8 luma}"""
    ds = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in ds.file_meta:
        ds.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    pixels = ds.pixel_array
    if int(ds.get("NumberOfFrames") or 1) == 1:
        pixels = pixels[None]
    return {f: _picture(ds, pixels[f]) for f in frames}


def _picture(ds, a):
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        a = apply_color_lut(a, ds)
        a = (a >> 8).astype(np.uint8) if a.dtype == np.uint16 else a
    if a.ndim == 3:
        return postprocess.luma(a)
    if a.dtype != np.uint8 or int(ds.BitsStored) != 8:
        a = a.astype(np.float64) * float(ds.get("RescaleSlope") or 1) + float(ds.get("RescaleIntercept") or 0)
        first = lambda v: float(v[0] if isinstance(v, pydicom.multival.MultiValue) else v)
        if ds.get("WindowWidth") and ds.get("WindowCenter") is not None and first(ds.WindowWidth) > 1:
            lo, width = first(ds.WindowCenter) - first(ds.WindowWidth) / 2, first(ds.WindowWidth)
        else:
            lo, hi = np.percentile(a, [.5, 99.8])
            width = max(1.0, hi - lo)
        a = np.clip((a - lo) / width * 255, 0, 255).astype(np.uint8)
    return 255 - a if ds.PhotometricInterpretation == "MONOCHROME1" else a


def boxes_mask(boxes, shape, grow):
    m = np.zeros(shape, bool)
    for b in boxes:
        m[max(0, int(b["y"]) - grow):int(np.ceil(b["y"] + b["h"])) + grow, max(0, int(b["x"]) - grow):int(np.ceil(b["x"] + b["w"])) + grow] = True
    return m


def evaluate(net, folder, variants=True, log=lambda line: None):
    with open(os.path.join(folder, "index.json"), encoding="utf-8") as f:
        index = json.load(f)
    run, lines, over, hits = maps_of(net), [], [], []
    for f in index["files"]:
        if f["kind"] not in ("positive", "negative") or (f.get("variant_of") and not variants):
            continue
        hit = 0.0
        for frame, gray in pictures(os.path.join(folder, "files", f["file"]), f["frames_annotated"]).items():
            mask = postprocess.detect(run, gray)[0] > 0
            if f["kind"] == "negative":
                hit = max(hit, float(mask.mean()))
                continue
            away = ~boxes_mask(f["annotations"] + f.get("ignore", []), mask.shape, NEAR)
            over.append(float(mask[away].mean()))
            here = [a for a in f["annotations"] if a["frame"] == frame or a.get("all_frames")]
            cover = [float(mask[a["y"]:a["y"] + a["h"], a["x"]:a["x"] + a["w"]][glyph_mask(a)].mean()) for a in here]
            lines += [(a["kind"], c) for a, c in zip(here, cover)]
            log(f"{f['id']:24} {sum(c >= COVERED for c in cover):3} of {len(cover):3}  over-mask {100 * over[-1]:5.2f} %  masked {100 * mask.mean():5.2f} %")
        if f["kind"] == "negative":
            hits.append(hit)
            log(f"{f['id']:24} text-free, masked {100 * hit:.3f} %")
    done = [c >= COVERED for _, c in lines]
    phi = [c >= COVERED for k, c in lines if k.startswith("phi-")]
    return dict(lines=len(done), recall=round(float(np.mean(done)), 4), phi_lines=len(phi), phi_removed=sum(phi), over_mask=round(float(np.mean(over)), 5),
                text_free=len(hits), false_hits=sum(h > 0 for h in hits), false_area=round(float(np.mean(hits)), 5))


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint")
    p.add_argument("--corpus", default=os.environ.get("UNBURN_CORPUS"))
    p.add_argument("--no-variants", action="store_true", help="leave out pictures that are there in another coding")
    p.add_argument("--json")
    p.add_argument("-v", action="store_true")
    a = p.parse_args()
    if not a.corpus:
        p.error("name the folder with --corpus or UNBURN_CORPUS")
    torch.set_num_threads(1)
    figures = evaluate(load(a.checkpoint), a.corpus, not a.no_variants, print if a.v else lambda line: None)
    print(json.dumps(figures, indent=1))
    if a.json:
        with open(a.json, "w") as f:
            json.dump(figures, f, indent=1)
