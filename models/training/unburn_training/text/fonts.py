"""The font zoo: TrueType (FreeType through Pillow), X11 bitmap fonts, console fonts and Hershey stroke fonts.

All come from the Debian packages of ../../fonts.txt. Each font draws a string into a u8 alpha mask and tells the row of
the baseline in it; `cover` is the set of characters it has. Groups that start with `held_` are never trained on."""
import functools
import glob
import gzip
import os
import struct

import cv2
import numpy as np
from fontTools.ttLib import TTFont
from PIL import ImageFont, features

from .alphabet import ALPHABET, ASCII

TRUETYPE = "/usr/share/fonts/truetype/", "/usr/share/fonts/opentype/"
X11, CONSOLE, HERSHEY = "/usr/share/fonts/X11/", "/usr/share/consolefonts/", "/usr/share/hershey-fonts/"
NOTO_CJK = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
NOTO = "/usr/share/fonts/truetype/noto/"

GROUPS = {
    "sans": "dejavu/DejaVuSans.ttf dejavu/DejaVuSans-Bold.ttf dejavu/DejaVuSans-Oblique.ttf liberation/LiberationSans-*.ttf freefont/FreeSans.ttf freefont/FreeSansBold.ttf "
            "open-sans/OpenSans-Regular.ttf open-sans/OpenSans-Bold.ttf open-sans/OpenSans-Semibold.ttf open-sans/OpenSans-Light.ttf noto/NotoSans-Regular.ttf noto/NotoSans-Bold.ttf "
            "roboto/unhinted/RobotoTTF/Roboto-Regular.ttf roboto/unhinted/RobotoTTF/Roboto-Bold.ttf roboto/unhinted/RobotoTTF/Roboto-Medium.ttf roboto/unhinted/RobotoTTF/Roboto-Light.ttf",
    "mono": "dejavu/DejaVuSansMono*.ttf liberation/LiberationMono-*.ttf freefont/FreeMonoBold.ttf hack/Hack-Regular.ttf hack/Hack-Bold.ttf noto/NotoSansMono-*.ttf noto/NotoMono-Regular.ttf",
    "serif": "dejavu/DejaVuSerif.ttf dejavu/DejaVuSerif-Bold.ttf liberation/LiberationSerif-*.ttf freefont/FreeSerif.ttf noto/NotoSerif-Regular.ttf noto/NotoSerif-Bold.ttf",
    "condensed": "dejavu/DejaVuSansCondensed.ttf dejavu/DejaVuSansCondensed-Bold.ttf liberation/LiberationSansNarrow-Regular.ttf liberation/LiberationSansNarrow-Bold.ttf "
                 "roboto/unhinted/RobotoCondensed-Regular.ttf roboto/unhinted/RobotoCondensed-Bold.ttf open-sans/OpenSans-CondBold.ttf",
    "ocr": "ocr-a/OCRA.ttf ocr-b/OCRB.otf",
    "held_ttf": "cantarell/Cantarell-Regular.otf cantarell/Cantarell-Bold.otf lato/Lato-Regular.ttf lato/Lato-Bold.ttf inconsolata/Inconsolata.otf 3270/3270-Regular.ttf",
}
PCF = ("misc/4x6 misc/5x7 misc/5x8 misc/6x9 misc/6x10 misc/6x12 misc/6x13 misc/6x13B misc/7x13 misc/7x13B misc/7x14 misc/7x14B misc/8x13 misc/8x13B misc/9x15 misc/9x15B misc/9x18 "
       "misc/9x18B misc/10x20 75dpi/helvR08 75dpi/helvR10 75dpi/helvR12 75dpi/helvR14 75dpi/helvB08 75dpi/helvB10 75dpi/helvB12 75dpi/helvB14 75dpi/helvR18 75dpi/helvB18 "
       "75dpi/courR08 75dpi/courR10 75dpi/courB12 75dpi/courR14 75dpi/timR10 75dpi/timR12 75dpi/timB14").split()
CELLS = ("clR4x6 clR5x6 clR5x8 clR5x10 clR6x8 clR6x10 clR6x12 clR7x8 clR7x10 clR7x12 clR8x8 clR8x10 clR8x12 clR8x14 clR8x16 clR9x15 clB6x10 clB6x12 clB8x8 clB8x10 clB8x12 clB8x14 clB8x16 "
         "clB9x15 8x16 12x24 10x20 6x13O 7x13O 8x13O").split()
PSF = "VGA8 VGA14 VGA16 VGA32x16 Fixed13 Fixed14 Fixed15 Fixed16 Fixed18".split()
HELD_PCF, HELD_PSF = "75dpi/luRS08 75dpi/luRS10 75dpi/luBS12 75dpi/luRS14".split(), "Terminus14 Terminus16 TerminusBold16 Terminus20x10".split()
PEN, PEN_COVER = "scripts scriptc cursive futural rowmans".split(), frozenset(ASCII)
STROKE, HELD_STROKE = "futural futuram rowmans timesr rowmand".split(), ["timesrb"]

