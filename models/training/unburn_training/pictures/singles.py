"""What stands alone on a picture and is easily taken for a mark: small signs, single letters and digits, ringed markers, handwriting,
and codes made of modules. Layouts like those of `layouts.py`: every one takes (pages, canvas, brush) and draws what fits."""
import math

import cv2
import numpy as np

from ..text.glyphs import Drawn
from .marks import smooth_path

SIGNS = ":" * 4 + "%°#?&@$"          # none that a calliper, a tick or an arrow looks like
ORIENTATIONS = "LRLRLRHFAPSIPVHD"
RINGED = "PVLRPHGSMTAFOUXDEN0123456789"


def extent(drawn):
    """top and bottom ink rows relative to the baseline, ink width"""
    ys, xs = drawn.ink()
    return drawn.base - ys[0], ys[-1] + 1 - drawn.base, xs[-1] + 1 - xs[0]


def glyph(pages, b, text):
    """the string drawn, or None where it has no ink"""
    drawn = pages.glyphs.draw(b.font, text, b.cap, b.style)
    return drawn if drawn.alpha.any() else None


def centred(canvas, drawn, x, y, ink, turn=0):
    """puts the ink's middle at (x, y)"""
    up, down, w = extent(drawn)
    return canvas.put(drawn, int(x - w / 2), int(y - (up + down) / 2), ink, turn)


def one(d):
    """a letter, a digit or a sign"""
    k = d.r.random()
    if k < .4:
        return d.pick(ORIENTATIONS)
    if k < .72:
        return d.pick("0123456789")
    return d.pick(SIGNS)


def alone(pages, canvas, b):
    """one to six single characters, some beside a tick, a line or an arrow"""
    d, (H, W) = pages.d, canvas.shape
    for _ in range(d.integer(1, 7)):
        drawn = glyph(pages, b, one(d))
        if not drawn:
            continue
        x, y = d.integer(2, W - 2), d.integer(2, H - 2)
        if d.chance(.4):
            length, gap = max(2, int(b.cap * d.uniform(.3, 1.2))), int(b.cap * d.uniform(.9, 1.6))
            level = float(b.ink.level)
            if d.chance(.6):
                cv2.line(canvas.image, (x - gap - length, y), (x - gap, y), level, 1)
            else:
                cv2.line(canvas.image, (x, y + gap), (x, y + gap + length), level, 1)
        centred(canvas, drawn, x, y, b.ink)


def orientations(pages, canvas, b):
    """the letters of the patient's sides at the middles of the edges, or numbers there"""
    d, (H, W) = pages.d, canvas.shape
    inset = b.cap * d.uniform(.35, 2.5)
    for x, y in ((inset, H / 2), (W - inset, H / 2), (W / 2, inset), (W / 2, H - inset)):
        if d.chance(.3):
            continue
        text = "".join(d.pick("LRAPHFSI") for _ in range(d.pick([1, 1, 1, 2, 3])))
        drawn = glyph(pages, b, text)
        if drawn:
            centred(canvas, drawn, x, y + d.uniform(-.2, .2) * H * d.chance(.3), b.ink)


def clock(pages, canvas, b):
    """fields that move apart: hours, colon, minutes; a label and its value"""
    d, (H, W) = pages.d, canvas.shape
    x, y = d.integer(2, max(3, W - 60)), int(d.uniform(b.cap + 2, max(b.cap + 3, H - 4)))
    two = lambda: f"{d.integer(0, 60):02}"
    for text in d.pick([(two(), ":", two()), (two(), ":", two(), ":", two()), (":", two()), (two(), ":"), ("=", two()), (two(), "/", two()), (d.pick(ORIENTATIONS), ":", two())]):
        drawn = glyph(pages, b, text)
        if drawn:
            up, _, w = extent(drawn)
            canvas.put(drawn, x, int(y - up), b.ink)
            x += w + int(b.cap * d.uniform(.3, 3.5))


