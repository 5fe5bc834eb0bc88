"""Seeded randomness shared by all generators, and the random fields pictures are made of."""
import math
import random

import cv2
import numpy as np

cv2.setNumThreads(1)


class Dice:
    """One seed, two generators: `r` (scalars and choices) and `g` (numpy fields)."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.g = np.random.default_rng(self.r.getrandbits(63))

    def chance(self, p):
        return self.r.random() < p

    def pick(self, items):
        return self.r.choice(items)

    def weighted(self, table):
        """table: {item: weight} -> item"""
        return self.r.choices(list(table), list(table.values()))[0]

    def uniform(self, a, b):
        return self.r.uniform(a, b)

    def integer(self, a, b):
        """integer in a..b-1; `a` where the range is empty"""
        return self.r.randrange(a, b) if b > a else a

    def log_uniform(self, a, b):
        return math.exp(self.r.uniform(math.log(a), math.log(b)))

    # ---- random fields, float32 [h, w] ----
    def normal(self, h, w):
        return self.g.standard_normal((h, w), dtype=np.float32)

    def smooth(self, h, w, sx, sy=None):
        """blurred noise of unit deviation"""
        n = blur(self.normal(h, w), sx, sy)
        return n / (float(n.std()) + 1e-6)

    def rayleigh(self, h, w):
        return np.hypot(self.normal(h, w), self.normal(h, w))

    def coarse(self, rows, cols, h, w):
        """uniform noise on a coarse grid, cubically enlarged, in 0..1"""
        return enlarge(self.g.random((rows, cols), dtype=np.float32), h, w).clip(0, 1)

    def octaves(self, h, w, count, falloff, first=2):
        """sum of ever finer noise, each octave `falloff` times weaker"""
        t = np.zeros((h, w), np.float32)
        for o in range(count):
            t += enlarge(self.normal(first << o, first << o), h, w) / falloff ** o
        return t


def enlarge(a, h, w, how=cv2.INTER_CUBIC):
    return cv2.resize(a, (w, h), interpolation=how)


def blur(a, sx, sy=None):
    return cv2.GaussianBlur(a, (0, 0), sigmaX=max(.2, sx), sigmaY=max(.2, sy if sy else sx))


def unit_blob(h, w, centre, axes, angle=0, soft=0.0):
    """filled ellipse of ones with an optional soft edge"""
    m = np.zeros((h, w), np.float32)
    cv2.ellipse(m, centre, axes, angle, 0, 360, 1.0, -1, cv2.LINE_AA)
    return blur(m, soft) if soft > 0 else m


def logistic(t, gain=1.0):
    return 1 / (1 + np.exp(-np.clip(t * gain, -40, 40)))
