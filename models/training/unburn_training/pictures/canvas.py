"""A picture under construction: places drawn text where it is free and legible, and records the truth."""
from dataclasses import dataclass

import cv2
import numpy as np

from .targets import Segment

NO_SHIFT = np.array([[1, 0, 0], [0, 1, 0]], np.float32)


@dataclass
class Ink:
    """how a group of lines is drawn"""
    level: float
    contrast: float        # least difference to the local mean, grey levels
    texture: float         # extra difference per unit of local deviation
    effect: str            # plain | outline | shadow | bare (never separated from texture)
    soft: float = 0.0      # deviation of a blur, capitals


class Canvas:
    def __init__(self, dice, image):
        self.d, self.image = dice, image
        self.glyphs = np.zeros(image.shape, np.uint8)
        self.taken = np.zeros(image.shape, bool)
        self.segments = []
        self.faintest = 255.0      # least difference of a line to its ground

    @property
    def shape(self):
        return self.image.shape

    def put(self, drawn, x, y, ink, turn=0):
        """drawn: its first ink pixel goes to (x, y); turn: degrees. False where it does not fit or something is there"""
        d, (H, W) = self.d, self.shape
        if ink.soft * drawn.cap > .3:
            drawn = drawn.softened(ink.soft * drawn.cap)
        ys, xs = drawn.ink()
        if len(ys) == 0:
            return False
        a, base, cap = drawn.alpha[ys[0]:ys[-1] + 1, xs[0]:xs[-1] + 1], drawn.base - ys[0], drawn.cap
        runs = _runs(a, xs - xs[0], base, cap)
        a, to_page = turned(a, turn)
        h, w = a.shape
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, W), min(y + h, H)
        if x1 - x0 < 3 or y1 - y0 < 3 or (not turn and y1 - y0 < .75 * h):
            return False
        side = max(2, int(cap * .35))
        if self.taken[max(0, y0 - 1):y1 + 1, max(0, x0 - side):x1 + side].any():
            return False
        alpha, box = a[y0 - y:y1 - y, x0 - x:x1 - x].astype(np.float32) / 255, np.s_[y0:y1, x0:x1]
        level = self._legible(box, ink)
        spot = self.image[box]
        self.faintest = min(self.faintest, abs(level - float(spot.mean())))
        deviation = float(spot.std())
        if ink.effect == "outline" or (ink.effect != "bare" and deviation > 30 and d.chance(.5)):
            _cover(spot, cv2.dilate(alpha, np.ones((3, 3), np.uint8)), 0.0 if level > 120 else 255.0)
        elif ink.effect == "shadow":
            q = 1 if cap < 14 else 2
            under = np.zeros_like(alpha)
            under[q:, q:] = alpha[:-q, :-q]
            _cover(spot, under, 0.0 if level > 120 else 255.0)
        _cover(spot, alpha, level)
        self.glyphs[box] = np.maximum(self.glyphs[box], (alpha > .45 * alpha.max()).astype(np.uint8) * 255)
        self.taken[box] = True
        place = lambda quad: np.array(quad, np.float32) @ to_page[:, :2].T + to_page[:, 2] + [x, y]
        self.segments += [Segment(place(region), place(core), float(cap), ignored) for region, core, ignored in runs]
        return True

    def _legible(self, box, ink):
        """the ink level moved away from the ground until it can be seen; the ground is darkened where that fails"""
        d, spot = self.d, self.image[box]
        mean, need, level = float(spot.mean()), ink.contrast + ink.texture * float(spot.std()), ink.level
        if abs(level - mean) < need:
            level = max(0.0, mean - need) if mean - need > 10 and d.chance(.6) else min(255.0, mean + need)
        if abs(level - mean) < need * .8:
            q, (y, x) = d.integer(1, 5), box
            self.image[max(0, y.start - q):y.stop + q, max(0, x.start - q):x.stop + q] *= d.uniform(.05, .4)
            level = max(level, 170.0)
        return level


def _cover(spot, alpha, level):
    spot *= 1 - alpha
    spot += level * alpha


def _runs(a, columns, base, cap):
    """ink runs of a line, split at gaps wider than 1.1 capitals -> [(region quad, core quad, ignored)]"""
    gap, runs, start = max(4, 1.1 * cap), [], columns[0]
    for before, c in zip(columns, columns[1:]):
        if c - before > gap:
            runs.append((start, before + 1))
            start = c
    runs.append((start, columns[-1] + 1))
    quad = lambda c0, c1, top, bottom: [(c0, top), (c1, top), (c1, bottom), (c0, bottom)]
    out = []
    for c0, c1 in runs:
        rows = np.where(a[:, c0:c1].max(1) > 60)[0]
        if len(rows) == 0:
            continue
        top, bottom = rows[0], rows[-1] + 1
        ignored = bottom - top < .45 * cap and c1 - c0 < .6 * cap
        out.append((quad(c0, c1, min(top, base - cap * .72), max(bottom, base)), quad(c0, c1, base - .78 * cap, base - .24 * cap), ignored))
    return out


def turned(a, degrees):
    """-> turned alpha, matrix from old to new pixel coordinates"""
    h, w = a.shape
    if degrees == 0:
        return a, NO_SHIFT
    if degrees == 90:
        return np.ascontiguousarray(np.rot90(a)), np.array([[0, 1, 0], [-1, 0, w]], np.float32)
    if degrees == 270:
        return np.ascontiguousarray(np.rot90(a, 3)), np.array([[0, -1, h], [1, 0, 0]], np.float32)
    m = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1)
    c, s = abs(m[0, 0]), abs(m[0, 1])
    nw, nh = int(w * c + h * s) + 2, int(w * s + h * c) + 2
    m[0, 2] += nw / 2 - w / 2
    m[1, 2] += nh / 2 - h / 2
    return cv2.warpAffine(a, m, (nw, nh), flags=cv2.INTER_LINEAR), m
