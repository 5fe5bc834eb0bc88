"""Recall on real screens that nobody of us has drawn: the screenshots in the documentation of free programs.

    python -m unburn_training.stress.screens FOLDER --fetch                       downloads and unpacks the Debian packages
    python -m unburn_training.stress.screens FOLDER --unburn PROGRAM [--models DIR] [--each N]

PP-OCR is the witness: a line counts where it reads two characters or more with a confidence of 0.8; it is found if 95 % of the pixels
that stand out from its ground are masked. What both overlook does not show, and what PP-OCR takes for text counts as text. The
witness's lines are kept in FOLDER/lines.json."""
import argparse
import glob
import json
import os
import random
import subprocess

import cv2
import numpy as np

from . import engines
from .__main__ import COVERED, away_from

PACKAGES = ("gimp-help-en", "gnumed-doc", "gramps", "hugin-data", "kicad-doc-en", "kmplot", "kstars-data", "labplot-data", "octave-doc", "qtcreator-doc", "saods9-doc", "viking",
            "wireshark-doc")
SIDES = (200, 1300)      # px; smaller pictures are icons
CONFIDENCE, CHARACTERS = .8, 2
STANDS_OUT = 60          # sum of the three differences to the line's median


def fetch(folder):
    for package in PACKAGES:
        if os.path.isdir(f"{folder}/{package}"):
            continue
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["apt-get", "download", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        archive = glob.glob(f"{folder}/{package}_*.deb")[0]
        subprocess.run(["dpkg-deb", "-x", archive, f"{folder}/{package}"], check=True)
        os.remove(archive)


def pictures(folder, each):
    """-> {path below the folder: u8 [h, w, 3]}, up to `each` of every package, transparent parts white"""
    chosen = {}
    for package in PACKAGES:
        paths = sorted(p for kind in ("png", "jpg") for p in glob.glob(f"{folder}/{package}/**/*.{kind}", recursive=True))
        random.Random(package).shuffle(paths)
        mine = {}
        for path in paths:
            if len(mine) == each:
                break
            image = cv2.imread(path, cv2.IMREAD_UNCHANGED)
            if image is None or not SIDES[0] <= min(image.shape[:2]) <= max(image.shape[:2]) <= SIDES[1]:
                continue
            image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGRA) if image.ndim == 2 else image
            if image.shape[2] == 4:
                a = image[..., 3:] / 255
                image = (image[..., :3] * a + 255 * (1 - a)).round().astype(np.uint8)
            mine[os.path.relpath(path, folder)] = np.ascontiguousarray(image[..., ::-1])
        chosen |= mine
    return chosen


def witnessed(folder, images):
    """-> {path: [corners, text, confidence]}"""
    kept, lines = f"{folder}/lines.json", {}
    if os.path.exists(kept):
        with open(kept) as f:
            lines = json.load(f)
    missing = [path for path in images if path not in lines]
    if missing:
        from rapidocr_onnxruntime import RapidOCR
        engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
    for path in missing:
        found, _ = engine(images[path][..., ::-1].copy())
        lines[path] = [(corners, text, float(confidence)) for corners, text, confidence in found or []]
        with open(kept, "w") as f:
            json.dump(lines, f)
    return lines


def glyphs(image, corners):
    """-> the box of a line, and in it the bool mask of the pixels that stand out in its middle; None where hardly any do"""
    quad = np.array(corners)
    (x0, y0), (x1, y1) = np.maximum(quad.min(0), 0).astype(int), quad.max(0).astype(int) + 2
    box = np.s_[y0:y1, x0:x1]
    spot = image[box].astype(int)
    inner = ((quad - quad.mean(0)) * [.96, .7] + quad.mean(0)).round().astype(np.int32)
    area = np.zeros(spot.shape[:2], np.uint8)
    cv2.fillPoly(area, [inner - np.int32([x0, y0])], 1)
    inside = area > 0
    if not inside.any():
        return None
    mask = inside & (np.abs(spot - np.median(spot[inside], axis=0)).sum(-1) > STANDS_OUT)
    return (box, mask) if mask.sum() >= 5 else None


def judge(image, lines, mask):
    """-> number of lines that count, corners and text of those not found, masked share (%) of what lies away from all lines"""
    text, count, lost = np.zeros(image.shape[:2], np.uint8), 0, []
    for corners, read, confidence in lines:
        cv2.fillPoly(text, [np.array(corners).round().astype(np.int32)], 1)
        ink = glyphs(image, corners) if confidence >= CONFIDENCE and len(read.strip()) >= CHARACTERS else None
        if ink is not None:
            count += 1
            box, standing_out = ink
            if mask[box][standing_out].mean() < COVERED:
                lost.append((corners, read))
    away = away_from(text)
    return count, lost, 100 * float(mask[away].mean()) if away.any() else 0.0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("--fetch", action="store_true", help="download and unpack what is missing")
    p.add_argument("--unburn", help="the built program")
    p.add_argument("--models", help="a folder of models instead of the built-in ones")
    p.add_argument("--each", type=int, default=22, help="pictures of every package")
    p.add_argument("--list", action="store_true", help="list the lines that were not found")
    a = p.parse_args()
    if a.fetch:
        fetch(a.folder)
    if not a.unburn:
        return
    images = pictures(a.folder, a.each)
    lines = witnessed(a.folder, images)
    masks = engines.unburn(a.unburn, a.models)(list(images.values()))
    total, missed, away, refused = 0, [], [], 0
    for (path, image), mask in zip(images.items(), masks):
        if mask is None:
            refused += 1
            mask = np.zeros(image.shape[:2], bool)
        count, lost, share = judge(image, lines[path], mask)
        total, missed, away = total + count, missed + [(path, *l) for l in lost], away + [share]
    print(f"{len(images)} pictures, {refused} refused; {total} lines, {len(missed)} not found ({100 * len(missed) / max(1, total):.2f} %); "
          f"masked away from text {np.mean(away):.2f} % (mean over pictures)")
    for path, corners, text in missed if a.list else ():
        print(path, [int(v) for v in np.array(corners).min(0)], text)


if __name__ == "__main__":
    main()
