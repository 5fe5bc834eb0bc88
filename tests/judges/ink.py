#!/usr/bin/env python3
"""How much ink of each line masks cover, from the samples and their text-free twins.

usage: ink.py JOBS.json

JOBS.json: [{"file": PATH, "twin": PATH, "lines": [{"rect", "frames"}, ...], "masks": [{"rect", "frames"}, ...]}, ...]
Prints a list of lists: per line the number of ink pixels and of those that no mask covers, over all its frames. Ink is
what differs between the file and its twin inside the line's rect; where the file is lossy, the whole rect.
"""
import json
import sys

import numpy as np
import pydicom
from pydicom.pixels import pixel_array


def frames(path):
    ds = pydicom.dcmread(path)
    n = int(ds.get("NumberOfFrames", 1) or 1)
    return pixel_array(ds, raw=True).reshape(n, ds.Rows, ds.Columns, -1), ds.file_meta.TransferSyntaxUID


def cover(job):
    a, syntax = frames(job["file"])
    b, _ = frames(job["twin"])
    differ = (a != b).any(-1) if syntax != "1.2.840.10008.1.2.4.50" else np.ones(a.shape[:3], bool)
    mask = np.zeros(a.shape[:3], bool)
    for m in job["masks"]:
        x, y, w, h = m["rect"]
        mask[m["frames"][0]:m["frames"][1] + 1, y:y + h, x:x + w] = True
    out = []
    for line in job["lines"]:
        x, y, w, h = line["rect"]
        at = np.s_[line["frames"][0]:line["frames"][1] + 1, y:y + h, x:x + w]
        out.append({"ink": int(differ[at].sum()), "bare": int((differ[at] & ~mask[at]).sum())})
    return out


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as f:
        json.dump([cover(job) for job in json.load(f)], sys.stdout)
