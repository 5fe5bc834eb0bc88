"""How text stands on medical screens. Every layout takes (pages, canvas, brush) and draws what fits; `add_text` picks one."""
from dataclasses import dataclass

import cv2
import numpy as np

from ..text.glyphs import Drawn
from . import singles
from .canvas import Ink
from .singles import extent as _extent

LEVELS = [255, 255, 255, 226, 150, 179, 105, 76, 29]   # white, and the luma of common pure colours


@dataclass
class Brush:
    """font, size and ink shared by the lines of one group"""
    font: object
    cap: float
    style: object
    ink: Ink
    foreign: bool


def brush(pages, small=None):
    d = pages.d
    k = d.r.random()
    cap = d.uniform(28, 95) if k < .11 else d.log_uniform(12, 44) if k < .26 else d.log_uniform(5.2, 16)
    if small:
        cap = min(cap, small)
    cap = max(cap, pages.least)
    contrast, texture = d.pick([6, 8, 12, 16, 28, 45, 45, 45, 70, 70]), d.pick([.4, .8, .8, 1.1, 1.4])
    level = d.pick(LEVELS + [d.uniform(90, 255), d.uniform(110, 255), d.uniform(0, 255)])
    if cap > 26 and d.chance(.45):        # large and faint
        contrast, level = d.uniform(6, 26), d.uniform(20, 235)
        texture = d.uniform(.3, .9)
    effect = d.weighted({"plain": .72, "outline": .1, "shadow": .08, "bare": .1})
    soft = d.uniform(.02, .18) if cap > 9 and contrast > 10 and d.chance(.08) and not pages.tiny else 0.0
    return Brush(pages.font(), cap, pages.glyphs.style(cap), Ink(level, contrast, texture, effect, soft), d.chance(.10) and cap > 7)


