"""Real pictures without text, from the Debian packages of `pictures.txt`: photographs, slices of heads, things, icons.

What is generated is never as rich as what cameras see, and a network that knows only generated pictures finds text in rows of
windows and in gravel. Backgrounds are functions as in `anatomy`; `icons_beside` sets icons where screens have them."""
import functools
import glob
import gzip
import os
import re

import cv2
import numpy as np

from .hard_negatives import camera

SHARE = "/usr/share"
LARGEST = 1920       # px; larger pictures are read at this size
PHOTOGRAPHS = (*(f"wallpapers/*/contents/images/{size}.*" for size in ("1920x1080", "3840x2160", "5120x2880")), "backgrounds/*_by_*.jpg", "palapeli/*/*.jpg", "hugin/xrc/data/help_en_EN/*.jpg")
VOLUMES = ("mricron/templates/ch2.nii.gz", "mricron/templates/ch2bet.nii.gz", "mricron/templates/inia19-t1-brain.nii.gz")
THINGS = tuple(f"tuxpaint/stamps/{kind}/**/*.png" for kind in ("animals", "food", "household", "people", "plants", "seasonal", "space", "sports", "town", "vehicles"))
ICONS = tuple(f"icons/{theme}/{side}x{side}/{kind}/*.png" for theme in ("Tango", "oxygen/base") for side in (16, 22, 32, 48)
              for kind in ("actions", "categories", "devices", "emblems", "emotes", "places", "status"))
# what shows letters, digits or signs that read as text; by the names of the files
WITH_TEXT = re.compile(r"celeste|aliasing|interpolate|rating|panini\.|pantheon|clock|calculator|keyboard|computer|newspaper|sign|stamp_|coin|"
                       r"text|font|format|spell|char|letter|lang|bold|italic|under|number|calendar|date|day|week|month|info|help|question|script|list|math|measure|"
                       r"zoom-orig|chart|add|new|plus|minus|remove|close|stop|delete|cancel|exit|im-|irc|talk|skype|facebook|yahoo|google|resource|currency|money|"
                       r"media-optical|audio|video|alphabet|sort|sum|function|code|html|page|title|label|view-|document-prop|document-edit|documentinfo|battery|wireless|network-",
                       re.IGNORECASE)


@functools.lru_cache(None)
def files(patterns):
    """paths below /usr/share that show no text, in a fixed order"""
    found = sorted(p for pattern in patterns for p in glob.glob(os.path.join(SHARE, pattern), recursive=True))
    found = [p for p in found if not WITH_TEXT.search(os.path.basename(p))]
    if not found:
        raise FileNotFoundError(f"no picture at {SHARE}/{patterns[0]}: install the packages of pictures.txt")
    return found


@functools.lru_cache(64)
def _read(path):
    """-> u8 [h, w, 4], blue, green, red, opacity"""
    image = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    z = LARGEST / max(image.shape[:2])
    if z < 1:
        image = cv2.resize(image, None, fx=z, fy=z, interpolation=cv2.INTER_AREA)
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    return image if image.shape[2] == 4 else np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])


@functools.lru_cache(4)
def _volume(path):
    """float32 voxels of a NIfTI-1 file of bytes, 16-bit integers or floats, 0..1"""
    with gzip.open(path) as f:
        data = f.read()
    header = lambda kind, offset, count: np.frombuffer(data, "<" + kind, count, offset)
    shape, kind, start = header("i2", 42, 3), int(header("i2", 70, 1)[0]), int(header("f4", 108, 1)[0])
    voxels = np.frombuffer(data, {2: "u1", 4: "<i2", 16: "<f4", 512: "<u2"}[kind], int(np.prod(shape.astype(int))), start)
    voxels = voxels.reshape(shape[::-1]).astype(np.float32)
    return voxels / max(1.0, float(np.percentile(voxels, 99.8)))


def _grey(d, image):
    """one of the pictures that the program makes of colours -> float32"""
    colours = image[..., :3].astype(np.float32)
    k = d.r.random()
    if k < .6:
        return colours @ np.array([.114, .587, .299], np.float32)
    return colours.max(2) if k < .7 else colours.min(2) if k < .8 else colours[..., d.integer(0, 3)]


