"""Graphics that stand beside text on screens and are not text: rules, rulers, wedges, callipers, traces, pictograms, arrows."""
import math

import cv2
import numpy as np

from ..dice import blur, unit_blob
from .hard_negatives import pictogram


def scatter(d, img):
    """draws up to seven marks into img (float32 [h, w])"""
    for _ in range(d.integer(0, 8)):
        y, x = d.integer(0, img.shape[0]), d.integer(0, img.shape[1])
        d.pick(MARKS)(d, img, x, y, d.pick([255.0, 255.0, d.uniform(60, 255), d.uniform(60, 255)]), d.pick([1, 1, 1, 2, 3]))


def rules(d, canvas):
    """axes, frames and underlines a few pixels from some of the lines of a page, longer than these, with or without ticks"""
    for s in canvas.segments:
        if not d.chance(.3):
            continue
        (left, top), (right, bottom) = s.region.min(0).astype(int), s.region.max(0).astype(int) + 1
        gap, width, ink = d.integer(1, 3 + int(s.cap * .5)), d.pick([1, 1, 1, 2, 3]), d.pick([255.0, 0.0, d.uniform(0, 255)])
        before, after = d.integer(0, 200), d.integer(0, 200)
        side, ticks, tick = d.pick(["above", "below", "below", "left", "right"]), d.chance(.5), d.pick([-1, 1]) * d.integer(2, 10)
        step, upright = d.integer(4, 60), side in ("left", "right")
        drawn = np.zeros(canvas.shape[::-1] if upright else canvas.shape, np.uint8)
        if upright:         # drawn lying and turned at the end
            left, top, right, bottom = top, left, bottom, right
        y = top - gap - width if side in ("above", "left") else bottom + gap
        cv2.rectangle(drawn, (left - before, y), (right + after, y + width - 1), 255, -1)
        for x in range(left - before, right + after, step) if ticks else ():
            cv2.line(drawn, (x, y), (x, y + tick), 255, 1)
        drawn = drawn.T if upright else drawn
        canvas.image[(drawn > 0) & ~canvas.taken] = ink


def ruler(d, img, x, y, ink, width):
    step, length, vertical, major = d.integer(4, 40), d.integer(2, 10), d.chance(.6), d.pick([5, 10, 1, 2])
    n = d.integer(4, 60)
    for i in range(n):
        e = length * (2 if i % major == 0 else 1)
        cv2.line(img, *(((x, y + i * step), (x + e, y + i * step)) if vertical else ((x + i * step, y), (x + i * step, y + e))), ink, 1)
    if d.chance(.4):
        cv2.line(img, (x, y), (x, y + n * step) if vertical else (x + n * step, y), ink, 1)


def wedge(d, img, x, y, ink, width):
    H, W = img.shape
    w, h = (d.integer(6, 25), d.integer(60, 250)) if d.chance(.7) else (d.integer(60, 250), d.integer(6, 20))
    w, h, steps = min(w, W - x), min(h, H - y), d.pick([0, 0, 8, 16])
    ramp = lambda n: np.linspace(255, 0, n, dtype=np.float32) if not steps else np.floor(np.linspace(0, steps - .01, n)).astype(np.float32) * 255 / (steps - 1)
    img[y:y + h, x:x + w] = ramp(h)[:, None] if h > w else ramp(w)[None]
    if d.chance(.5):
        cv2.rectangle(img, (x - 1, y - 1), (x + w, y + h), ink, 1)


def frame(d, img, x, y, ink, width):
    cv2.rectangle(img, (x, y), (x + d.integer(6, 400), y + d.integer(6, 300)), ink, d.pick([1, 1, 2]))


def line(d, img, x, y, ink, width):
    cv2.line(img, (x, y), (d.integer(0, img.shape[1]), d.integer(0, img.shape[0])), ink, width, d.pick([cv2.LINE_8, cv2.LINE_AA]))


def callipers(d, img, x, y, ink, width):
    """two or four crosses joined by dots, dashes or nothing"""
    for _ in range(d.pick([1, 1, 2])):
        x2, y2 = x + d.integer(-160, 160), y + d.integer(-160, 160)
        n, size = max(4, int(math.hypot(x2 - x, y2 - y) / d.integer(3, 9))), d.pick([0, 0, 1, 2])
        if d.chance(.8):
            for i in range(n):
                p = int(x + (x2 - x) * i / n), int(y + (y2 - y) * i / n)
                cv2.circle(img, p, size, ink, -1)
        shape, extent, w = d.integer(0, 6), d.integer(5, 18), d.pick([1, 1, 2])
        for q in ((x, y), (x2, y2)):
            cv2.drawMarker(img, q, ink, shape, extent, w)
        x, y = x + d.integer(-40, 40), y + d.integer(-40, 40)


