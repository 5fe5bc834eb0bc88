"""Measures recall under stress, for unburn and what stands beside it, and draws the plots of the model card.

    python -m unburn_training.stress --unburn PROGRAM [--models DIR] [--pictures N] [--engines unburn,tesseract,pp-ocr] [--axes ...] [--json FILE] [--card README.md]

A line counts as found if 95 % of its glyph pixels are masked. Over-mask: masked share of what lies more than 8 px from text.
Pictures have fixed seeds. --card rewrites the part of the model card between the stress marks and the plot beside it."""
import argparse
import json

import cv2
import numpy as np

from . import cases, engines, report

COVERED, NEAR = .95, 8


def away_from(text):
    """text: u8 mask -> bool mask of what lies more than 8 px from it"""
    return cv2.dilate(text, np.ones((2 * NEAR + 1,) * 2, np.uint8)) == 0


def judge(mask, picture):
    """-> lines found, masked pixels away from text, pixels away from text"""
    text = np.zeros(picture.image.shape[:2], np.uint8)
    for m in picture.lines:
        text |= m
    away = away_from(text)
    if mask is None:        # refused: nothing is removed, nothing is released
        return 0, 0, int(away.sum())
    return sum(float(mask[m].mean()) >= COVERED for m in picture.lines), int(mask[away].sum()), int(away.sum())


def measure(run, axis, value, count):
    made = cases.pictures(axis, value, count)
    masks = run([p.image for p in made])
    rows = [judge(m, p) for m, p in zip(masks, made)]
    return dict(lines=sum(len(p.lines) for p in made), found=sum(r[0] for r in rows), over=sum(r[1] for r in rows), away=sum(r[2] for r in rows),
                refused=sum(m is None for m in masks), touched=sum(m is not None and bool(m.any()) for m in masks), pictures=len(made))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--unburn", required=True, help="the built program")
    p.add_argument("--models", help="a folder of models instead of the built-in ones")
    p.add_argument("--pictures", type=int, default=8, help="pictures of six lines a value")
    p.add_argument("--engines", default="unburn,tesseract,pp-ocr")
    p.add_argument("--axes", default=",".join(cases.AXES) + "," + cases.TEXT_FREE)
    p.add_argument("--json", help="figures; what it holds already is kept and not measured again")
    p.add_argument("--card", help="model card to write them into")
    a = p.parse_args()
    makers = {"unburn": lambda: engines.unburn(a.unburn, a.models), "tesseract": engines.tesseract, "pp-ocr": engines.pp_ocr}
    figures = {}
    if a.json:
        try:
            with open(a.json) as f:
                figures = json.load(f)
        except FileNotFoundError:
            pass
    for name in a.engines.split(","):
        run = makers[name]()
        if run is None:
            print(f"{name}: not installed, left out", flush=True)
            continue
        for axis in a.axes.split(","):
            mine = figures.setdefault(name, {}).setdefault(axis, {})
            values = {k.__name__: k for k in cases.text_free_kinds()} if axis == cases.TEXT_FREE else {str(v): v for v in cases.AXES[axis][1]}
            for word, value in values.items():
                if word not in mine:
                    mine[word] = measure(run, axis, value, max(1, a.pictures // 2) if axis == cases.TEXT_FREE else a.pictures)
            if a.json:
                with open(a.json, "w") as f:
                    json.dump(figures, f, indent=1)
            print(f"{name:10} {axis:10} " + report.row(axis, mine), flush=True)
    if a.card:
        report.into_card(a.card, figures)


if __name__ == "__main__":
    main()