def photograph(d, S=640):
    image = _read(d.pick(files(PHOTOGRAPHS)))
    h, w = image.shape[:2]
    side = min(h, w, int(S * d.log_uniform(.5, 2.6)))
    y, x = d.integer(0, h - side + 1), d.integer(0, w - side + 1)
    t = cv2.resize(_grey(d, image[y:y + side, x:x + side]), (S, S), interpolation=cv2.INTER_AREA if side > S else d.pick([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    t = np.clip((t - 128) * d.uniform(.5, 1.4) + 128 + d.uniform(-50, 50), 0, 255)
    return camera(d, t) if d.chance(.3) else t


def head(d, S=640):
    """one slice of a volume in any of three directions, or a sheet of several, in order or not, at any window"""
    voxels = _volume(d.pick(files(VOLUMES)))
    t, n = np.zeros((S, S), np.float32), d.pick([1, 1, 1, 2, 3, 4, 6, 8, 10])
    cell, low = S // n, d.uniform(-.1, .4)
    width, axis, scale = d.uniform(.25, 1.1), d.integer(0, 3), d.uniform(.8, 1.2)
    first, last, in_order = voxels.shape[axis] // 8, voxels.shape[axis] * 7 // 8, d.chance(.6)
    for i in range(n * n):
        at = first + (last - first) * i // (n * n) if in_order and n > 1 else d.integer(first, last)
        s = np.ascontiguousarray(np.take(voxels, at, axis)[::-1])
        z = cell / max(s.shape) * scale
        s = cv2.resize(s, None, fx=z, fy=z, interpolation=cv2.INTER_AREA if z < 1 else d.pick([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))[:cell, :cell]
        y, x = i // n * cell, i % n * cell
        t[y:y + s.shape[0], x:x + s.shape[1]] = s
    t = np.clip((t - low) / width, 0, 1) * d.uniform(140, 255)
    return t + d.normal(S, S) * d.uniform(0, 8) if d.chance(.4) else t


def _lay(t, grey, opacity, x, y):
    """draws a picture into t with its top left at (x, y), cut at the edges"""
    h, w = grey.shape
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, t.shape[1]), min(y + h, t.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    part, spot = np.s_[y0 - y:y1 - y, x0 - x:x1 - x], t[y0:y1, x0:x1]
    a = opacity[part].astype(np.float32) / 255
    spot *= 1 - a
    spot += a * grey[part]


def _ground(d, S):
    t = np.full((S, S), d.pick([0, 0, 255, d.uniform(0, 255), d.uniform(0, 255)]), np.float32)
    return t + d.octaves(S, S, 3, 1.6) * d.uniform(2, 25) if d.chance(.4) else t


def things(d, S=640):
    """single things cut out of photographs, on an even ground"""
    t = _ground(d, S)
    for _ in range(d.integer(1, 9)):
        image = _read(d.pick(files(THINGS)))
        z = S * d.uniform(.1, .8) / max(image.shape[:2])
        how = cv2.INTER_AREA if z < 1 else cv2.INTER_LINEAR
        image = cv2.resize(image, None, fx=z, fy=z, interpolation=how)
        _lay(t, _grey(d, image), image[..., 3], d.integer(-S // 8, S), d.integer(-S // 8, S))
    return t


def _icon(d, side, ground):
    """-> float32 grey and u8 opacity of one icon about `side` high: as it is, or as a single tone against the ground"""
    image = _read(d.pick(files(ICONS)))
    z = side / image.shape[0]
    if abs(z - 1) > .2:
        image = cv2.resize(image, None, fx=z, fy=z, interpolation=cv2.INTER_AREA if z < 1 else d.pick([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    grey, opacity = _grey(d, image), image[..., 3]
    if d.chance(.35):
        level = ground + d.uniform(40, 160) if ground < 128 else ground - d.uniform(40, 160)
        return np.full_like(grey, level), opacity if d.chance(.5) else (opacity * np.clip(1.4 - grey / 200, .1, 1)).astype(np.uint8)
    return np.clip((grey - 128) * d.uniform(.5, 1.1) + 128, 0, 255), opacity


def icons(d, S=640):
    """bars, grids and single icons on panels"""
    t = _ground(d, S)
    for _ in range(d.integer(2, 12)):
        side, cols, rows = int(d.log_uniform(10, 64)), d.pick([1, 3, 6, 12]), d.pick([1, 1, 2, 5])
        x, y, step = d.integer(-10, S), d.integer(-10, S), int(side * d.uniform(1.05, 2.2))
        key = d.pick([None, None, d.uniform(0, 255)])
        for i in range(rows * cols):
            u, v = x + i % cols * step, y + i // cols * step
            if not (0 <= u < S and 0 <= v < S):
                continue
            if key is not None:
                cv2.rectangle(t, (u - step // 8, v - step // 8), (u + side + step // 8, v + side + step // 8), key, -1)
            _lay(t, *_icon(d, side, float(t[v, u])), u, v)
    return t


def icons_beside(d, canvas):
    """one icon before or behind some of the lines of a page, about as tall as they are"""
    for s in list(canvas.segments):
        if not d.chance(.2):
            continue
        (left, top), (right, bottom) = s.region.min(0), s.region.max(0)
        side = max(8, int(s.cap * d.uniform(1, 2.6)))
        gap = int(max(3, s.cap * d.uniform(.3, 1.5)))
        x = int(left) - gap - side if d.chance(.6) else int(right) + gap
        y = int((top + bottom - side) / 2) + d.integer(-2, 3)
        if x < 0 or y < 0 or x + side > canvas.shape[1] or y + side > canvas.shape[0] or canvas.taken[y:y + side, x:x + side].any():
            continue
        _lay(canvas.image, *_icon(d, side, float(canvas.image[y, x])), x, y)
        canvas.taken[y:y + side, x:x + side] = True


MIXTURE = {photograph: .5, head: .2, things: .2, icons: .1}