def ringed(pages, canvas, b):
    """a letter in a circle, a disc or a box: probe side marks, key numbers, callouts"""
    d, (H, W) = pages.d, canvas.shape
    for _ in range(d.pick([1, 1, 1, 2, 3])):
        drawn = glyph(pages, b, d.pick(RINGED))
        if not drawn:
            continue
        up, down, w = extent(drawn)
        radius = reach(d, w, up + down, b.cap)
        if 2 * radius + 4 > min(H, W):
            continue
        x, y = d.integer(radius + 1, W - radius - 1), d.integer(radius + 1, H - radius - 1)
        if canvas.taken[y - radius:y + radius + 1, x - radius:x + radius + 1].any():
            continue
        level = float(b.ink.level)
        b.ink.level = surround(d, canvas.image, x, y, radius, level, b.cap)
        centred(canvas, drawn, x, y, b.ink)
        b.ink.level = level


def reach(d, w, h, cap):
    """radius of what surrounds a letter of this size"""
    return int(math.hypot(w, h) / 2 + max(1.5, cap * d.uniform(.05, .5)))


def surround(d, image, x, y, radius, level, cap):
    """draws a ring, a disc, a ball or a box about (x, y); -> the level of a letter in it"""
    if d.chance(.25):
        return _ball(d, image, x, y, radius)
    width, kind = max(1, round(cap * d.uniform(.04, .15))), d.r.random()
    if kind < .55:
        cv2.circle(image, (x, y), radius, level, width, cv2.LINE_AA if d.chance(.7) else cv2.LINE_8)
    elif kind < .8:
        cv2.circle(image, (x, y), radius, level, -1, cv2.LINE_AA)
        if d.chance(.35):
            _gloss(d, image[y - radius:y + radius + 1, x - radius:x + radius + 1], radius)
    else:
        cv2.rectangle(image, (x - radius, y - radius), (x + radius, y + radius), level, d.pick([width, width, -1]))
    inner = float(image[y - radius // 2:y + radius // 2 + 1, x - radius // 2:x + radius // 2 + 1].mean())
    filled = abs(inner - level) < 30
    return (0.0 if level > 127 else 255.0) if filled else level


def _ball(d, image, x, y, radius):
    """a grey ball; -> the level of a letter on it, lighter or darker"""
    ball = d.uniform(30, 190)
    cv2.circle(image, (x, y), radius, ball, -1, d.pick([cv2.LINE_AA, cv2.LINE_8]))
    d.pick([_gloss, _reflections])(d, image[y - radius:y + radius + 1, x - radius:x + radius + 1], radius)
    return ball + d.uniform(45, 160) if ball < 110 else ball - d.uniform(45, 160)


def _reflections(d, square, radius):
    """a bright crescent inside one edge of the disc in the square, a weaker glow inside the other"""
    ys, xs = np.mgrid[-radius:radius + 1, -radius:radius + 1].astype(np.float32) / radius
    far, a = np.hypot(xs, ys), d.uniform(0, 6.28)
    toward = (xs * np.cos(a) + ys * np.sin(a)) / np.maximum(far, .01)
    crescent = np.exp(-((far - d.uniform(.6, .85)) / .12) ** 2) * np.clip(toward - d.uniform(.2, .7), 0, 1)
    glow = np.exp(-((far - .6) / .3) ** 2) * np.clip(-toward, 0, 1) ** 4
    square += np.where(far <= 1, d.uniform(80, 300) * crescent + d.uniform(0, 90) * glow, 0)


def _gloss(d, square, radius):
    """makes a ball of the disc in the square: bright where the light falls, dark away from it"""
    ys, xs = np.mgrid[-radius:radius + 1, -radius:radius + 1].astype(np.float32) / radius
    cx, cy = d.uniform(-.4, .4), d.uniform(-.5, .1)
    light = d.uniform(20, 110) * (.6 - np.hypot(xs - cx, ys - cy))
    square += np.where(xs ** 2 + ys ** 2 <= 1, light, 0)


def handwriting(pages, canvas, b):
    """pen strokes on a wavering baseline: a scripts-like font, each point a little off, or letter-like loops"""
    d, (H, W) = pages.d, canvas.shape
    for _ in range(d.pick([1, 1, 2, 4])):
        drawn = pages.glyphs.written(max(9.0, b.cap), pages.strings.sample(d.pick([3, 12, 20]))[0])
        if drawn and drawn.alpha.any():
            canvas.put(drawn, d.integer(-4, max(1, W - 30)), d.integer(0, max(1, H - 10)), b.ink, d.pick([0, 0, 0, d.uniform(-20, 20)]))


# ---- codes ----
def _square_code(d):
    """modules of a QR code, or of a random matrix with solid edges (bool, True is dark)"""
    if d.chance(.7):
        text = "".join(d.pick("0123456789ABCDEFGHJKLMNP-/") for _ in range(d.integer(4, 60)))
        code = cv2.QRCodeEncoder.create().encode(text)[..., :]
        return (code if code.ndim == 2 else code[..., 0]) < 128
    n = d.pick([10, 12, 14, 16, 18, 20, 24])
    m = d.g.random((n, n)) < .5
    m[:, 0] = m[-1] = True
    m[0, 1:], m[:-1, -1] = np.arange(n - 1) % 2 == 1, np.arange(n - 1) % 2 == 1
    return m


def _bars(d):
    """one row of a bar code"""
    widths = [d.pick([1, 1, 1, 2, 2, 3, 4]) for _ in range(d.pick([25, 37, 49, 61]))]
    return np.concatenate([np.full(w, i % 2 == 0) for i, w in enumerate(widths)])[None]


def codes(pages, canvas, b):
    """QR codes, matrix codes and bar codes: identity that is not text, masked all the same"""
    d, (H, W) = pages.d, canvas.shape
    if d.chance(.5):
        m, k = _square_code(d), d.pick([1.5, 2, 2, 3, 3, 4, 5])
        size = (int(m.shape[1] * k), int(m.shape[0] * k))
    else:
        m, k = _bars(d), d.pick([1, 1, 2, 2, 3])
        size = (int(m.shape[1] * k), d.integer(14, 70))
    alpha = cv2.resize(m.astype(np.uint8) * 255, size, interpolation=cv2.INTER_NEAREST)
    if d.chance(.25):
        alpha = np.ascontiguousarray(np.rot90(alpha))
    h, w = alpha.shape
    quiet = d.integer(2, 12)
    if h + 2 * quiet + 2 > H or w + 2 * quiet + 2 > W:
        return
    x, y = d.integer(quiet, W - w - quiet), d.integer(quiet, H - h - quiet)
    if canvas.taken[y - quiet:y + h + quiet, x - quiet:x + w + quiet].any():
        return
    light = d.uniform(170, 255)
    canvas.image[y - quiet:y + h + quiet, x - quiet:x + w + quiet] = light
    b.ink.level, b.ink.contrast, b.ink.effect, b.ink.soft = d.uniform(0, 60), 60, "plain", 0.0
    canvas.put(Drawn(alpha, float(h), float(h)), x, y, b.ink)
    if d.chance(.4):
        b.cap, b.ink.level = d.uniform(6, 14), d.uniform(140, 255)
        drawn = glyph(pages, b, pages.strings.ident()[0])
        if drawn:
            canvas.put(drawn, x, y + h + quiet + 1, b.ink)


def across(d, canvas):
    """lines, long curves and grids drawn over text; the text stays text"""
    H, W = canvas.shape
    if not canvas.segments:
        return
    for _ in range(d.integer(1, 5)):
        x, y = (int(v) for v in d.pick(canvas.segments).region.mean(0))
        level, q = d.uniform(60, 255), d.integer(3, 60)
        kind = d.r.random()
        if kind < .25:
            path = np.vstack([smooth_path(d, x, y, 500)[::-1], smooth_path(d, x, y, 500)])
            cv2.polylines(canvas.image, [path.astype(np.int32).reshape(-1, 1, 2)], False, level, d.pick([1, 1, 2]), d.pick([cv2.LINE_AA, cv2.LINE_8]))
        elif kind < .5:
            cv2.line(canvas.image, (x - q, y + d.integer(-8, 9)), (x + q, y + d.integer(-8, 9)), level, 1, cv2.LINE_AA)
        elif kind < .8:
            cv2.line(canvas.image, (x + d.integer(-8, 9), y - q), (x + d.integer(-8, 9), y + q), level, 1)
        else:
            step = d.integer(20, 90)
            canvas.image[y % step::step] = np.maximum(canvas.image[y % step::step], level * .5)
            canvas.image[:, x % step::step] = np.maximum(canvas.image[:, x % step::step], level * .5)
