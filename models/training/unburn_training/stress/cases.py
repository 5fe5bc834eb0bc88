"""The pictures of the stress suite: lines of known text, one difficulty varied at a time, everything else easy.

`pictures(axis, value, count)` depends on its arguments alone. Nothing here is used in training; fonts held out from training take part."""
import zlib
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..dice import Dice, blur
from ..pictures import anatomy, hard_negatives as hard
from ..pictures.canvas import turned
from ..pictures.scenes import MIXTURE
from ..text import fonts
from ..text.alphabet import ASCII, fold
from ..text.glyphs import Drawn, Glyphs
from ..text.strings import Strings

WIDTH, HEIGHT, LINES, SEED = 640, 480, 6, 20_240
OUTLINES = ("sans", "mono", "serif", "condensed", "held_ttf")
BITMAPS = ("x11", "console", "held_bitmap")
SCRIPTS = {
    "latin": None, "cyrillic": ("NotoSans-Regular.ttf", 0x0410, 0x0450), "greek": ("NotoSans-Regular.ttf", 0x0391, 0x03CA), "chinese": (fonts.NOTO_CJK, 0x4E00, 0x9FA5),
    "kana": (fonts.NOTO_CJK, 0x3041, 0x30FF), "korean": (fonts.NOTO_CJK, 0xAC00, 0xD7A3), "arabic": ("NotoSansArabic-Regular.ttf", 0x0621, 0x064B),
    "hebrew": ("NotoSansHebrew-Regular.ttf", 0x05D0, 0x05EB), "thai": ("NotoSansThai-Regular.ttf", 0x0E01, 0x0E2F), "devanagari": ("NotoSansDevanagari-Regular.ttf", 0x0905, 0x0940),
    "handwriting": None,
}
GROUNDS = {
    "plain": None, "ultrasound": anatomy.ultrasound_sector, "doppler": anatomy.doppler, "slice": anatomy.cross_section, "radiograph": anatomy.radiograph, "scintigram": anatomy.nuclear,
    "endoscopy": hard.endoscopy, "histology": hard.histology, "photo": hard.photo, "trabecula": hard.trabecula, "traces": hard.traces, "window": hard.window,
}
COLOURS = {      # text, ground; luma equal or nearly so except in the first two
    "blue on black": ((0, 0, 255), (0, 0, 0)), "yellow on white": ((255, 255, 0), (255, 255, 255)), "red on green": ((200, 0, 0), (0, 102, 0)),
    "red on grey": ((220, 0, 0), (66, 66, 66)), "green on grey": ((0, 180, 0), (105, 105, 105)), "magenta on green": ((220, 0, 220), (0, 156, 0)), "cyan on grey": ((0, 180, 180), (126, 126, 126)),
}


@dataclass(frozen=True)
class Condition:
    cap: float = 14.0          # height of a capital, pixels
    contrast: float = 90.0     # grey levels
    blur: float = 0.0          # deviation, pixels
    noise: float = 2.0         # deviation, grey levels
    quality: int = 0           # of JPEG; 0: none
    scale: float = 1.0         # the finished picture is resampled by this
    turn: float = 0.0          # degrees
    script: str = "latin"
    ground: str = "plain"
    font: str = ""             # group; empty: any outline font
    colour: str = ""
    letters: int = 0           # length of the text; 0: any


# axis -> (title, {value: condition})
def _axis(field, values, **common):
    return {v: replace(Condition(**common), **{field: v}) for v in values}


AXES = {
    "height": ("height of capitals, px", _axis("cap", (5, 6, 7, 8, 10, 12, 16, 24, 40, 64, 90))),
    "contrast": ("contrast, grey levels", _axis("contrast", (4, 6, 8, 10, 12, 16, 24, 48, 120), noise=0.0)),
    "blur": ("blur, deviation in px (capitals of 28 px)", _axis("blur", (0, .5, 1, 2, 3, 4, 5, 6), cap=28.0)),
    "noise": ("noise, deviation in grey levels", _axis("noise", (0, 4, 8, 16, 24, 32, 48))),
    "quality": ("JPEG quality", _axis("quality", (10, 20, 30, 40, 50, 70, 90))),
    "scale": ("scale, after drawing capitals of 16 px", _axis("scale", (.4, .5, .7, 1, 1.5, 2, 3), cap=16.0)),
    "turn": ("rotation, degrees", _axis("turn", (0, 3, 8, 15, 30, 45, 90, 135, 180, 270))),
    "letters": ("length of the text, characters", _axis("letters", (1, 2, 3, 5, 10))),
    "script": ("script", _axis("script", tuple(SCRIPTS), cap=18.0)),
    "font": ("font", _axis("font", ("sans", "mono", "serif", "condensed", "ocr", "x11", "console", "strokes", "held_ttf", "held_bitmap", "held_strokes"))),
    "ground": ("background", _axis("ground", tuple(GROUNDS))),
    "colour": ("colour of text and ground", _axis("colour", tuple(COLOURS))),
}
NUMBERS = ("height", "contrast", "blur", "noise", "quality", "scale", "turn", "letters")
TEXT_FREE = "text-free"


@dataclass
class Picture:
    image: np.ndarray      # u8 [h, w] or [h, w, 3]
    lines: list            # of bool [h, w]: the glyph pixels of one line each


