"""Single text lines for the reader: a canvas with margins, the line's nominal box, its text; and boxes that hold no text.

`Lines(seed).make()` gives a Line, `view(line, r)` the jittered crop at the reader's input height, as unburn's reader prepares it."""
from dataclasses import dataclass

import cv2
import numpy as np

from ..dice import Dice, blur
from ..text.alphabet import fold
from ..text.glyphs import HELD, TRAINED, Glyphs
from ..text.strings import Strings
from ..text.vocabulary import Vocabulary
from . import marks, singles
from .scenes import ground, scene

HEIGHT, MAX_WIDTH = 32, 800
EMPTY = .08              # share of boxes without text
LONE, CONSOLE = .10, .11 # shares of lines that are a single sign, a setting of an old console,
RINGED = .3              # share of lone letters and digits in a ring, on a disc or a ball: marks of the probe's side
SAFE, NEAR = .09, .07    # safe words and values, and what is nearly such: the reader must not favour either
UNUSED = str.maketrans("Øø", "Oo")     # a zero with a stroke is far more common
HEIGHTS = [(5.5, 8), (8, 12), (12, 20), (20, 44)]      # of capitals, for the figures
READ = TRAINED | {"x11": .30, "cells": .35}        # bitmap fonts and character cells are what reading fails on
GROUPS = list(READ) + list(HELD)


@dataclass
class Line:
    image: np.ndarray     # u8 [h, w]
    box: tuple            # x0, y0, x1, y1, floats
    text: str             # empty: there is none
    kind: str
    tokens: list          # identifying parts of the text
    group: str            # of fonts
    cap: float


