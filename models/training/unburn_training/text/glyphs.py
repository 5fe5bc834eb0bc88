"""Strings to alpha masks: picks a font and a drawing style, and draws lines of text in any script."""
import os
from dataclasses import dataclass

import cv2
import numpy as np

from ..dice import blur
from . import fonts
from .alphabet import fold

TRAINED = {"sans": .24, "mono": .09, "serif": .06, "condensed": .08, "ocr": .03, "x11": .20, "console": .17, "strokes": .13}
HELD = ("held_ttf", "held_bitmap", "held_strokes")


@dataclass
class Style:
    spacing: int       # extra columns between bitmap glyphs
    scaling: float     # how bitmap fonts reach a height: replicate or interpolate
    tall: bool         # double-height console glyphs
    thickness: int     # of strokes
    smooth: bool
    stretch: float
    binary: bool       # no anti-aliasing
    bold: int = 0      # columns by which the strokes of bitmap glyphs are widened
    wide: int = 1      # columns drawn for each column of a bitmap glyph


@dataclass
class Drawn:
    alpha: np.ndarray  # u8 [h, w]
    cap: float         # height of a capital letter, pixels
    base: float        # row of the baseline

    def ink(self):
        """rows and columns that hold ink (two sorted arrays)"""
        return np.where(self.alpha.any(1))[0], np.where(self.alpha.any(0))[0]

    def softened(self, sigma):
        """blurred, as by rescaling or focus; thin strokes keep some of their strength"""
        q = int(3 * sigma) + 1
        alpha = blur(np.pad(self.alpha, q).astype(np.float32), sigma)
        alpha = np.minimum(alpha * min(2.0, 255 / max(1.0, float(alpha.max()))), 255)
        alpha[alpha < 14] = 0
        return Drawn(alpha.astype(np.uint8), self.cap, self.base + q)


class Glyphs:
    def __init__(self, dice):
        self.d, self.zoo = dice, fonts.load()
        self.scripts = [s for s in fonts.SCRIPTS if os.path.exists(s[0])]

    def font(self, group=None):
        group = group or self.d.weighted(TRAINED)
        return group, self.d.pick(self.zoo[group])

    def style(self, cap):
        d = self.d
        return Style(d.pick([0, 0, 0, 0, 1, 2]), d.r.random(), d.chance(.12), max(1, round(cap * d.uniform(.03, .16))), d.chance(.5), d.uniform(.75, 1.15), d.chance(.3) and cap < 24)

    def draw(self, font, text, cap, style):
        """text is folded to what the font has"""
        text = fold(text, font.cover)
        if isinstance(font, fonts.Bitmap):
            a, base = font.draw(text, style.spacing)
            for _ in range(style.bold):
                a = np.maximum(np.pad(a, ((0, 0), (0, 1))), np.pad(a, ((0, 0), (1, 0))))
            a = a.repeat(style.wide, 1)
            k = max(1, round(cap / font.cap))
            if style.scaling < .8 or k == 1 and style.scaling < .93:
                ky = k * 2 if style.tall and k * font.cap < 20 else k
                return Drawn(a.repeat(ky, 0).repeat(k, 1), font.cap * ky, base * ky)
            q = cap / font.cap
            return Drawn(cv2.resize(a, None, fx=q, fy=q, interpolation=cv2.INTER_LINEAR if q > 1 else cv2.INTER_AREA), cap, base * q)
        if isinstance(font, fonts.Strokes):
            a, base = font.draw(text, cap, style.thickness, style.smooth, style.stretch)
            return Drawn(a, cap, base)
        a, base = font.draw(text, cap, style.binary)
        return Drawn(a, cap, base)

    def foreign(self, cap):
        """a line in a script outside the reader's alphabet, letters joined as the script asks where the renderer can"""
        d = self.d
        path, first, last = d.pick(self.scripts)
        text = "".join(chr(d.integer(first, last)) if d.chance(.9) else " " for _ in range(d.integer(1, 13)))
        if d.chance(.4):
            text += ": " + str(d.integer(0, 10000))
        a, base = fonts.draw_freetype(fonts.freetype(path, max(9, int(cap * 1.35)), d.chance(.7)), text)
        return Drawn(a, cap, base)

    def written(self, cap, text):
        """handwriting-like: pen strokes of a script or plain stroke font, every point a little off, on a wavering baseline"""
        d = self.d
        return Drawn(*d.pick(self.zoo["pen"]).written(fold(text, fonts.PEN_COVER), cap, d))