def pictures(axis, value, count):
    """-> [Picture]"""
    d = Dice(zlib.crc32(f"{SEED} {axis} {getattr(value, '__name__', value)}".encode()))
    if axis == TEXT_FREE:
        return [Picture(np.clip(value(d, WIDTH), 0, 255).astype(np.uint8)[:HEIGHT], []) for _ in range(count)]
    maker = Maker(d)
    return [maker.picture(AXES[axis][1][value]) for _ in range(count)]


def text_free_kinds():
    return list(MIXTURE)


class Maker:
    def __init__(self, dice):
        self.d, self.glyphs, self.strings = dice, Glyphs(dice), Strings(dice.r)

    def picture(self, c):
        d = self.d
        w, h = int(WIDTH / c.scale), int(HEIGHT / c.scale)
        img = self._ground(c, h, w)
        taken, masks = np.zeros((h, w), bool), []
        dark = d.chance(.5)
        for _ in range(LINES):
            for _ in range(40):
                if self._put(c, img, taken, masks, dark):
                    break
        if c.scale != 1:
            how = cv2.INTER_AREA if c.scale < 1 else cv2.INTER_LINEAR
            img = cv2.resize(img, (WIDTH, HEIGHT), interpolation=how)
            masks = [cv2.resize(m.astype(np.float32), (WIDTH, HEIGHT), interpolation=how) > .45 for m in masks]
        if c.blur:
            img = blur(img, c.blur)
        if c.noise and not c.colour:
            img = img + d.normal(*img.shape[:2]) * c.noise
        img = np.clip(np.round(img), 0, 255).astype(np.uint8)
        if c.quality:
            img = cv2.imdecode(cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, c.quality])[1], cv2.IMREAD_UNCHANGED)
        return Picture(img, [m for m in masks if m.sum() >= 3])

    def _ground(self, c, h, w):
        d = self.d
        if c.colour:
            return np.full((h, w, 3), COLOURS[c.colour][1], np.float32)
        maker = GROUNDS[c.ground]
        if maker is None:
            return np.full((h, w), d.uniform(0, 150) if d.chance(.7) else d.uniform(150, 255), np.float32)
        return np.clip(maker(d, max(h, w)), 0, 255).astype(np.float32)[:h, :w].copy()

    def _put(self, c, img, taken, masks, dark):
        d, (h, w) = self.d, img.shape[:2]
        a = self._drawn(c).alpha
        ys, xs = np.where(a.any(1))[0], np.where(a.any(0))[0]
        if len(ys) == 0:
            return False
        a = a[ys[0]:ys[-1] + 1, xs[0]:xs[-1] + 1]
        a = turned(np.ascontiguousarray(a[::-1, ::-1]) if c.turn == 180 else a, 0 if c.turn == 180 else c.turn)[0]
        gap = int(max(6, .8 * c.cap))
        if a.shape[0] + 2 * gap > h or a.shape[1] + 2 * gap > w:
            return False
        y, x = d.integer(gap, h - a.shape[0] - gap + 1), d.integer(gap, w - a.shape[1] - gap + 1)
        if taken[y - gap:y + a.shape[0] + gap, x - gap:x + a.shape[1] + gap].any():
            return False
        box = np.s_[y:y + a.shape[0], x:x + a.shape[1]]
        taken[box] = True
        alpha, spot = a.astype(np.float32) / 255, img[box]
        if c.colour:
            spot[:] = spot * (1 - alpha[..., None]) + np.array(COLOURS[c.colour][0], np.float32) * alpha[..., None]
        else:
            mean = float(spot.mean())
            down = mean - c.contrast >= 0 and (dark or mean + c.contrast > 255)
            spot[:] = spot * (1 - alpha) + (mean - c.contrast if down else min(255.0, mean + c.contrast)) * alpha
        mask = np.zeros((h, w), bool)
        mask[box] = alpha > .45
        masks.append(mask)
        return True

    def _drawn(self, c):
        d = self.d
        if c.script == "handwriting":
            return self.glyphs.written(c.cap, self._text(c))
        if c.script != "latin":
            path, first, last = SCRIPTS[c.script]
            text = "".join(chr(d.integer(first, last)) for _ in range(d.integer(2, 11)))
            return Drawn(*_with_cap(fonts.draw_freetype(fonts.freetype(path if path.startswith("/") else fonts.NOTO + path, round(c.cap * 1.35), True), text), c.cap))
        font = d.pick(self.glyphs.zoo[c.font or d.pick(OUTLINES)])
        style = self.glyphs.style(c.cap)
        style.binary = style.tall = False
        style.scaling = 0.0 if c.font in BITMAPS else 1.0
        style.thickness = max(1, round(c.cap * .1))
        return self.glyphs.draw(font, fold(self._text(c), font.cover), c.cap, style)

    def _text(self, c):
        d = self.d
        if c.letters:
            return "".join(d.pick("ABCDEFGHIKLMNPRSTUVXZabdeghknpqrst0123456789") for _ in range(c.letters))
        text = ""
        while len(text) < 3 or not any(x in ASCII and x.isalnum() for x in text):
            text = self.strings.sample(max(3, min(24, int(500 / c.cap))))[0]
        return text


def _with_cap(drawn, cap):
    return drawn[0], cap, drawn[1]