class Lines:
    """real: draw on real pictures too, which have to be installed"""

    def __init__(self, seed, scenes=24, real=False):
        self.d = Dice(seed)
        self.glyphs, self.strings, self.words = Glyphs(self.d), Strings(self.d.r), Vocabulary(self.d.r)
        self.bank = [(ground if real else scene)(self.d, 640) for _ in range(scenes)]

    def make(self, group=None, cap=None, negative=None):
        d = self.d
        if negative or (negative is None and d.chance(EMPTY)):
            return self._empty()
        cap = cap or (d.log_uniform(5.5, 16) if d.chance(.62) else d.log_uniform(12, 44))
        group, font = self.glyphs.font(group or d.weighted(READ))
        text, kind, tokens = self._said()
        text, style = fold(text.translate(UNUSED), font.cover), self.glyphs.style(cap)
        if d.chance(.35):        # cells are drawn with broad strokes, or twice as wide, on many consoles
            style.bold, style.wide = d.pick([(1, 1), (1, 1), (1, 2), (0, 2)])
            style.spacing += style.bold
        shown = text
        if d.chance(.12):        # wide gaps; the label keeps one space
            shown = "".join(c * (d.integer(2, 7) if c == " " and d.chance(.6) else 1) for c in text)
        drawn = self.glyphs.draw(font, shown, cap, style)
        a, cap, base = drawn.alpha, drawn.cap, drawn.base
        if d.chance(.15):
            a = cv2.resize(a, (max(2, int(a.shape[1] * d.uniform(.8, 1.3))), a.shape[0]), interpolation=cv2.INTER_LINEAR)
        ys, xs = np.where(a.any(1))[0], np.where(a.any(0))[0]
        if len(ys) == 0:
            return self.make(group, cap, False)
        a, top, bottom = a[:, xs[0]:xs[-1] + 1], int(ys[0]), int(ys[-1]) + 1
        y0, y1 = self._nominal(top, bottom, base, cap)
        radius = singles.reach(d, a.shape[1], bottom - top, cap) if len(text) == 1 and text.isalnum() and d.chance(RINGED) else 0
        my, mx = (int(part * max(y1 - y0, 2 * radius)) + 4 for part in (.9, .8))
        img = self._ground(a.shape[0] + 2 * my, a.shape[1] + 2 * mx)
        x0, x1 = 0, a.shape[1]
        if radius:
            x, y = a.shape[1] // 2, (top + bottom) // 2
            singles.surround(d, img, mx + x, my + y, radius, d.uniform(60, 255), cap)
            if d.chance(.8):     # what is around a letter is ink to a line finder
                x0, x1, y0, y1 = x - radius, x + radius + 1, y - radius, y + radius + 1
        level = self._ink(img, a, my, mx, (top, bottom))
        if not radius and d.chance(.4):
            self._neighbours(img, font, style, cap, base, (mx, my), (my + top, my + bottom), y1 - y0, level)
        self._rules(img, (mx, my + top, mx + a.shape[1], my + bottom), level)
        img, box, q = self._damage(img, (mx + x0, my + y0, mx + x1, my + y1), cap)
        return Line(img, box, text, kind, tokens, group, cap * q)

    def _said(self):
        """-> text, kind, identifying parts"""
        k, words = self.d.r.random(), self.words
        if k < LONE:             # most boxes of one sign are text all the same: with fewer of them the reader takes them for nothing
            return self.strings.lone()
        if k < LONE + CONSOLE:
            return self.strings.console()
        if k < LONE + CONSOLE + SAFE:
            return (words.words() if self.d.chance(.6) else words.value()), "safe", []
        if k < LONE + CONSOLE + SAFE + NEAR:
            return (words.near_word() if self.d.chance(.75) else words.near_value()), "near", []
        return self.strings.sample()

    def _nominal(self, top, bottom, base, cap):
        """rows of the line box: the ink, the capitals with descenders, or the font cell"""
        k = self.d.r.random()
        if k < .55:
            y0, y1 = top, bottom
        elif k < .8:
            y0, y1 = min(top, round(base - cap)), max(bottom, round(base + .28 * cap))
        else:
            y0, y1 = min(top, round(base - 1.25 * cap)), max(bottom, round(base + .38 * cap))
        if y1 - y0 < .5 * cap:       # a dash alone: a line finder's box is higher
            y0, y1 = min(y0, round(base - cap)), max(y1, round(base))
        return y0, y1

    def _scene(self, h, w):
        t = self.d.pick(self.bank)
        if t.shape[0] < h + 2 or t.shape[1] < w + 2:
            t = cv2.resize(t, (max(w + 2, t.shape[1]), max(h + 2, t.shape[0])))
        y, x = self.d.integer(0, t.shape[0] - h), self.d.integer(0, t.shape[1] - w)
        return t[y:y + h, x:x + w].astype(np.float32)

    def _ground(self, h, w):
        d, k = self.d, self.d.r.random()
        if k < .40:
            return np.full((h, w), d.pick([0, 0, 0, d.integer(0, 30)]), np.float32)
        if k < .50:
            return np.full((h, w), d.integer(0, 256), np.float32)
        if k < .78:
            return self._scene(h, w) * d.uniform(.3, 1)
        if k < .90:
            a, b = d.uniform(0, 255), d.uniform(0, 255)
            return np.linspace(a, b, w, dtype=np.float32)[None].repeat(h, 0) if d.chance(.6) else np.linspace(a, b, h, dtype=np.float32)[:, None].repeat(w, 1)
        t = self._scene(h, w)        # edge of a panel
        if d.chance(.5):
            t[:, :d.integer(0, w)] = d.integer(0, 20)
        else:
            t[:d.integer(0, h)] = d.integer(0, 20)
        return t

    def _ink(self, img, a, my, mx, rows):
        """draws the line so that it can be read; -> its level"""
        d = self.d
        spot = img[my:my + a.shape[0], mx:mx + a.shape[1]]
        local = spot[rows[0]:rows[1]]
        mean, deviation = float(local.mean()), float(local.std())
        level = d.pick([255, 255, 255, 226, 226, 150, 179, 105, 165, 76, d.uniform(90, 255), d.uniform(90, 255), d.uniform(140, 255)])
        need = 30 + 1.2 * deviation if d.chance(.12) else 70 + 1.3 * deviation
        if mean > 128 and (abs(level - mean) < need or d.chance(.8)) and mean > need:
            level = mean - need - d.uniform(0, 60)
        if abs(level - mean) < need:
            level = mean + need + d.uniform(0, 60)
        level = float(np.clip(level, 0, 255))
        if abs(level - mean) < need * .8:
            img *= .35
            level = 255.0 if level - mean * .35 < need else level
        if d.chance(.4 if deviation > 15 else .15):      # outline, shadow or plate
            dark, alpha = (0.0 if level > 128 else 255.0), np.zeros(img.shape, np.uint8)
            alpha[my:my + a.shape[0], mx:mx + a.shape[1]] = a
            k = d.r.random()
            if k < .75:
                shift = 1 if cap_is_small(a) or d.chance(.6) else 2
                under = cv2.dilate(alpha, np.ones((3, 3), np.uint8)) if k < .45 else np.roll(alpha, (shift, shift), (0, 1))
                under = under.astype(np.float32) / 255
                img[:] = img * (1 - under) + dark * under
            else:
                p = d.integer(1, 6)
                img[max(0, my + rows[0] - p):my + rows[1] + p, max(0, mx - p):mx + a.shape[1] + p] = abs(dark - d.uniform(0, 50))
        alpha = a.astype(np.float32) / 255 * (d.uniform(.6, 1) if d.chance(.1) else 1)
        spot[:] = spot * (1 - alpha) + level * alpha
        return level

    def _neighbours(self, img, font, style, cap, base, corner, ink, height, level):
        """the lines above and below, cut where they would touch"""
        d, pitch = self.d, height * self.d.uniform(1.02, 1.6)
        for side in d.pick([(-1,), (1,), (-1, 1)]):
            other = self.glyphs.draw(font, self.strings.sample(30)[0], cap, style)
            y, x = int(corner[1] + base - other.base + side * pitch), corner[0] + d.integer(-int(height), int(height) + 1)
            y0, y1, x0, x1 = max(0, y), min(img.shape[0], y + other.alpha.shape[0]), max(0, x), min(img.shape[1], x + other.alpha.shape[1])
            y0, y1 = (max(y0, ink[1] + 1), y1) if side > 0 else (y0, min(y1, ink[0] - 1))
            if y1 > y0 and x1 > x0:
                alpha = other.alpha[y0 - y:y1 - y, x0 - x:x1 - x].astype(np.float32) / 255
                img[y0:y1, x0:x1] = img[y0:y1, x0:x1] * (1 - alpha) + level * alpha

    def _rules(self, img, ink, level):
        """underlines, frames and bars beside the line"""
        d, (h, w), (x0, y0, x1, y1) = self.d, img.shape, ink
        if d.chance(.08):
            y = y1 + d.integer(1, 5)
            cv2.line(img, (0, y), (w, y), level, 1)
        if d.chance(.04):
            y = y0 - d.integer(1, 5)
            cv2.line(img, (0, y), (w, y), level, 1)
        if d.chance(.05):
            cv2.rectangle(img, (x0 - d.integer(2, 8), y0 - d.integer(2, 6)), (x1 + d.integer(2, 8), y1 + d.integer(2, 6)), level * d.uniform(.4, 1), 1)
        for x in (x0 - d.integer(3, max(4, x0)), x1 + d.integer(3, max(4, w - x1))):
            if d.chance(.055):
                cv2.line(img, (x, 0), (x, h), level, 1)
        if d.chance(.06):        # an edge of a table, a calliper or a graticule runs through
            a, b = (d.integer(0, w), d.integer(0, h)), (d.integer(0, w), d.integer(0, h))
            cv2.line(img, a, b, level * d.uniform(.25, .8), 1, cv2.LINE_AA)

    def _damage(self, img, box, cap):
        d, q = self.d, 1.0
        if d.chance(.28):
            q = d.uniform(min(1.6, max(.55, 5.5 / cap)), 1.7)
            how = d.pick([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA, cv2.INTER_NEAREST if q > 1 else cv2.INTER_AREA])
            h, w = img.shape
            img = cv2.resize(img, (max(8, int(w * q * (d.uniform(.85, 1.2) if d.chance(.25) else 1))), max(8, int(h * q))), interpolation=how)
            fy, fx = img.shape[0] / h, img.shape[1] / w
            box = box[0] * fx, box[1] * fy, box[2] * fx, box[3] * fy
        if d.chance(.05) and cap * q > 7:        # video capture at low resolution
            z, (h, w) = d.uniform(max(.45, 5 / (cap * q)), .9), img.shape
            img = cv2.resize(cv2.resize(blur(img, .6), (max(8, int(w * z)), max(8, int(h * z))), interpolation=cv2.INTER_AREA), (w, h), interpolation=cv2.INTER_CUBIC) * d.uniform(.4, 1)
        if d.chance(.15):
            img = blur(img, d.uniform(.3, .45 + cap * q * .035))
        if d.chance(.03) and cap * q > 9:        # interlacing
            img[1::2] *= d.uniform(.5, .95)
        if d.chance(.2):
            img = img + d.normal(*img.shape) * d.uniform(1, 12)
        img = np.clip(img, 0, 255).astype(np.uint8)
        if d.chance(.35):
            img = cv2.imdecode(cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, d.integer(60, 96)])[1], 0)
        return img, box, q

    def _empty(self):
        """a box that a detector might offer and that holds no text"""
        d = self.d
        height = int(d.log_uniform(8, 50))
        width, margin = int(height * d.uniform(1, 12)), height + 4
        img = self._scene(height + 2 * margin, width + 2 * margin) * d.uniform(.3, 1.2) if d.chance(.7) else self._ground(height + 2 * margin, width + 2 * margin).copy()
        if d.chance(.7):
            marks.scatter(d, img)
        img, box, _ = self._damage(img, (margin, margin, margin + width, margin + height), 12)
        return Line(img, box, "", "empty", [], "empty", 0.0)