def heartbeat(d, img, x, y, ink, width):
    n = d.integer(80, max(81, img.shape[1]))
    xs = np.arange(n) + x
    ph = (xs / d.uniform(20, 120)) % 1
    ys = y + np.cumsum(d.normal(1, n)[0]) * d.uniform(0, .6) - d.uniform(10, 50) * np.exp(-((ph - .4) / .03) ** 2)
    ys = ys - d.uniform(2, 12) * np.exp(-((ph - .7) / .08) ** 2) + d.uniform(0, 12) * np.exp(-((ph - .45) / .02) ** 2)
    cv2.polylines(img, [np.stack([xs, ys], 1).astype(np.int32).reshape(-1, 1, 2)], False, ink, d.pick([1, 1, 2]), cv2.LINE_AA)


def sweep(d, img, x, y, ink, width):
    """an ECG as monitors draw it: a level line, low waves, steep peaks a few pixels wide; cut off where the sweep is"""
    period, tall, foot = d.integer(25, 160), d.uniform(6, 55), d.uniform(1, 4.5)
    xs = np.arange(min(d.integer(60, 900), img.shape[1] - x))
    at = xs % period - period * .45
    peak = lambda centre, half: np.clip(1 - np.abs(at - centre) / half, 0, 1)
    low = lambda centre, half: np.exp(-((at - centre) / half) ** 2)
    up = tall * (peak(0, foot) - d.uniform(0, .3) * peak(foot, foot * .7) - d.uniform(0, .2) * peak(-foot, foot * .7))
    up += tall * (d.uniform(.03, .15) * low(-period * .16, period * .03) + d.uniform(.06, .3) * low(period * .22, period * .06))
    points = np.stack([x + xs, y - up], 1).round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(img, [points], False, ink, width, d.pick([cv2.LINE_8, cv2.LINE_8, cv2.LINE_AA]))