# scripts the reader cannot read but the detector must find: font file, first and last code point
SCRIPTS = [
    (NOTO_CJK, 0x4E00, 0x9FA5), (NOTO_CJK, 0x4E00, 0x9FA5), (NOTO_CJK, 0x3041, 0x30FF), (NOTO_CJK, 0xAC00, 0xD7A3), (NOTO + "NotoSans-Regular.ttf", 0x0410, 0x0450),
    (NOTO + "NotoSans-Bold.ttf", 0x0410, 0x0450), (NOTO + "NotoSans-Regular.ttf", 0x0391, 0x03CA), (NOTO + "NotoSansArabic-Regular.ttf", 0x0621, 0x064B),
    (NOTO + "NotoSansHebrew-Regular.ttf", 0x05D0, 0x05EB), (NOTO + "NotoSansThai-Regular.ttf", 0x0E01, 0x0E2F), (NOTO + "NotoSansDevanagari-Regular.ttf", 0x0905, 0x0940),
]


JOINS = features.check("raqm")     # whether Pillow can shape Arabic, Devanagari and the like


@functools.lru_cache(2048)
def freetype(path, size, joined=False):
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.RAQM if joined and JOINS else ImageFont.Layout.BASIC)


def draw_freetype(font, text, binary=False):
    """-> u8 alpha [h, w], row of the baseline"""
    mask, offset = font.getmask2(text, "1" if binary else "L", anchor="ls")
    a = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
    return (a > 0).astype(np.uint8) * 255 if binary else a, -offset[1]


class Outline:
    """a TrueType or OpenType file"""

    def __init__(self, path):
        self.path = path
        cmap = TTFont(path, fontNumber=0).getBestCmap()
        self.cover = frozenset(c for c in ALPHABET if ord(c) in cmap)
        self.cap_share = max(.3, freetype(path, 100).getmask("H").size[1] / 100)

    def draw(self, text, cap, binary=False):
        return draw_freetype(freetype(self.path, max(6, round(cap / self.cap_share))), text, binary)


class Bitmap:
    """fixed-height glyph cells of 0 and 1; `base` is the row of the baseline, `cap` the height of H"""

    def __init__(self, glyphs, height, base, cap):
        self.glyphs, self.height, self.base, self.cap, self.cover = glyphs, height, base, cap, frozenset(glyphs)

    def draw(self, text, spacing=0):
        gap = np.zeros((self.height, spacing), np.uint8)
        parts = [p for c in text for p in (self.glyphs[c], gap)]
        return np.hstack(parts) * 255, self.base


class Strokes:
    """a Hershey font: lists of points per glyph"""

    def __init__(self, path=None):
        self.cover = frozenset(ASCII)
        if path:
            self.glyphs = _read_hershey(path)
            ys = np.concatenate(self.glyphs["H"][1])[:, 1]
            self.top, self.base = ys.min(), ys.max()

    def draw(self, text, cap, thickness=1, smooth=True, stretch=1.0):
        k, x, lines = cap / (self.base - self.top), 0, []
        for c in text:
            width, strokes = self.glyphs[c]
            lines += [np.stack([(s[:, 0] + x) * k * stretch, (s[:, 1] - self.base) * k], 1) for s in strokes]
            x += width
        above = int(cap * 1.25) + 3 + thickness
        a = np.zeros((above + int(cap * .45) + 3 + thickness, int(x * k * stretch) + 4 + thickness), np.uint8)
        points = [np.round((p + [2, above]) * 16).astype(np.int32).reshape(-1, 1, 2) for p in lines]
        cv2.polylines(a, points, False, 255, thickness, cv2.LINE_AA if smooth else cv2.LINE_8, 4)
        return a, above

    def written(self, text, cap, d):
        """as if by hand -> u8 alpha, height of a capital, row of the baseline"""
        k, slant, wave, jitter = cap / (self.base - self.top), d.uniform(-.2, .5), d.uniform(0, .15) * cap, d.uniform(.01, .07) * cap
        x, turn, lines = 0.0, d.uniform(0, 6.28), []
        for c in text:
            width, strokes = self.glyphs[c]
            size = k * d.uniform(.85, 1.2)
            for s in strokes:
                p = np.stack([s[:, 0] * size, (s[:, 1] - self.base) * size], 1) + d.g.standard_normal((len(s), 2)) * jitter
                p[:, 0] += x - slant * p[:, 1]
                lines.append(p + [0, wave * np.sin(turn + x / (4 * cap))])
            x += width * size * d.uniform(.75, 1.05)
        if not lines:
            return np.zeros((4, 4), np.uint8), cap, 3
        points = np.concatenate(lines)
        low, high, thickness = points.min(0) - 4, points.max(0) + 4, max(1, round(cap * d.uniform(.04, .14)))
        a = np.zeros([int(v) + 2 * thickness for v in (high - low)[::-1]], np.uint8)
        cv2.polylines(a, [np.round((p - low + thickness) * 16).astype(np.int32).reshape(-1, 1, 2) for p in lines], False, 255, thickness, cv2.LINE_AA, 4)
        return a, cap, int(thickness - low[1])


