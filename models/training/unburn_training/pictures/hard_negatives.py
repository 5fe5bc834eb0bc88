"""Text-free pictures that a text detector likes to mistake: wet highlights, cells, fibres, metal, icons, traces, coarse pixels.

Every function takes a `Dice` and a side length and gives a float32 picture [S, S], nominally 0..255.
Each imitates a cause of false hits by construction; none is taken from a real picture."""
import math

import cv2
import numpy as np

from ..dice import blur, enlarge, logistic, unit_blob


def endoscopy(d, S=640):
    """wet mucosa: lit centre, folds, fine vessels, bubbles, clusters of saturated highlights, round or cut-corner field"""
    yy, xx = np.mgrid[0:S, 0:S].astype(np.float32)
    light = np.exp(-((xx - S * d.uniform(.3, .7)) ** 2 + (yy - S * d.uniform(.3, .7)) ** 2) / (2 * (S * d.uniform(.25, .7)) ** 2))
    relief = d.octaves(S, S, d.integer(3, 6), d.uniform(1.5, 2.2))
    t = d.uniform(30, 110) + light * d.uniform(40, 130) + relief * d.uniform(6, 25)
    for _ in range(d.integer(0, 7)):      # folds: dark side, bright crest
        c, q = (d.integer(0, S), d.integer(0, S)), (d.integer(S // 10, S // 2), d.integer(S // 14, S // 3))
        a, a0 = d.integer(0, 180), d.integer(0, 360)
        m = np.zeros((S, S), np.float32)
        cv2.ellipse(m, c, q, a, a0, a0 + d.integer(60, 200), 1.0, d.integer(4, 26), cv2.LINE_AA)
        t += blur(m, d.uniform(2, 9)) * d.uniform(-50, 50)
    for _ in range(d.integer(0, 45)):     # vessels
        _branch(d, t, d.integer(0, S), d.integer(0, S), d.uniform(0, 6.28), d.integer(10, 60), d.uniform(-45, -10), S)
    # highlights sit where the relief is steep or high and come in crowds
    wet = d.smooth(S, S, d.uniform(.8, 5), d.uniform(.7, 4)) + d.uniform(.4, 1.4) * relief / (relief.std() + 1e-6) + 2.2 * d.coarse(4, 4, S, S)
    cut = np.percentile(wet, d.uniform(93, 99.7))
    glint = logistic(wet - cut, d.uniform(4, 30))
    t = t * (1 - glint) + d.uniform(190, 255) * glint
    for _ in range(d.integer(0, 60) if d.chance(.5) else 0):
        cv2.ellipse(t, (d.integer(0, S), d.integer(0, S)), (d.integer(1, 9), d.integer(1, 4)), d.integer(0, 180), 0, 360, d.uniform(200, 255), -1, cv2.LINE_AA)
    for _ in range(d.integer(0, 25) if d.chance(.3) else 0):   # bubbles
        c, q = (d.integer(0, S), d.integer(0, S)), d.integer(2, 14)
        cv2.circle(t, c, q, d.uniform(120, 255), 1, cv2.LINE_AA)
        cv2.circle(t, (c[0] - q // 3, c[1] - q // 3), max(1, q // 5), 255.0, -1, cv2.LINE_AA)
    for _ in range(d.integer(0, 14)):
        _beads(d, t, S)
    for _ in range(d.integer(1, 7) if d.chance(.5) else 0):
        _crowd(d, t, S)
    t = camera(d, blur(t, d.uniform(.4, 1.2)) + d.normal(S, S) * d.uniform(0, 5))
    kind = d.r.random()
    if kind < .35:
        t *= unit_blob(S, S, (S // 2, S // 2), (int(S * d.uniform(.35, .55)),) * 2)
    elif kind < .6:
        c, m = int(S * d.uniform(.1, .3)), int(S * d.uniform(0, .12))
        p = np.array([(m + c, m), (S - m - c, m), (S - m, m + c), (S - m, S - m - c), (S - m - c, S - m), (m + c, S - m), (m, S - m - c), (m, m + c)], np.int32)
        f = np.zeros((S, S), np.float32)
        cv2.fillPoly(f, [p], 1.0, cv2.LINE_AA)
        t *= f
    return t


def camera(d, t):
    """what the video processor of an endoscope or a microscope makes of a picture: edges enhanced until bright spots have dark rims,
    often along rows only, sometimes with the two fields apart"""
    if d.chance(.6):
        across = d.uniform(.7, 2.2)
        soft = blur(t, across) if d.chance(.6) else cv2.GaussianBlur(t, (0, 0), across, sigmaY=.3)
        t = np.clip(t + d.uniform(.6, 3.5) * (t - soft), 0, 255)
    if d.chance(.12):
        t[1::2] = np.roll(t[1::2], d.pick([-2, -1, 1, 2]), 1)
    return t


def _beads(d, t, S):
    """a few highlights strung along a fold, of unlike sizes, touching or apart"""
    x, y, angle, level = d.uniform(0, S), d.uniform(0, S), d.uniform(0, 6.28), d.uniform(200, 255)
    size = d.log_uniform(1.2, 6)
    for _ in range(d.integer(2, 9)):
        long, short = size * d.uniform(.6, 2.2), size * d.uniform(.4, 1)
        cv2.ellipse(t, (int(x), int(y)), (max(1, int(long)), max(1, int(short))), math.degrees(angle) + d.uniform(-40, 40), 0, 360, level, -1, cv2.LINE_AA)
        angle += d.r.gauss(0, .35)
        step = (long + short) * d.uniform(.6, 2)
        x, y = x + math.cos(angle) * step, y + math.sin(angle) * step


def _crowd(d, t, S):
    """a handful of glints close together, drops, hooks and streaks that lean one way, in rows as often as not; sharp, with dark rims"""
    x, y, size, lean = d.integer(0, S), d.integer(0, S), d.log_uniform(2.5, 9), d.uniform(0, 180)
    wide, high = size * d.uniform(2, 9), size * d.uniform(.8, 4)
    level, rim = d.uniform(215, 255), d.uniform(20, 110) if d.chance(.6) else None
    for _ in range(d.integer(3, 15)):
        c = (int(x + d.uniform(-wide, wide)), int(y + d.uniform(-high, high)))
        long, short = max(1, int(size * d.uniform(.4, 1.6))), max(1, int(size * d.uniform(.25, .7)))
        turn, k = lean + d.uniform(-35, 35), d.r.random()
        if rim is not None:
            cv2.ellipse(t, c, (long + 2, short + d.integer(1, 3)), turn, 0, 360, rim, -1, cv2.LINE_AA)
        if k < .5:
            cv2.ellipse(t, c, (long, short), turn, 0, 360, level, -1, cv2.LINE_AA)
        elif k < .7:       # a drop: round at one end
            a = math.radians(turn)
            tip = (c[0] + int(2 * long * math.cos(a)), c[1] + int(2 * long * math.sin(a)))
            side = (-short * math.sin(a), short * math.cos(a))
            cv2.fillPoly(t, [np.array([tip, (c[0] + side[0], c[1] + side[1]), (c[0] - side[0], c[1] - side[1])], np.int32)], level, cv2.LINE_AA)
            cv2.circle(t, c, short, level, -1, cv2.LINE_AA)
        elif k < .85:      # a hook or a streak along a fold
            cv2.ellipse(t, c, (2 * long, long), turn, d.integer(0, 180), d.integer(200, 330), level, max(1, short), cv2.LINE_AA)
        else:              # with a spot of what lies below
            cv2.ellipse(t, c, (long, short), turn, 0, 360, level, -1, cv2.LINE_AA)
            cv2.circle(t, (c[0] + d.integer(-1, 2), c[1]), max(1, short // 2), d.uniform(40, 170), -1, cv2.LINE_AA)


def _eyes(d, t, S):
    """a pair of eyes: lids, white, iris, pupil, glint"""
    q, level = d.log_uniform(5, 40), d.uniform(90, 200)
    x, y, apart, tilt = d.integer(0, S), d.integer(0, S), q * d.uniform(2.6, 5), d.uniform(-15, 15)
    for side in (-1, 1):
        c = (int(x + side * apart * math.cos(math.radians(tilt))), int(y + side * apart * math.sin(math.radians(tilt))))
        at = lambda r: (max(1, int(r)), max(1, int(r * d.uniform(.8, 1))))
        cv2.ellipse(t, (c[0], c[1] - int(q * 1.4)), (int(q * 1.8), max(1, int(q * .4))), tilt, 180, 360, level - d.uniform(20, 80), max(1, int(q * .3)), cv2.LINE_AA)
        cv2.ellipse(t, c, (int(q * 1.5), max(1, int(q * d.uniform(.5, .9)))), tilt, 0, 360, level + d.uniform(0, 55), -1, cv2.LINE_AA)
        cv2.circle(t, c, at(q * .62)[0], level - d.uniform(20, 80), -1, cv2.LINE_AA)
        cv2.circle(t, c, at(q * .28)[0], d.uniform(5, 40), -1, cv2.LINE_AA)
        cv2.circle(t, (c[0] + int(q * .2), c[1] - int(q * .2)), at(q * .12)[0], 250.0, -1, cv2.LINE_AA)
        cv2.ellipse(t, c, (int(q * 1.5), max(1, int(q * .8))), tilt, 180, 360, level - d.uniform(30, 90), max(1, int(q * .15)), cv2.LINE_AA)


def _branch(d, t, x, y, angle, steps, depth, S):
    width = d.pick([1, 1, 1, 2, 3])
    for _ in range(steps):
        angle += d.r.gauss(0, .35)
        x2, y2 = x + math.cos(angle) * 6, y + math.sin(angle) * 6
        if not (0 <= x2 < S and 0 <= y2 < S):
            return
        level = float(t[int(y2), int(x2)]) + depth
        cv2.line(t, (int(x), int(y)), (int(x2), int(y2)), level, width, cv2.LINE_AA)
        x, y = x2, y2


def sparkle(d, S=640):
    """glitter on water, metal or foil: short bright dashes in rows, dense towards one side"""
    t = d.uniform(20, 140) + d.octaves(S, S, 6, d.uniform(1.3, 1.8)) * d.uniform(10, 35)
    n = d.smooth(S, S, d.uniform(1, 7), d.uniform(.7, 2.5)) + 2 * d.coarse(4, 4, S, S)
    t = np.maximum(t, d.uniform(160, 255) * logistic(n - d.uniform(1.6, 3.4), d.uniform(5, 25)))
    return camera(d, blur(t, d.uniform(.4, .9)) + d.normal(S, S) * d.uniform(0, 8))


def histology(d, S=640):
    """stained tissue: crowded nuclei, fibres, gland rings, white gaps; or fluorescent dots on black"""
    if d.chance(.25):
        t = np.full((S, S), d.uniform(0, 25), np.float32)
        for _ in range(d.integer(60, 700)):
            cv2.ellipse(t, (d.integer(0, S), d.integer(0, S)), (d.integer(1, 9), d.integer(1, 9)), d.integer(0, 180), 0, 360, d.uniform(60, 255), -1, cv2.LINE_AA)
        return blur(t, d.uniform(.4, 1.6)) + d.normal(S, S) * d.uniform(0, 8)
    t = d.uniform(150, 225) + d.octaves(S, S, 6, 1.5) * d.uniform(5, 20)
    fibre = d.smooth(S, S, d.uniform(4, 14), d.uniform(.8, 2))
    fibre = cv2.warpAffine(fibre, cv2.getRotationMatrix2D((S / 2, S / 2), d.uniform(0, 180), 1.3), (S, S), borderMode=cv2.BORDER_REFLECT)
    t += fibre * d.uniform(3, 22)
    q, level = d.uniform(1.5, 9), d.uniform(40, 120)
    density = d.coarse(d.integer(3, 9), d.integer(3, 9), S, S)
    for _ in range(int(d.uniform(.15, .9) * S * S / (q * q * 14))):
        x, y = d.integer(0, S), d.integer(0, S)
        if density[y, x] < d.r.random():
            continue
        a = max(1, int(q * d.uniform(.6, 1.4)))
        cv2.ellipse(t, (x, y), (a, max(1, int(a * d.uniform(.5, 1)))), d.integer(0, 180), 0, 360, level + d.uniform(-25, 25), -1, cv2.LINE_AA)
        if q > 4 and d.chance(.4):
            cv2.circle(t, (x, y), 1, level - 25, -1)
    for _ in range(d.integer(0, 14)):     # glands: pale lumen ringed by nuclei
        c, rad = (d.integer(0, S), d.integer(0, S)), d.integer(12, 60)
        cv2.circle(t, c, rad, d.uniform(190, 245), -1, cv2.LINE_AA)
        for a in np.arange(0, 6.28, max(.12, 2.2 * q / rad)):
            cv2.circle(t, (int(c[0] + rad * math.cos(a)), int(c[1] + rad * math.sin(a))), max(1, int(q * .8)), level, -1, cv2.LINE_AA)
    for _ in range(d.integer(0, 8)):
        cv2.ellipse(t, (d.integer(0, S), d.integer(0, S)), (d.integer(6, 120), d.integer(3, 30)), d.integer(0, 180), 0, 360, d.uniform(215, 250), -1, cv2.LINE_AA)
    return camera(d, blur(t, d.uniform(.4, 1.3)) + d.normal(S, S) * d.uniform(0, 5))


def soft_blobs(d, S=640):
    """a tiny slice blown up: few large soft structures, coarse pixels or smooth interpolation"""
    n = d.pick([24, 32, 48, 64, 96])
    t = np.full((n, n), d.uniform(0, 40), np.float32)
    t += unit_blob(n, n, (n // 2, n // 2), (d.integer(n // 5, n // 2), d.integer(n // 5, n // 2)), d.integer(0, 180), .6) * d.uniform(40, 130)
    for _ in range(d.integer(3, 16)):
        t += unit_blob(n, n, (d.integer(0, n), d.integer(0, n)), (d.integer(1, n // 5), d.integer(1, n // 6)), d.integer(0, 180), d.uniform(.3, 1.2)) * d.uniform(-90, 110)
    if d.chance(.5):
        cv2.ellipse(t, (n // 2, n // 2), (n // 3, n // 3), 0, 0, 360, d.uniform(120, 255), d.pick([1, 1, 2]), cv2.LINE_AA)
    t += d.normal(n, n) * d.uniform(0, 15)
    return enlarge(t.clip(0, 255), S, S, d.pick([cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC]))


def photo(d, S=640):
    """everyday picture: 1/f structure, objects with shaded edges, patterned cloth, foliage, crumbs"""
    t = d.uniform(60, 170) + d.octaves(S, S, 8, d.uniform(1.25, 1.9)) * d.uniform(12, 45)
    for _ in range(d.integer(0, 12)):
        m = unit_blob(S, S, (d.integer(0, S), d.integer(0, S)), (d.integer(8, S // 4), d.integer(8, S // 4)), d.integer(0, 180), d.uniform(.5, 3))
        shade = enlarge(d.normal(3, 3), S, S) * d.uniform(5, 40) + d.smooth(S, S, d.uniform(.7, 4)) * d.uniform(0, 15)
        t = t * (1 - m) + m * (d.uniform(20, 235) + shade)
    if d.chance(.35):     # cloth, bricks, keyboard-like grids
        p, q, a = d.uniform(5, 30), d.uniform(5, 30), d.uniform(0, 3.14)
        yy, xx = np.mgrid[0:S, 0:S].astype(np.float32)
        u, v = xx * math.cos(a) + yy * math.sin(a), yy * math.cos(a) - xx * math.sin(a)
        pattern = np.sin(u * 6.28 / p) * (np.sin(v * 6.28 / q) if d.chance(.7) else 1)
        m = blur((d.coarse(4, 4, S, S) > d.uniform(.3, .7)).astype(np.float32), 2)
        t += m * np.sign(pattern) * d.uniform(5, 50) if d.chance(.5) else m * pattern * d.uniform(5, 50)
    for _ in range(d.integer(0, 120) if d.chance(.4) else 0):
        cv2.ellipse(t, (d.integer(0, S), d.integer(0, S)), (d.integer(1, 10), d.integer(1, 6)), d.integer(0, 180), 0, 360, d.uniform(10, 245), -1, cv2.LINE_AA)
    for _ in range(d.integer(1, 4) if d.chance(.2) else 0):
        _eyes(d, t, S)
    for _ in range(d.integer(0, 60) if d.chance(.3) else 0):   # hair, twigs
        _branch(d, t, d.integer(0, S), d.integer(0, S), d.uniform(0, 6.28), d.integer(5, 40), d.uniform(-70, 70), S)
    return camera(d, blur(t, d.uniform(.3, 1.3)) + d.normal(S, S) * d.uniform(0, 7))


def trabecula(d, S=640):
    """cancellous bone and lung markings: fine bright ridges at several widths inside soft masks"""
    t = d.uniform(60, 150) + d.octaves(S, S, 4, 1.7) * d.uniform(10, 30)
    for _ in range(d.integer(1, 3)):
        s = d.uniform(1.2, 5)
        n = d.smooth(S, S, s, s * d.uniform(.6, 1.8))
        t += np.exp(-(n / d.uniform(.15, .5)) ** 2) * d.uniform(10, 70) * d.coarse(4, 4, S, S)
    for _ in range(d.integer(0, 5)):
        cv2.line(t, (d.integer(0, S), d.integer(0, S)), (d.integer(0, S), d.integer(0, S)), d.uniform(130, 240), d.integer(2, 9), cv2.LINE_AA)
    return blur(t, d.uniform(.4, 1.5)) + d.normal(S, S) * d.uniform(0, 9)


def metal(d, S=640):
    """implants, screws with threads, staples, zips, wires, teeth with fillings on a soft film"""
    t = d.uniform(50, 140) + d.octaves(S, S, 5, 1.7) * d.uniform(10, 35)
    bright = lambda: d.uniform(190, 255)
    for _ in range(d.integer(1, 7)):
        x, y, a, kind = d.integer(0, S), d.integer(0, S), d.uniform(0, 6.28), d.integer(0, 6)
        ux, uy = math.cos(a), math.sin(a)
        at = lambda u, v: (int(x + ux * u - uy * v), int(y + uy * u + ux * v))
        if kind == 0:      # screw
            w, pitch, c = d.integer(2, 8), d.integer(3, 9), bright()
            n = d.integer(6, 24)
            cv2.line(t, (x, y), at(n * pitch, 0), c, w, cv2.LINE_AA)
            for i in range(n):
                cv2.line(t, at(i * pitch, -w - 2), at(i * pitch + pitch // 2, w + 2), c, d.pick([1, 2]), cv2.LINE_AA)
        elif kind == 1:    # staples or zip
            step, L, c = d.integer(5, 20), d.integer(3, 12), bright()
            for i in range(d.integer(5, 40)):
                cv2.line(t, at(i * step, -L), at(i * step, L), c, d.pick([1, 2, 3]), cv2.LINE_AA)
                if d.chance(.5):
                    cv2.line(t, at(i * step, -L), at(i * step + step // 3, -L), c, 1, cv2.LINE_AA)
        elif kind == 2:    # wire or lead
            pts = [(x, y)]
            for _ in range(d.integer(4, 30)):
                a += d.r.gauss(0, .3)
                pts.append((int(pts[-1][0] + math.cos(a) * 18), int(pts[-1][1] + math.sin(a) * 18)))
            cv2.polylines(t, [np.array(pts, np.int32)], False, bright(), d.pick([1, 2, 3]), cv2.LINE_AA)
            cv2.circle(t, pts[-1], d.integer(2, 12), bright(), d.pick([-1, 2]), cv2.LINE_AA)
        elif kind == 3:    # teeth or block row
            w, h = d.integer(10, 40), d.integer(15, 70)
            for i in range(d.integer(2, 9)):
                p = np.array([at(i * w, 0), at(i * w + w - 3, d.integer(-3, 3)), at(i * w + w - 4, h), at(i * w + 3, h)], np.int32)
                cv2.fillPoly(t, [p], d.uniform(120, 220), cv2.LINE_AA)
                if d.chance(.4):
                    cv2.circle(t, at(i * w + w // 2, d.integer(3, 12)), d.integer(2, 8), 255.0, -1, cv2.LINE_AA)
        elif kind == 4:    # plate with holes
            n, q, c = d.integer(3, 12), d.integer(5, 16), bright()
            cv2.line(t, (x, y), at(n * q * 3, 0), c, q * 2, cv2.LINE_AA)
            for i in range(n):
                cv2.circle(t, at(i * q * 3 + q, 0), max(2, q // 2), d.uniform(40, 150), -1, cv2.LINE_AA)
        else:              # clips, beads, buttons
            for _ in range(d.integer(2, 30)):
                c = (x + d.integer(-60, 60), y + d.integer(-60, 60))
                cv2.ellipse(t, c, (d.integer(1, 7), d.integer(1, 4)), d.integer(0, 180), 0, d.pick([360, 360, 250]), bright(), d.pick([-1, -1, 1]), cv2.LINE_AA)
    return blur(t, d.uniform(.4, 1.4)) + d.normal(S, S) * d.uniform(0, 6)


def retina(d, S=640):
    """fundus: bright disc, branching vessels from it, drusen; or OCT layers"""
    if d.chance(.3):
        y = np.arange(S, dtype=np.float32)[:, None] - (S * .4 + d.octaves(1, S, 4, 1.6)[0] * 18)[None]
        layers = d.coarse(d.integer(10, 40), 1, S, 1)[:, 0]
        t = layers[(y * 2.2).clip(0, S - 1).astype(int)] * (y > 0) * 230
        return t * (.5 + .4 * blur(d.rayleigh(S, S), 1.0, .6)) + d.uniform(0, 30)
    t = d.uniform(70, 150) + d.octaves(S, S, 5, 1.7) * d.uniform(5, 20)
    c = (d.integer(S // 4, 3 * S // 4), d.integer(S // 3, 2 * S // 3))
    t += unit_blob(S, S, c, (S // 14, S // 12), 0, 3) * d.uniform(40, 110)
    for _ in range(d.integer(10, 40)):
        _branch(d, t, c[0], c[1], d.uniform(0, 6.28), d.integer(20, 90), d.uniform(-50, -15), S)
    for _ in range(d.integer(0, 50)):
        cv2.circle(t, (d.integer(0, S), d.integer(0, S)), d.integer(1, 6), d.uniform(150, 235), -1, cv2.LINE_AA)
    t = blur(t, d.uniform(.6, 1.6)) * unit_blob(S, S, (S // 2, S // 2), (S // 2 - 5, S // 2 - 5))
    return t + d.normal(S, S) * d.uniform(0, 4)


def traces(d, S=640):
    """ECG or EEG paper: many curves over a fine grid, light or dark"""
    light = d.chance(.6)
    t = np.full((S, S), d.uniform(225, 255) if light else d.uniform(0, 25), np.float32)
    ink = d.uniform(0, 60) if light else d.uniform(140, 255)
    if d.chance(.7):
        step, line = d.integer(5, 14), d.uniform(175, 220) if light else d.uniform(25, 70)
        t[::step] = line
        t[:, ::step] = line
        t[::step * 5] = t[:, ::step * 5] = line * .85 if light else line * 1.3
    n, xs = d.integer(2, 14), np.arange(S)
    for k in range(n):
        period, amp = d.uniform(20, 140), d.uniform(4, S / n * .9)
        ph = ((xs + d.integer(0, 200)) / period) % 1
        y = (k + .5) * S / n + np.cumsum(d.normal(1, S)[0]) * d.uniform(0, .5)
        if d.chance(.75):
            y = y - amp * np.exp(-((ph - .4) / .03) ** 2) + .3 * amp * np.exp(-((ph - .45) / .02) ** 2) - .25 * amp * np.exp(-((ph - .7) / .08) ** 2)
        else:
            y = y + d.smooth(1, S, d.uniform(.7, 6))[0] * amp * .4
        cv2.polylines(t, [np.stack([xs, y], 1).astype(np.int32).reshape(-1, 1, 2)], False, ink, d.pick([1, 1, 2]), cv2.LINE_AA)
    return t


def plain_noise(d, S=640):
    """sensor noise alone: white, banded, salt and pepper, row offsets, coarse pixels, grains that thin out from one side"""
    t, kind = np.full((S, S), d.uniform(0, 200), np.float32), d.integer(0, 6)
    if kind == 0:
        t += d.normal(S, S) * d.uniform(3, 60)
    elif kind == 1:
        t += d.smooth(S, S, d.uniform(.5, 3), d.uniform(.5, 3)) * d.uniform(5, 60)
    elif kind == 2:
        t += d.normal(S, 1) * d.uniform(2, 25) + d.normal(1, S) * d.uniform(0, 15)
    elif kind == 3:
        u = d.g.random((S, S))
        t[u < d.uniform(.001, .08)] = 255
        t[u > 1 - d.uniform(.001, .08)] = 0
    elif kind == 4:
        n = d.pick([160, 320, 320, 640])
        yy, xx = np.mgrid[0:n, 0:n].astype(np.float32) / n
        reach = d.uniform(.03, .4) * (1 + d.uniform(-1, 1) * xx) + d.uniform(-.1, .1) * np.sin(3.1 * xx)
        dense = d.uniform(.1, .9) * np.clip(1 - yy / np.maximum(reach, .01), 0, 1) ** d.uniform(.7, 2)
        dense[yy < d.uniform(0, .08) * (2 * xx - 1) ** 2] = 0
        grains = np.where(d.g.random((n, n)) < dense, d.uniform(120, 255), 0).astype(np.float32)
        t = enlarge(np.rot90(grains, d.integer(0, 4)), S, S, cv2.INTER_NEAREST) + d.pick([0, 0, d.uniform(0, 60)])
    else:
        n = d.integer(40, 200)
        t = enlarge(d.uniform(20, 160) + d.normal(n, n) * d.uniform(5, 60), S, S, d.pick([cv2.INTER_NEAREST, cv2.INTER_LINEAR]))
    return t


def phantom(d, S=640):
    """a body of water in a coarse matrix: bright or dark rims, rings around edges, streaks; or its phase, with noise for air"""
    n = d.pick([64, 64, 96, 128, 160, 256])
    yy, xx = np.mgrid[0:n, 0:n].astype(np.float32)
    cx, cy, rx, ry = n * d.uniform(.35, .65), n * d.uniform(.35, .65), n * d.log_uniform(.08, .5), n * d.log_uniform(.08, .5)
    if d.chance(.6):
        ry = rx
    far = np.hypot((xx - cx) / rx, (yy - cy) / ry)
    inside = logistic(1 - far, d.uniform(8, 60))
    level = d.uniform(60, 255)
    t = inside * level * (1 + d.uniform(-.4, .6) * np.clip(far, 0, 1) ** d.uniform(2, 8))
    if d.chance(.5):      # rings on both sides of the rim, weaker away from it
        t += level * d.uniform(.05, .5) * np.cos(far * d.uniform(10, 60)) * np.exp(-np.abs(far - 1) * d.uniform(1, 8))
    if d.chance(.4):
        t += inside * d.smooth(n, n, *d.pick([(.5, n / 6), (n / 6, .5)])) * d.uniform(3, 25)
    if d.chance(.35):
        t = inside * (d.uniform(60, 180) + d.octaves(n, n, 2, 1.5) * d.uniform(2, 30)) + (1 - inside) * d.g.random((n, n), dtype=np.float32) * 255
    else:
        t += d.rayleigh(n, n) * d.uniform(0, 12)
    return enlarge(np.clip(t, 0, 255).astype(np.float32), S, S, d.pick([cv2.INTER_NEAREST, cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC]))


def emblems(d, S=640):
    """logos without letters, pictograms, arrows and soft keys on flat ground"""
    level = d.pick([0, 0, 255, d.uniform(0, 255)])
    t = np.full((S, S), level, np.float32)
    for _ in range(d.integer(3, 16)):
        x, y, q = d.integer(0, S), d.integer(0, S), d.integer(8, 70)
        ink = level + 110 + d.uniform(0, 60) if level < 128 else level - 110 - d.uniform(0, 60)
        kind = d.integer(0, 7)
        if kind == 0:      # rings and arcs
            for k in range(d.integer(1, 5)):
                a = d.integer(0, 360)
                cv2.ellipse(t, (x, y), (max(2, q - 5 * k), max(2, int((q - 5 * k) * d.uniform(.5, 1)))), d.integer(0, 180), a, a + d.integer(60, 360), ink, d.pick([1, 2, 4]), cv2.LINE_AA)
        elif kind == 1:    # petals
            n = d.integer(3, 9)
            for k in range(n):
                a = 6.28 * k / n
                cv2.ellipse(t, (int(x + q * .5 * math.cos(a)), int(y + q * .5 * math.sin(a))), (max(2, q // 2), max(1, q // 6)), math.degrees(a), 0, 360, ink, d.pick([-1, 1, 2]), cv2.LINE_AA)
        elif kind == 2:    # polygon star
            n, k = d.integer(3, 8), d.uniform(.35, 1)
            p = [(int(x + q * (1 if i % 2 else k) * math.cos(3.14 * i / n)), int(y + q * (1 if i % 2 else k) * math.sin(3.14 * i / n))) for i in range(2 * n)]
            cv2.fillPoly(t, [np.array(p, np.int32)], ink, cv2.LINE_AA) if d.chance(.6) else cv2.polylines(t, [np.array(p, np.int32)], True, ink, 2, cv2.LINE_AA)
        elif kind == 3:    # swoosh
            p = np.array([(x + d.uniform(-q, q), y + d.uniform(-q, q)) for _ in range(3)])
            u = np.linspace(0, 1, 30)[:, None]
            b = (1 - u) ** 2 * p[0] + 2 * u * (1 - u) * p[1] + u * u * p[2]
            for i in range(29):
                cv2.line(t, tuple(b[i].astype(int)), tuple(b[i + 1].astype(int)), ink, 1 + int(6 * math.sin(math.pi * i / 29)), cv2.LINE_AA)
        elif kind == 4:    # soft key row with pictograms
            for i in range(d.integer(2, 9)):
                cv2.rectangle(t, (x + i * (q + 5), y), (x + i * (q + 5) + q, y + q), level + (25 if level < 128 else -25), d.pick([-1, 1]))
                pictogram(d, t, x + i * (q + 5), y, q)
        elif kind == 5:
            cv2.arrowedLine(t, (x, y), (x + d.integer(-q, q), y + d.integer(-q, q)), ink, d.pick([1, 2, 3]), cv2.LINE_AA, 0, .3)
        else:
            pictogram(d, t, x, y, max(10, q))
    return blur(t, d.uniform(.3, .8)) if d.chance(.4) else t


def pictogram(d, t, x, y, q):
    """a few strokes inside a square of side q, in contrast to what is there"""
    v = float(t[min(t.shape[0] - 1, y + 1), min(t.shape[1] - 1, x + 1)])
    c = v + 120 if v < 120 else v - 120
    if d.chance(.5):
        cv2.rectangle(t, (x, y), (x + q, y + q), c if d.chance(.3) else v + 25, 1)
    p = lambda: (x + d.integer(2, q - 1), y + d.integer(2, q - 1))
    for _ in range(d.integer(1, 4)):
        a, b, k = p(), p(), d.integer(0, 5)
        if k == 0:
            cv2.line(t, a, b, c, d.pick([1, 2, 3]), cv2.LINE_AA)
        elif k == 1:
            cv2.circle(t, a, d.integer(2, max(3, q // 3)), c, d.pick([-1, 1, 2]), cv2.LINE_AA)
        elif k == 2:
            cv2.rectangle(t, a, b, c, d.pick([-1, 1]))
        elif k == 3:
            cv2.fillPoly(t, [np.array([a, b, p()], np.int32)], c)
        else:
            cv2.ellipse(t, a, (d.integer(2, q), d.integer(2, q)), d.integer(0, 180), 0, d.pick([90, 180, 360]), c, 1, cv2.LINE_AA)


def window(d, S=640):
    """light or dark user interface: panels, bevels, tables, tool bars, all empty of text"""
    lv = d.uniform(150, 255) if d.chance(.65) else d.uniform(15, 90)
    t = np.full((S, S), lv, np.float32)
    for _ in range(d.integer(2, 10)):
        x, y, w, h = d.integer(0, S), d.integer(0, S), d.integer(20, 400), d.integer(12, 250)
        cv2.rectangle(t, (x, y), (x + w, y + h), min(255.0, max(0.0, lv + d.uniform(-90, 90))), -1)
        if d.chance(.6):
            hi, lo = min(255.0, lv + 50), max(0.0, lv - 70)
            for a, b, c in (((x, y), (x + w, y), hi), ((x, y), (x, y + h), hi), ((x, y + h), (x + w, y + h), lo), ((x + w, y), (x + w, y + h), lo)):
                cv2.line(t, a, b, c, 1)
    for _ in range(d.integer(0, 4)):
        x, y, n, q = d.integer(0, S // 2), d.integer(0, S - 40), d.integer(3, 14), d.integer(14, 34)
        for i in range(n):
            pictogram(d, t, x + i * (q + 4), y, q)
    for _ in range(d.integer(0, 3)):
        x, y, cw, ch = d.integer(0, S), d.integer(0, S), d.integer(30, 120), d.integer(11, 30)
        c, cols, rows = max(0.0, min(255.0, lv + d.pick([-120, -60, 60, 120]))), d.integer(2, 8), d.integer(2, 16)
        for i in range(rows + 1):
            cv2.line(t, (x, y + i * ch), (x + cols * cw, y + i * ch), c, 1)
        for i in range(cols + 1):
            cv2.line(t, (x + i * cw, y), (x + i * cw, y + rows * ch), c, 1)
    return t