def smooth_path(d, x, y, reach):
    """a curve of even bends that begins at (x, y) -> float [n, 2], one point a pixel or so"""
    n = d.integer(max(8, reach // 3), max(9, reach))
    turn = d.uniform(0, 6.28) + np.cumsum(np.cumsum(d.normal(1, n)[0] * d.uniform(.0001, .0012)) + d.uniform(-.006, .006))
    return np.stack([x + np.cumsum(np.cos(turn)), y + np.cumsum(np.sin(turn))], 1)


def stipple(d, img, x, y, ink, width):
    """points strewn along a curve: a wall that was traced, what is left of an edge in a threshold picture"""
    path, loose = smooth_path(d, x, y, 400), d.uniform(.3, 5)
    picked = path[d.g.random(len(path)) < d.uniform(.15, .9)]
    for px, py in picked + d.normal(len(picked), 2) * loose:
        cv2.circle(img, (int(px), int(py)), d.pick([0, 0, 0, 1]), ink, -1)


def ellipse(d, img, x, y, ink, width):
    cv2.ellipse(img, (x, y), (d.integer(3, 60), d.integer(3, 60)), d.integer(0, 180), 0, d.pick([360, 180, 90]), ink, d.pick([1, 2, -1]), cv2.LINE_AA)


def graticule(d, img, x, y, ink, width):
    step, a = d.integer(12, 80), d.pick([1, 2, 4])
    img[y % step::step, ::a] = ink * d.uniform(.2, .8)
    img[::a, x % step::step] = ink * d.uniform(.2, .8)


def tool_bar(d, img, x, y, ink, width):
    q = d.integer(12, 40)
    for i in range(d.integer(1, 5)):
        if x + i * (q + 4) < img.shape[1] - 2 and y < img.shape[0] - 2:
            pictogram(d, img, x + i * (q + 4), y, q)


def body_mark(d, img, x, y, ink, width):
    q, w = d.uniform(.5, 2.5), d.pick([1, 1, 2])
    p = lambda a, b: (int(x + a * q), int(y + b * q))
    outline = [(-3, 6), (-10, 9), (-12, 30), (-9, 30), (-7, 15), (-7, 35), (-6, 60), (-2, 60), (0, 36), (2, 60), (6, 60), (7, 35), (7, 15), (9, 30), (12, 30), (10, 9), (3, 6)]
    cv2.circle(img, p(0, 0), int(5 * q), ink, w, cv2.LINE_AA)
    cv2.polylines(img, [np.array([p(*o) for o in outline], np.int32)], d.chance(.5), ink, w, cv2.LINE_AA)
    if d.chance(.6):
        cv2.rectangle(img, p(-3, d.uniform(5, 40)), p(3, d.uniform(5, 40)), ink, -1)


def organ_mark(d, img, x, y, ink, width):
    q = d.integer(15, 50)
    cv2.ellipse(img, (x, y), (q, int(q * d.uniform(.6, 1))), 0, 0, d.pick([360, 180, 270]), ink, width, cv2.LINE_AA)
    cv2.circle(img, (x, y), max(2, q // 5), ink, 1, cv2.LINE_AA)
    cv2.line(img, (x, y), (x + d.integer(-q, q), y + d.integer(-q, q)), ink, 2)


def arrow(d, img, x, y, ink, width):
    cv2.arrowedLine(img, (x, y), (x + d.integer(-60, 60), y + d.integer(-60, 60)), ink, width, cv2.LINE_AA if d.chance(.5) else cv2.LINE_8, 0, d.uniform(.15, .5))


def pointer(d, img, x, y, ink, width):
    """mouse pointer, focus triangle"""
    q = d.integer(4, 16)
    p = [(x, y), (x + q, y + q), (x + q // 3, y + int(q * 1.1)), (x, y + int(q * 1.5))] if d.chance(.5) else [(x, y), (x + q, y - q // 2), (x + q, y + q // 2)]
    cv2.fillPoly(img, [np.array(p, np.int32)], ink)


def dashed(d, img, x, y, ink, width):
    length, dash, vertical = d.integer(40, 400), d.integer(2, 12), d.chance(.5)
    for i in range(0, length, 2 * dash):
        cv2.line(img, (x, y + i) if vertical else (x + i, y), (x, y + i + dash) if vertical else (x + i + dash, y), ink, 1)


def cross_or_checker(d, img, x, y, ink, width):
    q = d.integer(8, 60)
    h, w, p = min(q, img.shape[0] - y), min(q, img.shape[1] - x), d.pick([1, 2, 4])
    if d.chance(.5):
        img[y:y + h, x:x + w] = (((np.arange(h)[:, None] // p) + (np.arange(w)[None] // p if d.chance(.5) else 0)) % 2) * ink
    else:
        cv2.line(img, (x - q, y), (x + q, y), ink, 1)
        cv2.line(img, (x, y - q), (x, y + q), ink, 1)


def dust(d, img, x, y, ink, width):
    for _ in range(d.integer(3, 60)):
        cv2.circle(img, (d.integer(0, img.shape[1]), d.integer(0, img.shape[0])), d.pick([0, 0, 1, 2]), ink, -1)


def ladder(d, img, x, y, ink, width):
    """evenly spaced small marks: squares, dots, pluses, diamonds, dashes"""
    step, vertical, size, kind = d.integer(5, 45), d.chance(.65), d.pick([0, 1, 1, 2, 3]), d.integer(0, 5)
    for i in range(d.integer(4, 50)):
        a, b = (x, y + i * step) if vertical else (x + i * step, y)
        z = size + (2 if i % 5 == 0 and d.chance(.9) else 0)
        if kind == 0:
            cv2.rectangle(img, (a, b), (a + z, b + size), ink, -1)
        elif kind == 1:
            cv2.circle(img, (a, b), z, ink, -1)
        elif kind == 2:
            cv2.line(img, (a - z - 1, b), (a + z + 1, b), ink, 1)
            if i % 2 == 0:
                cv2.line(img, (a, b - z - 1), (a, b + z + 1), ink, 1)
        elif kind == 3:
            cv2.fillPoly(img, [np.array([(a, b - z - 1), (a + z + 1, b), (a, b + z + 1), (a - z - 1, b)], np.int32)], ink)
        else:
            cv2.line(img, (a - z - 2, b), (a + z + 2, b), ink, 1)


def curves(d, img, x, y, ink, width):
    """pictogram of smooth curves, often mirrored"""
    q, u = d.integer(14, 70), np.linspace(0, 1, 24)[:, None]
    for _ in range(d.integer(2, 8)):
        p = [np.array((x + d.uniform(-q, q), y + d.uniform(-q, q))) for _ in range(4)]
        b = (1 - u) ** 3 * p[0] + 3 * u * (1 - u) ** 2 * p[1] + 3 * u * u * (1 - u) * p[2] + u ** 3 * p[3]
        b = np.round(b * 8).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(img, [b], d.chance(.15), ink, width, cv2.LINE_AA, 3)
        if d.chance(.6):
            b = b.copy()
            b[:, 0, 0] = 16 * x - b[:, 0, 0]
            cv2.polylines(img, [b], False, ink, width, cv2.LINE_AA, 3)


def mottled_patch(d, img, x, y, ink, width):
    """colour Doppler box, elastogram, foam"""
    h, w = min(d.integer(20, 140), img.shape[0] - y), min(d.integer(20, 140), img.shape[1] - x)
    if h <= 8 or w <= 8:
        return
    n = d.smooth(h, w, d.uniform(.8, 5))
    m = unit_blob(h, w, (w // 2, h // 2), (w // 2 - 2, h // 2 - 2), d.integer(0, 180)) if d.chance(.7) else np.ones((h, w), np.float32)
    if d.chance(.5):
        n = np.sign(n - d.uniform(-.5, 1.2))
    m = blur(m, 1.0)
    img[y:y + h, x:x + w] = img[y:y + h, x:x + w] * (1 - m) + m * (d.uniform(30, 160) + n * d.uniform(20, 110))


def flow_box(d, img, x, y, ink, width):
    """power or colour Doppler: a frame, and in it vessels that branch like roots, saturated and ragged"""
    h, w = min(d.integer(40, 260), img.shape[0] - y), min(d.integer(40, 320), img.shape[1] - x)
    if h <= 20 or w <= 20:
        return
    t = np.zeros((h, w), np.float32)
    for _ in range(d.integer(1, 4)):
        cx, cy, reach = d.integer(w // 4, 3 * w // 4 + 1), d.integer(h // 4, 3 * h // 4 + 1), min(h, w) * d.uniform(.2, .5)
        for _ in range(d.integer(6, 40)):
            a, px, py, thick = d.uniform(0, 6.28), float(cx), float(cy), d.uniform(1.5, 9)
            for _ in range(d.integer(2, 9)):
                a += d.r.gauss(0, .4)
                qx, qy = px + math.cos(a) * reach / 5, py + math.sin(a) * reach / 5
                cv2.line(t, (int(px), int(py)), (int(qx), int(qy)), d.uniform(.5, 1), max(1, int(thick)), cv2.LINE_AA)
                px, py, thick = qx, qy, thick * .8
    t = np.clip(blur(t, d.uniform(.6, 2)) * d.uniform(1, 1.8) + d.smooth(h, w, d.uniform(.7, 2)) * .12 * (t > 0), 0, 1)
    img[y:y + h, x:x + w] = np.maximum(img[y:y + h, x:x + w], t * d.uniform(110, 255))
    if d.chance(.7):
        cv2.rectangle(img, (x, y), (x + w - 1, y + h - 1), ink, 1)


def covered(d, img, x, y, ink, width):
    """what an earlier redaction left: flat boxes in one tone, over anything and over each other"""
    level = d.pick([0.0, 0.0, ink, float(img[y, x])])
    for _ in range(d.integer(1, 6)):
        x, y = max(0, x + d.integer(-40, 60)), max(0, y + d.integer(-30, 30))
        img[y:y + d.integer(8, 40), x:x + d.integer(10, 220)] = level


def sheared_box(d, img, x, y, ink, width):
    a, w, h = d.uniform(-.5, .5), d.integer(30, 250), d.integer(30, 250)
    p = [(x, y), (x + w, y + int(a * 20)), (x + w + int(a * h), y + h), (x + int(a * h), y + h)]
    cv2.polylines(img, [np.array(p, np.int32)], True, ink, width, cv2.LINE_AA if d.chance(.5) else cv2.LINE_8)


def emblem(d, img, x, y, ink, width):
    q = d.integer(10, 50)
    cv2.circle(img, (x, y), q, ink, d.pick([1, 2, -1]), cv2.LINE_AA)
    for _ in range(d.integer(1, 4)):
        cv2.ellipse(img, (x, y), (d.integer(2, q), d.integer(2, q)), d.integer(0, 180), d.integer(0, 360), d.integer(360, 600), 0.0 if d.chance(.5) else ink, d.pick([1, 2, 3]), cv2.LINE_AA)


def contour(d, img, x, y, ink, width):
    """hand-drawn region outline, sometimes dotted"""
    n, q = d.integer(8, 40), d.integer(8, 90)
    a = np.linspace(0, 6.28, n, endpoint=False)
    r = q * (1 + .25 * d.smooth(1, n, 1.2)[0])
    p = np.stack([x + r * np.cos(a), y + r * np.sin(a) * d.uniform(.4, 1)], 1).astype(np.int32)
    if d.chance(.3):
        for q in p:
            cv2.circle(img, tuple(int(v) for v in q), d.pick([0, 1, 2]), ink, -1)
    else:
        cv2.polylines(img, [p.reshape(-1, 1, 2)], True, ink, width, cv2.LINE_AA)


MARKS = [ruler, wedge, frame, line, callipers, callipers, heartbeat, sweep, sweep, stipple, ellipse, graticule, tool_bar, body_mark, organ_mark, arrow, pointer, dashed, cross_or_checker,
         dust, ladder, ladder, curves, curves, mottled_patch, flow_box, covered, sheared_box, emblem, contour]
