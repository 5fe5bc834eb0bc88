#!/usr/bin/env python3
"""Compares originals with their redacted copies, by decoders that share nothing with the program under test.

usage: compare.py JOBS.json

JOBS.json: [{"source": absent, or the PATH of the samples that the original was made from (int64, frames × rows × columns × samples),
             for originals that the judge cannot read,
             "original": PATH, "redacted": PATH, "masks": [{"frames": [first, last], "rect": [x, y, w, h]}, ...],
             "ours": null, or for a lossy original the PATH of its RGB samples from the program's decoder}, ...]
Prints a list, one object a job:
  in_blocks       whether both are JPEG of other bytes: only the first component is compared (jpeg_blocks.py has the others)
  outside_max     largest difference of a stored sample outside the masks; of a luma value where the input is lossy
  decoders_max    with `ours`: by how much two decoders differ in luma on the untouched original, outside the masks
  fills           number of different pixels inside the masks
  masked          number of masked pixels over all frames
  shape           whether both decode to the same number of frames, rows and columns
  pixel_bytes_equal   whether the encoded Pixel Data is byte for byte the same
  lossy           whether the input's transfer syntax is lossy
  offsets_right   whether every item of the output's Pixel Data has even length and its offset table, if any, points at items
  high_bits       samples of the output with a bit outside the stored field (sign extension allowed)
  overlay_groups, icon   what the output still holds beside its pixels
  changed         keywords or tags of top-level attributes that differ, were added or removed
  error           instead of all that, where one of them cannot be decoded; offsets_right is still there
Never prints a value of the header.
"""
import json
import sys
import zlib

import numpy as np
import pydicom
from pydicom.pixels import apply_color_lut, pixel_array

LOSSY = {
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.112",
}


PROGRESSIVE = {"1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"}
DCT = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"} | PROGRESSIVE
NATIVE = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"}
PART_2 = {"1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93"}
UNCOMPRESSED, DEFLATED_FRAME = "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.8.1"


def plain_frames(ds, n):
    """Samples of encapsulated frames that are not compressed, or deflated."""
    out = []
    for frame in pydicom.encaps.generate_frames(encoded(ds), number_of_frames=n):
        raw = frame if ds.file_meta.TransferSyntaxUID == UNCOMPRESSED else zlib.decompress(frame, -15)
        count = ds.Rows * ds.Columns * ds.SamplesPerPixel
        if ds.PhotometricInterpretation in ("YBR_FULL_422", "YBR_PARTIAL_422"):
            groups = np.frombuffer(raw, np.uint8)[:ds.Rows * ds.Columns * 2].reshape(-1, 4)
            out.append(groups[:, [0, 2, 3, 1, 2, 3]].reshape(ds.Rows, ds.Columns, 3))
        elif ds.BitsAllocated == 1:
            out.append(np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[:count])
        else:
            kind = f"<{'i' if ds.PixelRepresentation else 'u'}{ds.BitsAllocated // 8}"
            a = np.frombuffer(raw, kind, count)
            if ds.SamplesPerPixel == 3 and ds.PlanarConfiguration == 1:
                a = a.reshape(3, -1).T
            out.append(a)
    return np.array(out)


def frames(ds, raw):
    """Decoded samples as (frames, rows, columns, samples)."""
    n = int(ds.get("NumberOfFrames", 1) or 1)
    if ds.file_meta.TransferSyntaxUID in PART_2:
        # Without a multi-component transform these are streams of Part 1.
        ds.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000
    if ds.file_meta.TransferSyntaxUID in PROGRESSIVE:
        # Retired by name; the decoder does not mind.
        deep = ds.BitsAllocated > 8
        ds.file_meta.TransferSyntaxUID = pydicom.uid.JPEGExtended12Bit if deep else pydicom.uid.JPEGBaseline8Bit
    if raw and ds.PhotometricInterpretation == "YBR_FULL" and ds.BitsAllocated > 8:
        # Refused by name, although samples are asked for as they are.
        ds.PhotometricInterpretation = "RGB"
    if raw and ds.PhotometricInterpretation == "YBR_PARTIAL_422":
        # The same layout, another range of values.
        ds.PhotometricInterpretation = "YBR_FULL_422"
    if "PixelData" not in ds:
        # Floats as the integers that their bits are: NaN differs from NaN where a bit differs.
        a = np.ascontiguousarray(pixel_array(ds))
        return a.view(a.dtype.str.replace("f", "i")).reshape(n, ds.Rows, ds.Columns, -1).astype(np.int64)
    plain = ds.file_meta.TransferSyntaxUID in (UNCOMPRESSED, DEFLATED_FRAME)
    a = plain_frames(ds, n) if plain else pixel_array(ds, raw=raw)
    return a.reshape(n, ds.Rows, ds.Columns, -1).astype(np.int64)


def luma(a):
    if a.shape[-1] == 1:
        return a
    return (a[..., :1] * 299 + a[..., 1:2] * 587 + a[..., 2:3] * 114) // 1000


