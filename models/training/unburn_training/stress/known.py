"""Pages on which the text, the kind and the place of every character are known: blocks of lines as on screens, easy to hard.

`page(seed, number)` depends on its arguments alone. Fonts held out from training take part; nothing here is used in training."""
from dataclasses import dataclass

import cv2
import numpy as np

from ..dice import Dice, blur
from ..pictures.canvas import turned
from ..pictures.lines import UNUSED
from ..text.alphabet import fold
from ..text.glyphs import HELD, TRAINED, Glyphs
from ..text.vocabulary import Vocabulary
from .cases import GROUNDS

WIDTH, HEIGHT, BLOCKS, TRIES = 640, 480, 10, 50
TINTS = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, .6, 0), (1, .4, .4))
HARMLESS = .62        # share of the lines
FONTS = TRAINED | {"cells": .25}      # and their shares; changed, the pages are others


@dataclass
class Line:
    text: str              # as drawn: what the font lacks is replaced
    kind: str
    identifies: list       # bool a character
    places: np.ndarray     # x0, y0, x1, y1 a character, pixels
    glyphs: tuple          # rows and columns of its pixels
    group: str             # of fonts
    cap: float             # height of a capital, pixels
    contrast: float        # to its ground, grey levels
    turn: int              # degrees


@dataclass
class Page:
    image: np.ndarray      # u8 [h, w] or [h, w, 3]
    lines: list            # of Line
    damage: str            # what was done to it


@dataclass
class Text:
    alpha: np.ndarray      # u8, cut to its columns
    base: float
    cap: float
    text: str
    kind: str
    identifies: list
    ends: list             # first and last column of each character


def page(seed, number):
    return Maker(Dice(f"known {seed} {number}")).page()


