"""Backgrounds: what the modalities of radiology look like, without any text.

Every function takes a `Dice` and a side length and gives a float32 picture [S, S], nominally 0..255 (the caller clips).
Nothing here is taken from real pictures."""
import math

import cv2
import numpy as np

from ..dice import blur, enlarge, unit_blob


def _speckled_tissue(d, rows, cols):
    """ultrasound echo lines: Rayleigh speckle times echogenicity with cysts, walls and reflectors"""
    speckle = d.rayleigh(rows, cols)
    if d.chance(.9):
        speckle = blur(speckle, d.uniform(.5, 2.2), d.uniform(.4, 1.3))
    echo = d.coarse(d.integer(3, 12), d.integer(3, 9), rows, cols) ** d.uniform(.7, 2.5)
    for _ in range(d.integer(0, 6)):
        c = (d.integer(0, cols), d.integer(0, rows))
        axes, angle, kind = (d.integer(4, 70), d.integer(4, 60)), d.integer(0, 180), d.r.random()
        if kind < .4:
            cv2.ellipse(echo, c, axes, angle, 0, 360, d.uniform(0, .08), -1)
        elif kind < .75:
            cv2.ellipse(echo, c, axes, angle, d.integer(0, 360), d.integer(360, 500), d.uniform(1, 2.5), d.integer(1, 7))
        else:
            cv2.line(echo, c, (d.integer(0, cols), c[1] + d.integer(-20, 20)), d.uniform(1, 2.5), d.integer(1, 5))
    tissue = speckle * blur(echo, d.uniform(.5, 3)) * d.uniform(60, 160)
    if d.chance(.5):
        tissue = 255 * np.log1p(np.maximum(tissue, 0) / d.uniform(2, 20)) / np.log1p(255 / d.uniform(4, 20))
    return tissue


def ultrasound_sector(d, S=640):
    rows, cols = 384, 256
    p = _speckled_tissue(d, rows, cols)
    p *= np.linspace(d.uniform(.5, 1.3), d.uniform(.1, 1.1), rows, dtype=np.float32)[:, None]
    cx, half = S / 2 + d.uniform(-60, 60), math.radians(d.uniform(18, 60))
    r0 = d.pick([0, d.uniform(20, 200)])
    r1 = r0 + d.uniform(.55, 1.0) * S
    cy = d.uniform(0, 40) - r0 * (math.cos(half) if d.chance(.5) else 1)
    yy, xx = np.mgrid[0:S, 0:S].astype(np.float32)
    dx, dy = xx - cx, yy - cy
    u = (np.arctan2(dx, dy) / half + 1) / 2 * (cols - 1)
    v = (np.hypot(dx, dy) - r0) / (r1 - r0) * (rows - 1)
    return cv2.remap(p, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR, borderValue=0)