def _line(pages, b, longest=34, text=None):
    """draws one string, or None where it has no ink"""
    if b.foreign and text is None:
        drawn = pages.glyphs.foreign(b.cap)
    else:
        if text is None:
            text = pages.strings.short() if longest <= 3 else None
        if text is None:
            text = pages.strings.sample(longest)[0]
            if longest > 8 and pages.d.chance(.05):
                text = text[:longest // 2] + pages.d.pick([": ", " "]) + pages.strings.dashes()
        drawn = pages.glyphs.draw(b.font, text, b.cap, b.style)
    return drawn if drawn.alpha.any() else None


def block(pages, canvas, b):
    """lines of one column, often in a corner, pitch 1.05 to 2.3 capitals"""
    d, (H, W) = pages.d, canvas.shape
    lines = [_line(pages, b, d.pick([3, 12, 20, 34])) for _ in range(d.pick([1, 1, 2, 3, 4, 6, 9, 14]))]
    lines = [l for l in lines if l]
    if not lines:
        return
    sizes = [_extent(l) for l in lines]
    ascent, descent, width = (max(s[i] for s in sizes) for i in range(3))
    step = max(int(lines[0].cap * d.uniform(1.25, 2.3)), int(ascent + descent + d.pick([0, 0, 1, 1, 2])))
    align = d.r.random()
    x = d.pick([d.integer(0, 14), max(1, W - width - d.integer(1, 14))]) if d.chance(.5) else d.integer(-20, max(1, W - min(width, W) + 20))
    y = d.pick([d.integer(0, 14), max(1, H - step * len(lines) - d.integer(0, 14))]) if d.chance(.5) else d.integer(0, H)
    for drawn, (up, _, w) in zip(lines, sizes):
        left = x if align < .65 else x + width - w if align < .85 else x + (width - w) // 2
        canvas.put(drawn, left, int(y + ascent - up), b.ink)
        y += step


def table(pages, canvas, b):
    d, (H, W) = pages.d, canvas.shape
    b.style.tall = False
    rows, cols = d.integer(2, 16), d.integer(2, 7)
    first = _line(pages, b, 12)
    if not first:
        return
    cap = first.cap
    step, cell = int(max(cap * d.uniform(1.25, 1.9), cap + 2)), int(cap * d.uniform(4, 11))
    x, y, ruled = d.integer(-10, max(1, W // 2)), d.integer(-5, max(1, H - 30)), d.chance(.35)
    for i in range(rows):
        for j in range(cols):
            if d.chance(.15):
                continue
            drawn = _line(pages, b, d.pick([1, 8]) if j else 12, pages.strings.dashes() if j and d.chance(.06) else None)
            if drawn:
                up, _, _ = _extent(drawn)
                left = drawn.ink()[1][0]
                cut = Drawn(drawn.alpha[:, :max(4, left + cell - 3)], drawn.cap, drawn.base)
                canvas.put(cut, x + j * cell, int(y + i * step + cap - up), b.ink)
        if ruled:
            row = y + i * step + int(cap) + max(2, (step - int(cap)) // 2) + 1
            if 0 <= row < H:
                strip = np.s_[row, max(0, x - 3):x + cols * cell]
                canvas.image[strip][canvas.glyphs[strip] == 0] = b.ink.level * .5


def scale(pages, canvas, b):
    """numbers beside ticks, sometimes only one of them, sometimes a unit or a letter at the end"""
    d, (H, W) = pages.d, canvas.shape
    b.ink.contrast = max(b.ink.contrast, 28)
    n, step, vertical = d.integer(2, 14), d.integer(int(b.cap * 1.6) + 2, 80), d.chance(.6)
    x, y, start, stride = d.integer(4, max(5, W - 30)), d.integer(4, max(5, H - 20)), d.pick([0, 0, 5, 100, -20]), d.pick([1, 1, 2, 5, 10, 20, 50])
    ticks, parts, side, lone = d.chance(.8), d.pick([1, 2, 5]), d.pick([-1, 1]), d.chance(.3)
    long, axis = d.integer(4, 11), d.chance(.3)
    gap, keep = d.integer(1, 6), d.integer(0, n)
    ink = float(b.ink.level)
    for i in range(n):
        if ticks:
            for q in range(parts):
                at, length = i * step + q * step // parts, long if q == 0 else long // 2
                cv2.line(canvas.image, *(((x, y + at), (x + side * length, y + at)) if vertical else ((x + at, y), (x + at, y - length))), ink, 1)
        if lone and i != keep:
            continue
        text = str(start + i * stride) if d.chance(.93) else pages.strings.short()
        drawn = _line(pages, b, 3, text)
        if not drawn:
            continue
        up, down, w = _extent(drawn)
        h = up + down
        if vertical:
            canvas.put(drawn, x + long + gap if side > 0 else x - long - gap - w, int(y + i * step - h // 2), b.ink)
        else:
            canvas.put(drawn, x + i * step - w // 2, y + gap, b.ink)
    if ticks and axis:
        cv2.line(canvas.image, (x, y), (x, y + n * step) if vertical else (x + n * step, y), ink, 1)


def scattered(pages, canvas, b):
    """single words or characters anywhere, some turned or mirrored"""
    d, (H, W) = pages.d, canvas.shape
    for _ in range(d.integer(1, 8)):
        drawn = _line(pages, b, d.pick([1, 1, 3, 8, 16]))
        if drawn:
            if d.chance(.08):
                drawn = Drawn(np.ascontiguousarray(drawn.alpha[:, ::-1]), drawn.cap, drawn.base)
            canvas.put(drawn, d.integer(-4, max(1, W - 6)), d.integer(-2, max(1, H - 6)), b.ink, d.pick([0, 0, 0, 90, 270, d.uniform(-25, 25), d.uniform(-180, 180)]))


def banner(pages, canvas, b):
    d, (H, W) = pages.d, canvas.shape
    h = int(b.cap * d.uniform(1.5, 2.6)) + 3
    y = d.pick([0, H - h, d.integer(0, max(1, H - h))])
    if y < 0 or canvas.taken[y:y + h].any():
        return
    ground = d.pick([255.0, 200.0, 40.0, d.uniform(0, 255)])
    canvas.image[y:y + h] = ground
    b.ink.level = 255.0 - ground if abs(255 - 2 * ground) > 60 else 255.0 if ground < 128 else 0.0
    x = d.integer(0, 12)
    while x < W - 10:
        drawn = _line(pages, b, d.pick([1, 3, 12, 12, 34]))
        if not drawn:
            return
        canvas.put(drawn, x, int(y + (h + drawn.cap) / 2 - _extent(drawn)[0]), b.ink)
        x += drawn.alpha.shape[1] + int(b.cap * d.uniform(1.2, 6))


def buttons(pages, canvas, b):
    """keys of a screen: scattered, or one size in a row or column; labels black or white, or dim ones of keys out of use"""
    d, (H, W) = pages.d, canvas.shape
    labels = [l for l in (_line(pages, b, d.pick([3, 8, 14])) for _ in range(d.integer(1, 7))) if l]
    if not labels:
        return
    px, py = d.integer(2, 14), d.integer(2, 9)
    face, bevel, slope = d.uniform(0, 255), d.chance(.4), d.uniform(-60, 60) if d.chance(.4) else 0.0
    kw, kh = (max(l.alpha.shape[i] for l in labels) + 2 * p for i, p in ((1, px), (0, py)))
    in_order, down, apart, dim = d.chance(.5), d.chance(.4), d.integer(0, 8), d.chance(.45)
    x, y = d.integer(0, max(1, W - kw)), d.integer(0, max(1, H - kh))
    for drawn in labels:
        h, w = drawn.alpha.shape
        if not in_order:
            kw, kh, face = w + 2 * px, h + 2 * py, d.uniform(0, 255)
            x, y = d.integer(0, max(1, W - kw)), d.integer(0, max(1, H - kh))
        if x + kw <= W and y + kh <= H and not canvas.taken[y:y + kh, x:x + kw].any():
            _key(d, canvas.image, (x, y, kw, kh), face, bevel, slope)
            ys, xs = drawn.ink()
            dark = face > 128
            b.ink.level = face + (-1 if dark else 1) * d.log_uniform(14, 90) if dim and d.chance(.7) else 0.0 if dark else 255.0
            canvas.put(drawn, x + (kw - w) // 2 + int(xs[0]), y + (kh - h) // 2 + int(ys[0]), b.ink)
        x, y = (x, y + kh + apart) if down else (x + kw + apart, y)


def _key(d, image, box, face, bevel, slope):
    """one key's face: filled (its tone sloping from top to bottom) or a line around, with light and dark edges where bevelled"""
    x, y, w, h = box
    if d.chance(.75):
        image[y:y + h, x:x + w] = np.clip(face + slope * np.linspace(-.5, .5, h, dtype=np.float32)[:, None], 0, 255)
    if bevel:
        light, dark = min(255.0, face + d.uniform(20, 90)), max(0.0, face - d.uniform(20, 90))
        image[y, x:x + w] = image[y:y + h, x] = light
        image[y + h - 1, x:x + w] = image[y:y + h, x + w - 1] = dark
    else:
        cv2.rectangle(image, (x, y), (x + w - 1, y + h - 1), d.uniform(0, 255), 1)


def slanted(pages, canvas, b):
    d, (H, W) = pages.d, canvas.shape
    drawn = _line(pages, b, d.pick([8, 20, 34]))
    if drawn:
        canvas.put(drawn, d.integer(-4, max(1, W - 10)), d.integer(-4, max(1, H - 10)), b.ink, d.pick([90, 180, 270, d.uniform(-12, 12), d.uniform(-4, 4), d.uniform(-60, 60), d.uniform(-60, 60), d.uniform(-180, 180)]))


def prose(pages, canvas, b):
    """a page of text"""
    d, (H, W) = pages.d, canvas.shape
    b.ink.contrast = 70
    x, y, step = d.integer(5, 60), d.integer(5, max(6, H // 2)), None
    for _ in range(d.integer(5, 24)):
        drawn = _line(pages, b)
        if not drawn:
            continue
        step = step or int(drawn.cap * d.uniform(1.45, 2.2)) + 1
        while drawn.alpha.shape[1] < W * d.uniform(.3, .9):
            more = _line(pages, b)
            if not more or more.alpha.shape[0] != drawn.alpha.shape[0] or more.base != drawn.base:
                break
            gap = np.zeros((drawn.alpha.shape[0], int(drawn.cap * .5) + 1), np.uint8)
            drawn = Drawn(np.hstack([drawn.alpha, gap, more.alpha]), drawn.cap, drawn.base)
        canvas.put(drawn, x, int(y + drawn.cap - _extent(drawn)[0]), b.ink)
        y += step


# layout -> (weight, largest capital)
LAYOUTS = {
    block: (.27, None), table: (.10, 18), scale: (.18, 16), scattered: (.13, None), banner: (.06, None), buttons: (.08, 20), slanted: (.08, None), prose: (.05, 16),
    singles.alone: (.24, None), singles.orientations: (.10, None), singles.clock: (.05, 40), singles.ringed: (.06, 40), singles.handwriting: (.03, None), singles.codes: (.02, None),
}


def add_text(pages, canvas):
    layout = pages.d.weighted({f: w for f, (w, _) in LAYOUTS.items()})
    layout(pages, canvas, brush(pages, LAYOUTS[layout][1]))


def lead_marker(pages, canvas):
    """markers of projection radiography: big soft letters, turned or mirrored, bare, ringed or on a plate, sometimes with initials"""
    d, (H, W) = pages.d, canvas.shape
    for _ in range(d.pick([1, 1, 2])):
        b = brush(pages)
        b.cap, b.foreign = d.log_uniform(12, 100), False
        b.style = pages.glyphs.style(b.cap)
        b.font = pages.font()
        dark = d.chance(.25)
        b.ink = Ink(d.uniform(0, 60) if dark else d.uniform(130, 255), d.pick([12, 20, 35, 60]), .6, d.weighted({"plain": .8, "bare": .2}))
        drawn = _line(pages, b, 8, pages.strings.marker())
        if not drawn:
            continue
        if d.chance(.3):
            drawn = Drawn(np.ascontiguousarray(drawn.alpha[:, ::-1]), drawn.cap, drawn.base)
        if d.chance(.4):
            drawn = Drawn(cv2.GaussianBlur(drawn.alpha, (0, 0), max(.4, b.cap * d.uniform(.01, .05))), drawn.cap, drawn.base)
        up, down, w = _extent(drawn)
        h = int(up + down)
        x, y = d.integer(4, max(5, W - w - 4)), d.integer(4, max(5, H - h - 4))
        if d.chance(.3) and not canvas.taken[max(0, y - h):y + 2 * h, max(0, x - h):x + w + h].any():
            c, edge = (x + w // 2, y + h // 2), float(b.ink.level)
            if d.chance(.6):
                cv2.ellipse(canvas.image, c, (int(w * .75) + h // 3, int(h * .95)), 0, 0, 360, edge, max(1, int(b.cap * d.uniform(.04, .12))), cv2.LINE_AA)
            else:
                cv2.rectangle(canvas.image, (x - h // 3, y - h // 3), (x + w + h // 3, y + h + h // 3), edge * d.uniform(.3, .7), d.pick([-1, 1, 2]))
        canvas.put(drawn, x, y, b.ink, d.pick([0, 0, 90, 270, d.uniform(-30, 30), d.uniform(-180, 180)]))
    if d.chance(.35):
        block(pages, canvas, brush(pages))
