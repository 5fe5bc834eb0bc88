#!/usr/bin/env python3
"""Turns a report into one result file per input, in the form that a scorer of boxes reads.

usage: report_to_results.py REPORT.jsonl DIR [--before-codec]

Writes DIR/ID.json per file line; ID is the input's file name without its ending:
  {"boxes": [{"frame": n or -1, "x", "y", "w", "h"}, ...]}   masks of the Pixel Data
  {"error": REASON}                                          where the file was refused
A file that a person has to look at first counts by its plan, which is what approval would write.
`--before-codec` takes the rectangles before they grew to what the codec demands.
"""
import json
import pathlib
import sys


def result(line, before_codec):
    if line["outcome"] not in ("clean", "masked", "needs-review"):
        return {"error": line.get("reason") or line["outcome"]}
    boxes = []
    for box in line["boxes"]:
        if box["action"] != "mask" or box["carrier"] != "pixel-data":
            continue
        rect = box.get("before_codec") if before_codec else None
        x, y, w, h = rect or box["rect"]
        first, last = box["frames"]
        whole = first == 0 and last + 1 >= (line.get("frames") or 1)
        for frame in [-1] if whole else range(first, last + 1):
            boxes.append({"frame": frame, "x": x, "y": y, "w": w, "h": h})
    return {"boxes": boxes}


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    before_codec = "--before-codec" in sys.argv
    report, folder = names
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    with open(report, encoding="utf-8") as f:
        for text in f:
            line = json.loads(text)
            if line["type"] != "file":
                continue
            stem = pathlib.PurePath(line["input"]).stem
            with open(out / f"{stem}.json", "w", encoding="utf-8") as g:
                json.dump(result(line, before_codec), g)


if __name__ == "__main__":
    main()