def ultrasound_linear(d, S=640):
    h, w = d.integer(S // 4, S), d.integer(S // 3, S)
    n = blur(d.rayleigh(h, w), d.uniform(.5, 4), d.uniform(.4, 1.5))
    m = d.coarse(d.integer(4, 20), d.integer(2, 6), h, w) ** d.uniform(.8, 2.5)
    for _ in range(d.integer(0, 5)):
        hollow = d.chance(.6)
        cv2.ellipse(m, (d.integer(0, w), d.integer(0, h)), (d.integer(10, 90), d.integer(5, 60)), d.integer(-30, 30), 0, 360,
                    d.uniform(0, .2) if hollow else 1.2, -1 if hollow else 3)
    return _on_flat(d, n * blur(m, 1.5) * d.uniform(60, 160), S)


def _on_flat(d, t, S, level=None):
    img = np.full((S, S), level if level is not None else d.pick([0, 0, 0, 0, d.integer(0, 30)]), np.float32)
    h, w = min(S, t.shape[0]), min(S, t.shape[1])
    y, x = d.integer(0, S - h + 1), d.integer(0, S - w + 1)
    img[y:y + h, x:x + w] = t[:h, :w]
    return img


def doppler(d, S=640):
    """spectral Doppler strip or M-mode"""
    h, w = d.integer(S // 7, S // 2), d.integer(S // 2, S + 1)
    x = np.arange(w, dtype=np.float32)
    period = d.uniform(30, 160)
    ph = (x / period) % 1
    e = np.exp(-((ph - .2) / d.uniform(.05, .2)) ** 2) * d.uniform(.4, 1) + d.uniform(0, .4) * np.exp(-((ph - .55) / .15) ** 2)
    e += d.uniform(0, .25) * (1 - ph) + d.smooth(1, w, 2)[0] * .06
    base = d.uniform(.3, .9) * h
    top = base - e * base * .95
    y = np.arange(h, dtype=np.float32)[:, None]
    n = blur(d.rayleigh(h, w), d.uniform(.4, 1.5), d.uniform(.4, 2))
    if d.chance(.6):
        p = n * np.where((y > top) & (y < base), 90, d.uniform(0, 12)) + d.uniform(0, 20)
    else:
        layers = d.coarse(d.integer(8, 40), 1, h, 1)[:, 0] ** 2
        shift = (np.sin(x / period * 6.28) * d.uniform(0, 15)).astype(int)
        p = layers[(np.arange(h)[:, None] + shift[None]).clip(0, h - 1)] * n * d.uniform(60, 160)
    if d.chance(.7):
        p[int(base):int(base) + 1] = d.uniform(90, 255)
    return _on_flat(d, p, S)


def _vessel(d, t, start, level):
    a, (x, y), pts = d.uniform(0, 6.28), start, [start]
    for _ in range(d.integer(2, 14)):
        a += d.r.gauss(0, .45)
        x, y = x + math.cos(a) * 8, y + math.sin(a) * 8
        pts.append((x, y))
    cv2.polylines(t, [np.array(pts, np.int32).reshape(-1, 1, 2)], False, level, d.pick([1, 1, 2, 3, 4]), cv2.LINE_AA)


def cross_section(d, S=640):
    """CT or MR slice: body ellipse, organs, mottled bowel, vessels, table arc, streaks from metal"""
    t = np.full((S, S), d.pick([0, 0, d.integer(0, 60)]), np.float32)
    c = (S // 2 + d.integer(-S // 10, S // 10), S // 2 + d.integer(-S // 10, S // 10))
    ax = (d.integer(S // 5, S // 2), d.integer(S // 5, S // 2))
    if d.chance(.5):
        cv2.ellipse(t, c, (ax[0] + S // 100, ax[1] + S // 100), 0, 0, 360, d.uniform(120, 255), -1, cv2.LINE_AA)
    cv2.ellipse(t, c, ax, 0, 0, 360, d.uniform(40, 160), -1, cv2.LINE_AA)
    inside = lambda k: (int(c[0] + d.uniform(-k, k) * ax[0]), int(c[1] + d.uniform(-k, k) * ax[1]))
    for _ in range(d.integer(3, 22)):
        cv2.ellipse(t, inside(.8), (d.integer(2, S // 9), d.integer(2, S // 9)), d.integer(0, 180), 0, 360, d.uniform(0, 255),
                    -1 if d.chance(.7) else d.integer(1, 5), cv2.LINE_AA)
    for _ in range(d.pick([0, 0, 1, 3, 6])):
        q = d.integer(S // 40, S // 8)
        m = unit_blob(S, S, inside(.6), (q, int(q * d.uniform(.4, 1))), d.integer(0, 180), 1.5)
        t = t * (1 - m) + m * (d.uniform(0, 120) + d.smooth(S, S, d.uniform(1, 6)) * d.uniform(15, 80))
    for _ in range(d.integer(0, 40)):
        _vessel(d, t, inside(.7), d.uniform(80, 255))
    if d.chance(.35):   # table: one or two long flat arcs
        y = c[1] + ax[1] + d.integer(2, 30)
        for k in range(d.pick([1, 2])):
            cv2.ellipse(t, (c[0], y - S // 3 + k * d.integer(4, 16)), (S // 2, S // 3), 0, 20, 160, d.uniform(40, 160), d.pick([1, 2, 3]), cv2.LINE_AA)
    if d.chance(.12):   # metal streaks
        m = inside(.6)
        for _ in range(d.integer(6, 30)):
            a = d.uniform(0, 6.28)
            cv2.line(t, m, (int(m[0] + math.cos(a) * S), int(m[1] + math.sin(a) * S)), d.uniform(0, 255), d.pick([1, 1, 2]), cv2.LINE_AA)
        cv2.circle(t, m, d.integer(3, 14), 255.0, -1, cv2.LINE_AA)
    t = blur(t, d.uniform(.5, 3)) + d.normal(S, S) * d.uniform(0, 14)
    return blur(t, d.uniform(.4, 1.0)) if d.chance(.5) else t


def radiograph(d, S=640):
    """CR-like film: soft gradients, bones, trabeculae, collimator edges, grain"""
    t = d.uniform(60, 190) + d.octaves(S, S, 5, 1.7) * d.uniform(15, 50)
    for _ in range(d.integer(0, 7)):
        x, y, a, length, w = d.integer(0, S), d.integer(0, S), d.uniform(0, 3.14), d.integer(60, 500), d.integer(8, 70)
        end = (int(x + math.cos(a) * length), int(y + math.sin(a) * length))
        m = np.zeros((S, S), np.float32)
        cv2.line(m, (x, y), end, 1.0, w, cv2.LINE_AA)
        if d.chance(.6):
            cv2.line(m, (x, y), end, d.uniform(.3, .8), max(1, w - d.integer(3, 10)), cv2.LINE_AA)
        t += blur(m, d.uniform(.8, 4)) * d.uniform(-60, 80)
    if d.chance(.6):
        t += d.smooth(S, S, d.uniform(.7, 4), d.uniform(.7, 4)) * d.uniform(2, 18)
    for _ in range(d.integer(0, 4)):
        cv2.ellipse(t, (d.integer(0, S), d.integer(0, S)), (d.integer(60, 400), d.integer(20, 160)), d.integer(0, 180), 0, 360,
                    d.uniform(60, 220), d.integer(1, 14), cv2.LINE_AA)
    if d.chance(.3):
        t = blur(t, d.uniform(.5, 2.5))
    if d.chance(.5):
        _collimate(d, t, S)
    return t + d.normal(S, S) * d.uniform(0, 6)


def _collimate(d, t, S):
    """shutter: straight or slightly turned edges, or a circle, outside flat"""
    level = d.uniform(0, 30) if d.chance(.8) else d.uniform(220, 255)
    kind = d.r.random()
    if kind < .5:
        e = [d.integer(0, S // 5) for _ in range(4)]
        t[:e[0]] = t[S - e[1]:] = t[:, :e[2]] = t[:, S - e[3]:] = level
    elif kind < .8:
        box = cv2.boxPoints(((S / 2 + d.uniform(-40, 40), S / 2 + d.uniform(-40, 40)), (S * d.uniform(.5, 1), S * d.uniform(.5, 1)), d.uniform(-12, 12)))
        m = np.zeros((S, S), np.float32)
        cv2.fillPoly(m, [box.astype(np.int32)], 1.0, cv2.LINE_AA)
        m = blur(m, d.uniform(.3, 3))
        t[:] = t * m + level * (1 - m)
    else:
        m = unit_blob(S, S, (S // 2, S // 2), (int(S * d.uniform(.3, .6)),) * 2, 0, d.uniform(.3, 2))
        t[:] = t * m + level * (1 - m)


def ridges(d, S=640):
    """curvilinear anatomy: gyri, folds, lung vessels, trabeculae"""
    t = np.zeros((S, S), np.float32)
    falloff, first, aspect = d.uniform(1.3, 2.2), d.integer(2, 5), d.uniform(.4, 1.6)
    for o in range(first, first + d.integer(2, 5)):
        n = enlarge(d.normal(max(2, int((2 << o) * aspect)), 2 << o), S, S)
        t += (1 - np.abs(n) * d.uniform(.8, 2)).clip(-1, 1) * d.pick([-1, 1]) / falloff ** (o - first)
    if d.chance(.3):
        t = 255 / (1 + np.exp(-np.clip((t - np.percentile(t, d.uniform(20, 95))) * d.uniform(2, 14), -40, 40)))
    else:
        t = d.uniform(40, 170) + t * d.uniform(20, 70)
    if d.chance(.5):
        c = (S // 2 + d.integer(-S // 8, S // 8), S // 2 + d.integer(-S // 8, S // 8))
        axes = (d.integer(S // 6, S // 2), d.integer(S // 6, S // 2))
        t *= unit_blob(S, S, c, axes, d.integer(0, 180))
        if d.chance(.5):
            cv2.ellipse(t, c, axes, 0, 0, 360, d.uniform(120, 255), d.integer(2, 9), cv2.LINE_AA)
    if d.chance(.5):
        t = blur(t, d.uniform(.5, 2))
    return t + d.normal(S, S) * d.uniform(0, 12)


def nuclear(d, S=640):
    """scintigram or PET: Poisson counts of a soft body, coarse pixels, often dark on light"""
    n = d.pick([64, 64, 96, 128, 256])
    body = unit_blob(n, n, (n // 2, n // 2), (d.integer(n // 8, n // 2), d.integer(n // 4, n // 2)), d.integer(-20, 20), n / 40) * d.uniform(.3, 6)
    for _ in range(d.integer(2, 14)):
        body += unit_blob(n, n, (d.integer(n // 5, n - n // 5), d.integer(n // 8, n - n // 8)), (d.integer(1, n // 8), d.integer(1, n // 8)), d.integer(0, 180), n / 60) * d.uniform(.5, 25)
    counts = d.g.poisson(np.maximum(body, 0) + d.uniform(0, .25)).astype(np.float32)
    t = counts * 255 / max(1.0, np.percentile(counts, d.uniform(97, 99.9)))
    t = enlarge(np.minimum(t, 255), S, S, d.pick([cv2.INTER_NEAREST, cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    return 255 - t if d.chance(.4) else t
