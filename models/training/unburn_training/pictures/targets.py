"""What the detector is taught: half-resolution maps of a page.

region  ink of a line and a thin margin around it, gaps wider than about one capital split
core    the middle band of the line, 54 % of a capital high, so that neighbouring lines stay apart
ignore  lone dots and short dashes: neither rewarded nor punished
ink     share of glyph pixels, for weights and for measuring"""
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass
class Segment:
    """one run of ink of a text line; corners clockwise from top left, full-resolution pixels"""
    region: np.ndarray   # float32 [4, 2]
    core: np.ndarray     # float32 [4, 2]
    cap: float
    ignored: bool

    def scaled(self, fx, fy):
        f = np.array([fx, fy], np.float32)
        return Segment(self.region * f, self.core * f, self.cap * fy, self.ignored)


def _fixed(points):
    """cv2 sub-pixel coordinates, 4 fractional bits"""
    return np.round((points - .5) * 16).astype(np.int32).reshape(-1, 1, 2)


def margin(cap):
    """how far the region target reaches beyond the ink, pixels"""
    return max(.6, .05 * cap)


def grown(quad, by):
    u, v = quad[1] - quad[0], quad[3] - quad[0]
    u, v = u / (np.linalg.norm(u) + 1e-6), v / (np.linalg.norm(v) + 1e-6)
    return quad + np.array([-u - v, u - v, u + v, -u + v]) * by


def targets(segments, glyphs):
    """segments, glyph mask u8 [h, w] -> u8 (region, core, ignore, ink), each [h/2, w/2], 0..255 by covered area"""
    h, w = glyphs.shape
    region, core, ignore = (np.zeros((h, w), np.uint8) for _ in range(3))
    for s in segments:
        outer = _fixed(grown(s.region, margin(s.cap)))
        cv2.fillPoly(region, [outer], 255, cv2.LINE_AA, 4)
        cv2.fillPoly(core, [_fixed(s.core)], 255, cv2.LINE_AA, 4)
        if s.ignored:
            cv2.fillPoly(ignore, [outer], 255, cv2.LINE_8, 4)
    return tuple(cv2.resize(m, (w // 2, h // 2), interpolation=cv2.INTER_AREA) for m in (region, core, ignore, glyphs))


def segment_mask(segment, shape):
    m = np.zeros(shape, np.uint8)
    cv2.fillPoly(m, [_fixed(segment.region)], 255, cv2.LINE_8, 4)
    return m