def cap_is_small(a):
    return a.shape[0] < 14


def crop(line, r):
    """the box as a detector would give it, padded and a little off"""
    x0, y0, x1, y1 = line.box
    h, k = y1 - y0, r.random()
    if k < .5:
        above, below = r.uniform(-.03, .15), r.uniform(-.03, .15)
    elif k < .85:
        shift = r.gauss(0, .075)
        above, below = max(-.08, min(.15, -shift)) + r.uniform(0, .08), max(-.08, min(.15, shift)) + r.uniform(0, .08)
    else:
        above, below = r.uniform(0, .3), r.uniform(0, .3)
    H, W = line.image.shape
    left, right = max(0, round(x0 - r.uniform(-.02, .35) * h)), min(W, round(x1 + r.uniform(-.02, .45) * h))
    top, bottom = max(0, round(y0 - above * h)), min(H, round(y1 + below * h))
    return line.image[top:max(bottom, top + 4), left:max(right, left + 3)]


def to_input(picture):
    """height 32, aspect kept, bilinear without anti-aliasing"""
    h, w = picture.shape
    return cv2.resize(picture, (int(min(max(HEIGHT * w / h, 10), 2400)), HEIGHT), interpolation=cv2.INTER_LINEAR)


def view(line, r):
    picture, k = to_input(crop(line, r)), r.random()
    if k < .25:
        gain = r.uniform(.5, 1)
        return cv2.convertScaleAbs(picture, alpha=gain, beta=r.uniform(0, 255 * (1 - gain)))
    if k < .35:
        return 255 - picture
    if k < .45:
        return (np.linspace(0, 1, 256) ** r.uniform(.5, 2) * 255).astype(np.uint8)[picture]
    return picture


def fits(line, width):
    """whether CTC has steps enough for the text at this input width"""
    t = line.text
    return width <= MAX_WIDTH and width // 4 >= len(t) + sum(a == b for a, b in zip(t, t[1:])) + 1
