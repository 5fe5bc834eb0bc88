"""usage: kept.py INDEX.json REPORT.jsonl   (a report made with --include-text)

Counts, of the legible lines without an identity that the reader reads (confusable letters folded), how many are kept."""

import collections
import json
import os
import sys


def fold(text):
    letters = "".join(c for c in text.upper() if c.isalnum())
    return letters.translate(str.maketrans("OQDILSZBG", "000115286"))


def main(index, report):
    truth = {os.path.splitext(f["file"])[0]: f for f in json.load(open(index, encoding="utf-8"))["files"]}
    read, kept = collections.Counter(), collections.Counter()
    for line in open(report, encoding="utf-8"):
        file = json.loads(line)
        if file.get("type") != "file":
            continue
        known = truth[os.path.splitext(os.path.basename(file["input"]))[0]]
        for a in known.get("annotations", []):
            if a["kind"].startswith("phi") or not a["legible"]:
                continue
            here = sorted((b for b in file["boxes"] if on_line(b, a)), key=lambda b: b["rect"][0])
            wanted = fold(a["text"].split(" (")[0])
            if wanted and wanted in fold("".join(b.get("text") or "" for b in here)):
                read[a["kind"]] += 1
                kept[a["kind"]] += all(b["action"] == "keep" for b in here)
    for kind in sorted(read):
        print(f"{kind:10} {kept[kind]:4} of {read[kind]:4}")
    print(f"kept {sum(kept.values()) / max(1, sum(read.values())):.3f} of {sum(read.values())} lines that were read")


def on_line(box, a):
    x, y, w, h = box["rect"]
    first, last = box["frames"]
    level = a["y"] - 2 <= y + h / 2 <= a["y"] + a["h"] + 2
    return first <= a["frame"] <= last and x < a["x"] + a["w"] and x + w > a["x"] and level


if __name__ == "__main__":
    main(*sys.argv[1:])
