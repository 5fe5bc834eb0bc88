"""The mixture of text-free pictures that pages are drawn on."""
import numpy as np

from . import anatomy, hard_negatives as hard, real

REAL_SHARE = .35

MIXTURE = {
    anatomy.ultrasound_sector: .16, anatomy.ultrasound_linear: .06, anatomy.doppler: .06, anatomy.cross_section: .10,
    anatomy.radiograph: .10, anatomy.ridges: .08, anatomy.nuclear: .03,
    hard.endoscopy: .14, hard.sparkle: .03, hard.histology: .05, hard.soft_blobs: .05, hard.photo: .07, hard.trabecula: .03,
    hard.metal: .04, hard.retina: .02, hard.traces: .02, hard.plain_noise: .03, hard.phantom: .04, hard.emblems: .03, hard.window: .07,
}


def ground(dice, size=640):
    """a generated or a real picture -> u8 [size, size]"""
    return _drawn(real.MIXTURE if dice.chance(REAL_SHARE) else MIXTURE, dice, size)


def scene(dice, size=640):
    """a generated picture -> u8 [size, size]"""
    return _drawn(MIXTURE, dice, size)


def _drawn(mixture, dice, size):
    return np.clip(dice.weighted(mixture)(dice, size), 0, 255).astype(np.uint8)