def _read_hershey(path):
    records, current = [], ""
    for line in open(path).read().split("\n"):
        if not line.strip() and not current:
            continue
        current += line
        try:
            pairs = int(current[5:8])
        except ValueError:
            current = ""
            continue
        if len(current) >= 8 + 2 * pairs:
            records.append(current[8:8 + 2 * pairs])
            current = ""
    glyphs = {}
    for i, d in enumerate(records[:95]):
        left, right = ord(d[0]) - 82, ord(d[1]) - 82
        strokes, s = [], []
        for k in range(2, len(d), 2):
            if d[k:k + 2] == " R":
                strokes.append(s)
                s = []
            else:
                s.append((ord(d[k]) - 82 - left, ord(d[k + 1]) - 82))
        strokes.append(s)
        glyphs[chr(32 + i)] = (right - left, [np.array(q, np.float32) for q in strokes if q])
    return glyphs


def read_psf(path):
    """console font, PSF 1 or 2, with its Unicode table"""
    b = gzip.open(path).read()
    if b[:2] == b"\x36\x04":
        n, height, width, offset, version = 512 if b[2] & 1 else 256, b[3], 8, 4, 1
        size = height
    else:
        _, _, offset, _, n, size, height, width = struct.unpack("<8I", b[:32])
        version = 2
    cells = np.unpackbits(np.frombuffer(b, np.uint8, n * size, offset).reshape(n, height, (width + 7) // 8), axis=2)[:, :, :width]
    table, p = {}, offset + n * size
    if version == 2:
        for i in range(n):
            end = b.index(b"\xff", p)
            for c in b[p:end].split(b"\xfe")[0].decode("utf8", "ignore"):
                table.setdefault(c, cells[i])
            p = end + 1
    else:
        i, sequence = 0, False
        while i < n:
            u = struct.unpack_from("<H", b, p)[0]
            p += 2
            if u == 0xFFFF:
                i, sequence = i + 1, False
            elif u == 0xFFFE:
                sequence = True
            elif not sequence:
                table.setdefault(chr(u), cells[i])
    glyphs = {c: np.ascontiguousarray(table[c]) for c in ALPHABET if c in table}
    rows = np.where(glyphs["H"].any(1))[0]
    return Bitmap(glyphs, height, int(rows[-1]) + 1, int(rows[-1] - rows[0] + 1))


def read_pcf(path):
    """X11 bitmap font: metrics, bitmaps and encodings of the PCF tables"""
    b = gzip.open(path).read()
    tables = {}
    for i in range(struct.unpack_from("<I", b, 4)[0]):
        kind, _, _, offset = struct.unpack_from("<4I", b, 8 + 16 * i)
        tables[kind] = offset

    def table(kind):
        offset = tables[kind]
        fmt = struct.unpack_from("<I", b, offset)[0]
        return offset, fmt, ">" if fmt & 4 else "<"

    o, fmt, e = table(4)
    if fmt & 0x100:
        n = struct.unpack_from(e + "h", b, o + 4)[0]
        metrics = [tuple(x - 0x80 for x in b[o + 6 + 5 * i:o + 11 + 5 * i]) for i in range(n)]
    else:
        n = struct.unpack_from(e + "I", b, o + 4)[0]
        metrics = [struct.unpack_from(e + "5h", b, o + 8 + 12 * i) for i in range(n)]
    o, fmt, e = table(8)
    n = struct.unpack_from(e + "I", b, o + 4)[0]
    offsets, data = struct.unpack_from(e + f"{n}I", b, o + 8), o + 24 + 4 * n
    pad, byte_msb, bit_msb, unit = 1 << (fmt & 3), bool(fmt & 4), bool(fmt & 8), 1 << ((fmt >> 4) & 3)
    o, _, e = table(32)
    c0, c1, r0, r1, _ = struct.unpack_from(e + "5h", b, o + 4)
    codes = struct.unpack_from(e + f"{(c1 - c0 + 1) * (r1 - r0 + 1)}H", b, o + 14)
    raw = {}
    for c in ALPHABET:
        lo, hi = ord(c) & 255, ord(c) >> 8
        if not (c0 <= lo <= c1 and r0 <= hi <= r1):
            continue
        i = codes[(hi - r0) * (c1 - c0 + 1) + lo - c0]
        if i == 0xFFFF:
            continue
        left, right, width, ascent, descent = metrics[i]
        gw, gh = max(0, right - left), max(0, ascent + descent)
        stride = ((gw + 7) // 8 + pad - 1) // pad * pad
        bits = np.zeros((gh, gw), np.uint8)
        if gw and gh:
            row = np.frombuffer(b, np.uint8, stride * gh, data + offsets[i])
            if unit > 1 and bit_msb != byte_msb:
                row = row.reshape(-1, unit)[:, ::-1].reshape(-1)
            bits = np.unpackbits(row, bitorder="big" if bit_msb else "little").reshape(gh, stride * 8)[:, :gw]
        raw[c] = bits, left, width, ascent, descent
    top, bottom = max(v[3] for v in raw.values()), max(v[4] for v in raw.values())
    glyphs = {}
    for c, (bits, left, width, ascent, _) in raw.items():
        cell, x = np.zeros((top + bottom, max(width, left + bits.shape[1], 1)), np.uint8), max(left, 0)
        if bits.size:
            cell[top - ascent:top - ascent + bits.shape[0], x:x + bits.shape[1]] = bits[:, :cell.shape[1] - x]
        glyphs[c] = cell
    return Bitmap(glyphs, top + bottom, top, raw["H"][3])


def with_marked_zero(font, dotted):
    """copy whose 0 is slashed or dotted, as on many consoles; Ø and ø removed to avoid a clash. None where 0 is too small"""
    if isinstance(font, Bitmap):
        g, zero = dict(font.glyphs), font.glyphs["0"].copy()
        ys, xs = np.where(zero)
        if len(ys) == 0 or np.ptp(ys) < 6 or np.ptp(xs) < 3:
            return None
        y0, y1, x0, x1 = int(ys.min()), int(ys.max()), int(xs.min()), int(xs.max())
        if dotted:
            zero[(y0 + y1) // 2 - (y1 - y0 > 9):(y0 + y1) // 2 + 1, (x0 + x1) // 2] = 1
        else:
            cv2.line(zero, (x0, y1 - 1), (x1, y0 + 1), 1, 1)
        g["0"] = zero
        return Bitmap({c: v for c, v in g.items() if c not in "Øø"}, font.height, font.base, font.cap)
    new = Strokes()
    new.glyphs, new.top, new.base = dict(font.glyphs), font.top, font.base
    width, strokes = new.glyphs["0"]
    p = np.concatenate(strokes)
    a, b = p.min(0), p.max(0)
    m = (a + b) / 2
    mark = np.array([m, m + [0, .5]] if dotted else [[a[0], b[1]], [b[0], a[1]]], np.float32)
    new.glyphs["0"] = (width, strokes + [mark])
    return new


def _files(patterns):
    return [p for pattern in patterns.split() for root in TRUETYPE for p in sorted(glob.glob(root + pattern))]


def _existing(root, names, end):
    return [root + n + end for n in names if os.path.exists(root + n + end)]


@functools.lru_cache(None)
def load():
    """-> {group: [font]}; an error names the group that has no font installed"""
    zoo = {g: [Outline(p) for p in _files(patterns)] for g, patterns in GROUPS.items()}
    zoo["x11"] = [read_pcf(p) for p in _existing(X11, PCF, ".pcf.gz")]
    zoo["console"] = [read_psf(p) for p in _existing(CONSOLE + "Lat15-", PSF, ".psf.gz")]
    zoo["cells"] = [read_pcf(p) for p in _existing(X11 + "misc/", CELLS, ".pcf.gz")]
    zoo["pen"] = [Strokes(p) for p in _existing(HERSHEY, PEN, ".jhf")]
    zoo["strokes"] = [Strokes(p) for p in _existing(HERSHEY, STROKE, ".jhf")]
    zoo["held_bitmap"] = [read_pcf(p) for p in _existing(X11, HELD_PCF, ".pcf.gz")] + [read_psf(p) for p in _existing(CONSOLE + "Lat15-", HELD_PSF, ".psf.gz")]
    zoo["held_strokes"] = [Strokes(p) for p in _existing(HERSHEY, HELD_STROKE, ".jhf")]
    for group in ("x11", "console", "cells", "strokes"):
        marked = [with_marked_zero(f, i % 3 == 0) for i, f in enumerate(zoo[group])]
        zoo[group] += [f for f in marked if f][::1 if group == "strokes" else 2]
    empty = [g for g, fonts in zoo.items() if not fonts]
    if empty:
        raise SystemExit(f"no fonts for {', '.join(empty)}: install the Debian packages listed in fonts.txt")
    return zoo