class Maker:
    def __init__(self, dice):
        self.d, self.glyphs, self.words = dice, Glyphs(dice), Vocabulary(dice.r)

    def page(self):
        d = self.d
        zoom = d.uniform(.6, 1.7) if d.chance(.25) else 1.0
        w, h = int(WIDTH / zoom), int(HEIGHT / zoom)
        self.hard = d.r.random()          # 0: a clean screen; 1: all that can happen
        ground = d.pick(list(GROUNDS)) if d.chance(.4) else "plain"
        img = self._ground(ground, h, w)
        self.image = img[..., None].repeat(3, 2) if d.chance(.2) else img
        self.taken, lines = np.zeros((h, w), bool), []
        for _ in range(BLOCKS):
            for _ in range(TRIES):
                block = self._block(zoom)
                if block:
                    lines += block
                    break
        return self._damaged(lines, zoom, ground)

    def _ground(self, kind, h, w):
        d, maker = self.d, GROUNDS[kind]
        if maker is None:
            return np.full((h, w), d.pick((0, 0, 0, d.uniform(0, 60), d.uniform(0, 255))), np.float32)
        scene = np.clip(maker(d, max(h, w)), 0, 255).astype(np.float32)[:h, :w] * d.uniform(.3, 1)
        if d.chance(.7):                  # most text stands beside the picture, not in it
            scene[:, :d.integer(w // 5, w // 2)] = d.pick((0, 0, d.uniform(0, 40)))
        return scene

    def _block(self, zoom):
        """lines of one font and colour below each other; -> [Line], None where they do not fit"""
        d, (h, w) = self.d, self.taken.shape
        cap = (d.log_uniform(6, 16) if d.chance(.75) else d.log_uniform(12, 40)) / zoom
        group, font = self.glyphs.font(d.pick(HELD) if d.chance(.3) else d.weighted(FONTS))
        style, turn = self.glyphs.style(cap), d.pick((90, 270)) if d.chance(.03) else 0
        if d.chance(.15):                 # broad or double-wide cells of old consoles
            style.bold, style.wide = d.pick([(1, 1), (1, 2), (0, 2)])
            style.spacing += style.bold
        texts = [self._text(font, style, cap) for _ in range(1 if turn else d.pick((1, 1, 2, 3, 4, 5)))]
        if not all(texts):
            return None
        above, below = max(t.base for t in texts), max(t.alpha.shape[0] - t.base for t in texts)
        pitch = (above + below) * d.uniform(1.05, 1.7)
        turned_texts = [turned(t.alpha, turn) for t in texts]
        bw = max(a.shape[1] for a, _ in turned_texts)
        bh = turned_texts[0][0].shape[0] if turn else int(pitch * (len(texts) - 1) + above + below) + 2
        gap = max(4, int(.7 * cap))
        if bh + 2 * gap >= h or bw + 2 * gap >= w:
            return None
        y, x = d.integer(gap, h - bh - gap), d.integer(gap, w - bw - gap)
        if self.taken[y - gap:y + bh + gap, x - gap:x + bw + gap].any():
            return None
        self.taken[y:y + bh, x:x + bw] = True
        effect = d.pick(("outline", "shadow", "plate")) if d.chance(.12) else ""
        contrast = d.uniform(90, 230) if d.chance(1 - .5 * self.hard) else d.log_uniform(16, 90)
        level, contrast = self._level(np.s_[y:y + bh, x:x + bw], contrast, effect)
        tint = np.array(d.pick(TINTS), np.float32) if self.image.ndim == 3 and level > 120 else 1.0
        right, lines = d.chance(.15), []
        for i, (t, (a, to_page)) in enumerate(zip(texts, turned_texts)):
            top, left = y + (0 if turn else int(pitch * i + above - t.base)), x + (bw - a.shape[1] if right else 0)
            spot = self.image[top:top + a.shape[0], left:left + a.shape[1]]
            alpha = a.astype(np.float32) / 255
            self._ink(spot, alpha, level * tint, 0.0 if level > 120 else 255.0, effect)
            ys, xs = np.where(a > .45 * a.max())
            lines.append(Line(t.text, t.kind, t.identifies, _places(to_page, t.ends, t.alpha, left, top), (ys + top, xs + left), group, t.cap, contrast, turn))
        return lines

    def _text(self, font, style, cap):
        d = self.d
        if d.chance(HARMLESS):
            (text, kind), parts, harmless = self.words.harmless(), [], True
        else:
            text, kind, parts = self.words.identifying()
            harmless = False
        text, parts = fold(text.translate(UNUSED), font.cover), [fold(p.translate(UNUSED), font.cover) for p in parts]
        text = " ".join(text.split())
        identifies = [not harmless and not any(p in text for p in parts)] * len(text)
        for p in parts:
            for k in range(len(text)):
                if text.startswith(p, k):
                    identifies[k:k + len(p)] = [True] * len(p)
        drawn = self.glyphs.draw(font, text, cap, style)
        _, xs = drawn.ink()
        if len(xs) == 0 or drawn.alpha.max() < 60:
            return None
        columns, ends, done = xs, [], int(xs[0])
        for k in range(len(text)):
            end = self.glyphs.draw(font, text[:k + 1], cap, style).ink()[1]
            end = min(max(done, int(end[-1]) + 1 if len(end) else done), int(xs[-1]) + 1)
            own = columns[(columns >= done) & (columns < end)]
            ends.append((int(own[0]) if len(own) else done, end))
            done = end
        first = int(xs[0])
        return Text(drawn.alpha[:, first:int(xs[-1]) + 1], drawn.base, drawn.cap, text, kind, identifies, [(a - first, b - first) for a, b in ends])

    def _level(self, box, contrast, effect):
        """-> level of the ink and its contrast; the ground is darkened where it is too busy to read on"""
        d, spot = self.d, self.image[box]
        mean, deviation = float(spot.mean()), float(spot.std())
        if deviation > .5 * contrast and d.chance(.8):
            spot *= d.uniform(.1, .5)
            mean, contrast = float(spot.mean()), max(contrast, 70.0)
        up = mean + contrast <= 255 and (mean < 110 or d.chance(.3))
        level = mean + contrast if up else max(0.0, mean - contrast)
        if abs(level - mean) < .7 * contrast:
            level = 255.0 if mean < 128 else 0.0
        return level, abs(level - mean)

    def _ink(self, spot, alpha, level, other, effect):
        under = None
        if effect == "outline":
            under = cv2.dilate(alpha, np.ones((3, 3), np.uint8))
        elif effect == "shadow":
            under = np.zeros_like(alpha)
            under[1:, 1:] = alpha[:-1, :-1]
        elif effect == "plate":
            under = np.ones_like(alpha)
        for a, v in ((under, other), (alpha, level)):
            if a is not None:
                a = a[..., None] if spot.ndim == 3 else a
                spot[:] = spot * (1 - a) + v * a

    # ---- damage ----
    def _damaged(self, lines, zoom, ground):
        d, hard, img, done = self.d, self.hard, self.image, [ground]
        if zoom != 1:
            how = d.pick((cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST) if zoom > 1 else (cv2.INTER_AREA, cv2.INTER_LINEAR))
            img = cv2.resize(img, (WIDTH, HEIGHT), interpolation=how)
            fy, fx = HEIGHT / self.image.shape[0], WIDTH / self.image.shape[1]
            for line in lines:
                line.places, line.cap = line.places * (fx, fy, fx, fy), line.cap * fy
                line.glyphs = tuple(np.minimum((g * f).astype(int), n - 1) for g, f, n in zip(line.glyphs, (fy, fx), (HEIGHT, WIDTH)))
            done.append(f"scale {zoom:.2f}")
        if d.chance(.5 * hard):
            smallest = min((line.cap for line in lines), default=10)
            sigma = d.uniform(.3, max(.7, .12 * smallest))
            img = blur(img, sigma)
            done.append(f"blur {sigma:.2f}")
        if d.chance(.6 * hard):
            strength = d.uniform(1, 14)
            noise = d.normal(HEIGHT, WIDTH) * strength
            img = img + (noise[..., None] if img.ndim == 3 else noise)
            done.append(f"noise {strength:.1f}")
        img = np.clip(np.round(img), 0, 255).astype(np.uint8)
        if d.chance(.6 * hard):
            quality = d.integer(35, 97)
            img = cv2.imdecode(cv2.imencode(".jpg", img, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_UNCHANGED)
            done.append(f"JPEG {quality}")
        if d.chance(.06):
            img = 255 - img
            done.append("inverse")
        return Page(img, lines, ", ".join(done))


def _places(to_page, ends, alpha, left, top):
    """boxes of the characters on the page"""
    rows = np.where(alpha.any(1))[0]
    out = []
    for x0, x1 in ends:
        corners = np.array([(x0, rows[0]), (x1, rows[-1] + 1)], np.float32) @ to_page[:, :2].T + to_page[:, 2]
        out.append((*(corners.min(0) + (left, top)), *(corners.max(0) + (left, top))))
    return np.array(out, np.float64)
