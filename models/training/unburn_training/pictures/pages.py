"""Whole pages for the detector: a background, marks, text in the layouts of medical screens, and the damage of real files.

`Pages(seed).page(h, w)` gives a Page: the picture, its glyph mask and the text segments."""
from dataclasses import dataclass

import cv2
import numpy as np

from ..dice import Dice, blur
from ..text.glyphs import HELD, Glyphs
from ..text.strings import Strings
from . import layouts, marks, real, singles
from .anatomy import radiograph
from .canvas import Canvas
from .scenes import ground

SCENE_SIZE = 640
SMALLEST_CAP = 4.8       # px, after shrinking


@dataclass
class Page:
    image: np.ndarray     # u8 [h, w]
    glyphs: np.ndarray    # u8 [h, w], 255 where a glyph is
    segments: list        # of targets.Segment


class Pages:
    """scenes: how many backgrounds the bank holds; held: draw 40 % of the text in fonts that training never uses"""

    def __init__(self, seed, scenes=24, held=False):
        self.d = Dice(seed)
        self.glyphs, self.strings, self.held = Glyphs(self.d), Strings(self.d.r), held
        self.tiny = False         # a whole small picture: its text is sharp, what is soft there is anatomy
        self.least = 0.0          # height of the smallest capitals: what is shrunk afterwards has to be larger
        self.bank = [ground(self.d, SCENE_SIZE) for _ in range(scenes)]

    def font(self):
        return self.glyphs.font(self.d.pick(HELD) if self.held and self.d.chance(.4) else None)[1]

    def page(self, h=512, w=512, text=None):
        """text: True, False or None (four of five pages)"""
        d = self.d
        text = d.chance(.8) if text is None else text
        film = text and d.chance(.07)         # a radiograph with a lead marker
        zoom = d.pick([d.uniform(.7, 1.45), d.uniform(.7, 1.45), d.uniform(.4, .7)]) if d.chance(.34) else 1.0
        self.least = SMALLEST_CAP / zoom if zoom < 1 else 0.0
        ch, cw = (int(h / zoom) + 1, int(w / zoom) + 1) if zoom != 1 else (h, w)
        canvas = Canvas(d, self._background(ch, cw, film, text))
        if d.chance(.3 if film else .8):
            marks.scatter(d, canvas.image)
        if film:
            layouts.lead_marker(self, canvas)
        elif text:
            for _ in range(d.pick([1, 1, 2, 3, 4, 5])):
                layouts.add_text(self, canvas)
            if d.chance(.10):
                singles.across(d, canvas)
            if d.chance(.35):
                marks.rules(d, canvas)
            if d.chance(.15):
                real.icons_beside(d, canvas)
        return self._damage(canvas, h, w, zoom)

    def small_page(self, side, text=None):
        """a whole tiny picture, edge to edge; text: True, False or None (one of three)"""
        d, self.tiny, self.least = self.d, True, 0.0
        text = d.chance(.33) if text is None else text
        canvas = Canvas(d, cv2.resize(self._scene(), (side, side), interpolation=d.pick([cv2.INTER_AREA, cv2.INTER_LINEAR])).astype(np.float32))
        if text:
            for _ in range(d.pick([1, 1, 2])):
                layouts.add_text(self, canvas)
        page, self.tiny = self._damage(canvas, side, side, 1.0), False
        return page

    # ---- background ----
    def _scene(self):
        if self.d.chance(.08):
            self.bank[self.d.integer(0, len(self.bank))] = ground(self.d, SCENE_SIZE)
        return self.d.pick(self.bank)

    def _background(self, h, w, film, text):
        d = self.d
        img = np.full((h, w), d.pick([0, 0, 0, 0, 0, d.integer(0, 30), d.integer(0, 256)]), np.float32)
        if film:
            t = cv2.resize(np.clip(radiograph(d, SCENE_SIZE), 0, 255), (w, h))
            return t * d.uniform(.3, 1) + d.uniform(0, 40)
        if d.chance(.12 if text else .06):
            return img + d.octaves(h, w, 2, 1.5) * d.uniform(2, 25) if d.chance(.4) else img
        t = self._scene()
        if d.chance(.45):
            z = d.uniform(.45, 1.8)
            t = cv2.resize(t, None, fx=z, fy=z, interpolation=d.pick([cv2.INTER_LINEAR, cv2.INTER_AREA, cv2.INTER_CUBIC]))
        if d.chance(.5):
            t = t[:, ::-1]
        if d.chance(.2):
            t = 255 - t
        th, tw = t.shape
        gain = d.uniform(.4, 1.15)
        for _ in range(2 if th < h * .7 else 1):
            y, x = d.integer(-th // 4, max(1, h - th * 3 // 4)), d.integer(-tw // 4, max(1, w - tw * 3 // 4))
            ys, xs = max(0, y), max(0, x)
            hh, ww = min(h - ys, th - (ys - y)), min(w - xs, tw - (xs - x))
            if hh > 0 and ww > 0:
                img[ys:ys + hh, xs:xs + ww] = t[ys - y:ys - y + hh, xs - x:xs - x + ww].astype(np.float32) * gain
        return img

    # ---- damage: rescaling, blur, noise, compression, inversion ----
    def _damage(self, canvas, h, w, zoom):
        d, img, glyphs, segments = self.d, np.clip(canvas.image, 0, 255), canvas.glyphs, canvas.segments
        if zoom != 1:
            ch, cw = img.shape
            how = d.pick([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_NEAREST] if zoom > 1 else [cv2.INTER_AREA, cv2.INTER_LINEAR])
            img = cv2.resize(img, (w, h), interpolation=how)
            glyphs = (cv2.resize(glyphs, (w, h), interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR) > 110).astype(np.uint8) * 255
            segments = [s.scaled(w / cw, h / ch) for s in segments]
        if d.chance(.2):
            smallest = min((s.cap for s in segments), default=d.uniform(6, 40))
            img = blur(img, d.uniform(.3, .8 if self.tiny else max(.8, d.pick([.08, .08, .16, .22]) * smallest)))
        if d.chance(.24):
            img = img + d.normal(h, w) * d.uniform(1, d.pick([9, 9, max(9, .45 * min(canvas.faintest, 120))]))
        if d.chance(.1):
            img = img * d.uniform(.35, .9) + d.uniform(0, 60)
        elif d.chance(.3):      # hardly seen, until compression makes patterns of it
            img = img + d.normal(h, w) * d.uniform(.3, 3)
        img = np.clip(img, 0, 255).astype(np.uint8)
        if d.chance(.42):
            quality = d.integer(30, 60) if d.chance(.4) else d.integer(60, 96)
            img = cv2.imdecode(cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)
        elif d.chance(.10):
            rate = int(d.log_uniform(15, 200))     # thousandths of the raw size
            img = cv2.imdecode(cv2.imencode(".jp2", img, [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, rate])[1], 0)
        if d.chance(.12):
            img = 255 - img
        return Page(img, glyphs, segments)