def encoded(ds):
    held = [k for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData") if k in ds]
    return bytes(ds[held[0]].value) if held else b""


def offsets_right(path):
    """Walks the items of encapsulated Pixel Data by hand: no tool checks the table."""
    with open(path, "rb") as f:
        b = f.read()
    i = b.rfind(b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff")
    if i < 0:
        return True
    p, items = i + 12, []
    while b[p:p + 4] == b"\xfe\xff\x00\xe0":
        n = int.from_bytes(b[p + 4:p + 8], "little")
        items.append((p, n))
        p += 8 + n
    if b[p:p + 8] != b"\xfe\xff\xdd\xe0\0\0\0\0" or any(n % 2 for _, n in items) or len(items) < 2:
        return False
    base, table = items[1][0], b[items[0][0] + 8:items[0][0] + 8 + items[0][1]]
    offsets = {int.from_bytes(table[k:k + 4], "little") for k in range(0, len(table), 4)}
    return offsets <= {q - base for q, _ in items[1:]}


def high_bits(ds):
    """Samples with bits above Bits Stored; for signed ones these must repeat the sign."""
    if ds.file_meta.TransferSyntaxUID not in NATIVE or ds.BitsAllocated != 16:
        return 0
    n = ds.Rows * ds.Columns * ds.SamplesPerPixel * int(ds.get("NumberOfFrames", 1) or 1)
    words = np.frombuffer(encoded(ds), "<u2")[:n].astype(np.int64)
    stored = int(ds.BitsStored)
    top = words >> stored
    if not ds.PixelRepresentation:
        return int((top != 0).sum())
    sign = (words >> (stored - 1)) & 1
    return int((top != sign * ((1 << (16 - stored)) - 1)).sum())


def changed(a, b):
    out = []
    for tag in sorted(set(a.keys()) | set(b.keys())):
        if tag in a and tag in b and a[tag].VR != "SQ" and a[tag].value == b[tag].value:
            continue
        if tag in a and tag in b and a[tag] == b[tag]:
            continue
        out.append(pydicom.datadict.keyword_for_tag(tag) or str(tag))
    return out


def compare(job):
    a, b = pydicom.dcmread(job["original"]), pydicom.dcmread(job["redacted"])
    lossy = a.file_meta.TransferSyntaxUID in LOSSY
    kept = encoded(a) == encoded(b) and a.file_meta.TransferSyntaxUID == b.file_meta.TransferSyntaxUID
    same_syntax = a.file_meta.TransferSyntaxUID == b.file_meta.TransferSyntaxUID
    in_blocks = not kept and same_syntax and a.file_meta.TransferSyntaxUID in DCT
    if in_blocks:
        x, y = (frames(ds, True)[..., :1] for ds in (a, b))
        inside = y
    elif lossy and not kept and not same_syntax:
        # Another decoder is at work on one side: compare what a person sees.
        x, y = luma(frames(a, False)), luma(frames(b, False))
        inside = frames(b, False)
    else:
        y = frames(b, True)
        x = np.fromfile(job["source"], "<i8").reshape(y.shape) if job.get("source") else frames(a, True)
        inside = y
    if a.BitsAllocated == 16 and not a.PixelRepresentation:
        x = x & ((1 << int(a.BitsStored)) - 1)
    same_shape = x.shape[:3] == y.shape[:3]
    mask = np.zeros(y.shape[:3], bool)
    for m in job["masks"]:
        left, top, w, h = m["rect"]
        mask[m["frames"][0]:m["frames"][1] + 1, top:top + h, left:left + w] = True
    # Bits of floats have no distance.
    apart = None
    if same_shape:
        apart = np.abs(x - y) if "PixelData" in a else (x != y).astype(np.int64)
    decoders_max = None
    if job.get("ours"):
        there = frames(a, False)
        ours = np.fromfile(job["ours"], np.uint8).reshape(there.shape).astype(np.int64)
        decoders_max = int(np.abs(luma(there) - luma(ours))[~mask].max(initial=0))
    return {
        "shape": same_shape,
        "decoders_max": decoders_max,
        "outside_max": int(apart[~mask].max(initial=0)) if same_shape else None,
        "fills": int(len(np.unique(inside[mask], axis=0))),
        "masked": int(mask.sum()),
        "pixel_bytes_equal": kept,
        "lossy": bool(lossy),
        "in_blocks": in_blocks,
        "offsets_right": offsets_right(job["redacted"]),
        "high_bits": high_bits(b),
        "overlay_groups": sum(1 for t in b.keys() if t.group & 0xFF00 == 0x6000 and t.element == 0x0010),
        "icon": "IconImageSequence" in b,
        "changed": changed(a, b),
    }


def guarded(job):
    try:
        return compare(job)
    except Exception as e:  # the judge reports what it could not do; the test decides
        return {"error": type(e).__name__, "offsets_right": offsets_right(job["redacted"])}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as f:
        json.dump([guarded(job) for job in json.load(f)], sys.stdout)
