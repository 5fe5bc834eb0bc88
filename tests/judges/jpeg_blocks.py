#!/usr/bin/env python3
"""Compares JPEG objects with copies that were masked in their coefficients, by decoders that share nothing with the program.

usage: jpeg_blocks.py JOBS.json

JOBS.json: [{"original": PATH, "redacted": PATH, "masks": [{"frames": [first, last], "rect": [x, y, w, h]}, ...]}, ...]
Prints a list, one object a job:
  aligned         whether every mask is made of whole units of its frame
  masked          masked pixels over all frames
  first_outside   largest difference of the first component (luminance, grey, red) outside the masks
  other_outside   the same for the others; where they are subsampled, as far from the masks as decoders interpolate
  first_inside    values of the first component under the masks
  other_inside    values of the others under them; where they are subsampled, that far inside
  turbo           the first four again, from libjpeg-turbo; null for streams of 12 bits
  tables_kept     whether every marker segment of the original that cannot carry text is in the copy, in its order
  text_segments   comments, application segments other than JFIF's and Adobe's, and bytes behind the end, in the copy
  error           instead of all that, where one of them cannot be decoded
"""
import io
import json
import sys

import numpy as np
import pydicom
from PIL import Image
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array


def segments(stream):
    """(marker, body) of every segment, and what lies behind the end of image."""
    out, at = [], 2
    while True:
        while stream[at] != 0xFF or stream[at + 1] in (0x00, *range(0xD0, 0xD8)):
            at += 1
        if stream[at + 1] == 0xFF:
            at += 1
            continue
        marker = stream[at + 1]
        if marker == 0xD9:
            return out, stream[at + 2:]
        n = int.from_bytes(stream[at + 2:at + 4], "big")
        out.append((marker, stream[at + 4:at + 2 + n]))
        at += 2 + n


def sampling(stream):
    """Unit in pixels, and over how many pixels decoders interpolate components of lower resolution."""
    body = next(b for m, b in segments(stream)[0] if m in (0xC0, 0xC1, 0xC2))
    factors = [(body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15) for i in range(body[5])]
    if len(factors) == 1:
        return (8, 8), 0
    h, v = max(h for h, _ in factors), max(v for _, v in factors)
    return (8 * h, 8 * v), max(h // min(f[0] for f in factors), v // min(f[1] for f in factors)) // 2


def is_text(marker, body):
    named = marker == 0xE0 and body.startswith(b"JFIF\0") or marker == 0xEE and body.startswith(b"Adobe")
    return (marker == 0xFE or 0xE0 <= marker <= 0xEF) and not named


def by_pydicom(ds):
    a = pixel_array(ds, raw=True)
    return a.reshape(int(ds.get("NumberOfFrames", 1) or 1), ds.Rows, ds.Columns, -1).astype(np.int64)


def by_turbo(streams):
    def one(stream):
        picture = Image.open(io.BytesIO(stream))
        if picture.mode == "RGB":
            red_green_blue = any(m == 0xEE and b.startswith(b"Adobe") and b[11] == 0 for m, b in segments(stream)[0])
            if not red_green_blue:
                picture.draft("YCbCr", picture.size)
        return np.asarray(picture).reshape(picture.size[1], picture.size[0], -1)
    return np.stack([one(s) for s in streams]).astype(np.int64)


def moved(mask, how, by):
    """The mask so many pixels larger (any) or smaller (all) on every side."""
    padded = np.pad(mask, ((0, 0), (by, by), (by, by)), mode="edge")
    h, w = mask.shape[1:]
    return how([padded[:, y:y + h, x:x + w] for y in range(2 * by + 1) for x in range(2 * by + 1)], axis=0)


def figures(x, y, mask, reach):
    near, deep = moved(mask, np.any, reach), moved(mask, np.all, reach)
    differ = np.abs(x - y)
    first, others = differ[..., 0], differ[..., 1:]
    return {
        "first_outside": int(first[~mask].max(initial=0)),
        "other_outside": int(others[~near].max(initial=0)),
        "first_inside": np.unique(y[..., 0][mask])[:4].tolist(),
        "other_inside": np.unique(y[..., 1:][deep])[:4].tolist(),
    }


def compare(job):
    a, b = pydicom.dcmread(job["original"]), pydicom.dcmread(job["redacted"])
    if a.file_meta.TransferSyntaxUID != b.file_meta.TransferSyntaxUID:
        return {"error": "another transfer syntax"}
    frames = int(a.get("NumberOfFrames", 1) or 1)
    before, after = (list(generate_frames(ds.PixelData, number_of_frames=frames)) for ds in (a, b))
    mask = np.zeros((frames, a.Rows, a.Columns), bool)
    unit, reach = sampling(before[0])
    aligned = True
    for m in job["masks"]:
        left, top, w, h = m["rect"]
        mask[m["frames"][0]:m["frames"][1] + 1, top:top + h, left:left + w] = True
        whole = lambda start, length, size, end: start % size == 0 and (length % size == 0 or start + length == end)
        aligned &= whole(left, w, unit[0], a.Columns) and whole(top, h, unit[1], a.Rows)
    kept, text = True, 0
    for old, new in zip(before, after):
        (olds, _), (news, behind) = segments(old), segments(new)
        rest = iter(news)
        kept &= all(any(n == o for n in rest) for o in olds if not is_text(*o))
        text += sum(is_text(*s) for s in news) + (len(behind.strip(b"\0")) > 0)
    said = figures(by_pydicom(a), by_pydicom(b), mask, reach)
    turbo = None
    if a.BitsStored == 8:
        turbo = figures(by_turbo(before), by_turbo(after), mask, reach)
    return {"aligned": aligned, "masked": int(mask.sum()), "tables_kept": kept, "text_segments": text, **said, "turbo": turbo}


def guarded(job):
    try:
        return compare(job)
    except Exception as e:  # the judge reports what it could not do; the test decides
        return {"error": f"{type(e).__name__}"}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as f:
        json.dump([guarded(job) for job in json.load(f)], sys.stdout)
