"""From the two maps to masks, all integer: what the Rust code does at its core, and part of the training's measure.

Region components (>= LOW, 8-connected) are kept where they are sure somewhere. Lines are the core components inside; the rest of
a kept component joins the line it reaches first. A line masks its grown box, or its own dilated cells where it is slanted."""
from dataclasses import dataclass

import cv2
import numpy as np

LOW, SURE, CORE, CORE_PEAK, CELLS, PAD, PAD_SHARE, FILL_PERCENT, HALF_ABOVE = 96, 144, 128, 112, 5, 2, 8, 50, 1400
ROUNDS = 64


@dataclass(frozen=True)
class Box:
    x0: int
    y0: int
    x1: int
    y1: int


def luma(rgb):
    a = rgb.astype(np.int32)
    return ((77 * a[..., 0] + 150 * a[..., 1] + 29 * a[..., 2] + 128) >> 8).astype(np.uint8)


def padded(gray):
    """edge-replicated right and bottom to multiples of 16"""
    h, w = gray.shape
    return np.pad(gray, ((0, -h % 16), (0, -w % 16)), mode="edge")


def halved(gray):
    """exact 2x2 mean, rounded half up"""
    g = np.pad(gray, ((0, gray.shape[0] & 1), (0, gray.shape[1] & 1)), mode="edge").astype(np.int32)
    return ((g[::2, ::2] + g[1::2, ::2] + g[::2, 1::2] + g[1::2, 1::2] + 2) >> 2).astype(np.uint8)


def lines(maps, H, W):
    """maps u8 [2, h, w] at half resolution -> ([Box], mask u8 [H, W])"""
    owner, count = _owners(maps)
    mask, boxes = np.zeros((H, W), np.uint8), []
    ys, xs = np.nonzero(owner)
    numbers = owner[ys, xs]
    order = np.argsort(numbers, kind="stable")
    ys, xs, cuts = ys[order], xs[order], np.searchsorted(numbers[order], np.arange(1, count + 1))
    for a, b in zip(cuts, cuts[1:]):
        if a == b:
            continue
        cy, cx = ys[a:b], xs[a:b]
        y0, y1, x0, x1 = cy.min(), cy.max(), cx.min(), cx.max()
        h, w = y1 - y0 + 1, x1 - x0 + 1
        p = PAD + 2 * min(h, w) // PAD_SHARE
        box = Box(max(0, int(2 * x0 - p)), max(0, int(2 * y0 - p)), min(W, int(2 * x1 + 2 + p)), min(H, int(2 * y1 + 2 + p)))
        if (b - a) * 100 >= FILL_PERCENT * h * w:
            mask[box.y0:box.y1, box.x0:box.x1] = 255
        else:
            cells = np.zeros((h, w), np.uint8)
            cells[cy - y0, cx - x0] = 255
            cells = cv2.dilate(np.pad(cells.repeat(2, 0).repeat(2, 1), p), np.ones((2 * p + 1, 2 * p + 1), np.uint8))
            top, left = box.y0 - (2 * y0 - p), box.x0 - (2 * x0 - p)
            view = mask[box.y0:box.y1, box.x0:box.x1]
            np.maximum(view, cells[top:top + view.shape[0], left:left + view.shape[1]], out=view)
        boxes.append(box)
    return boxes, mask


def _owners(maps):
    """line number of every kept cell (0: none), and one more than the largest"""
    region, core = maps
    n, label, stats, _ = cv2.connectedComponentsWithStats((region >= LOW).astype(np.uint8), connectivity=8)
    peak, core_peak = np.zeros(n, np.int32), np.zeros(n, np.int32)
    np.maximum.at(peak, label.ravel(), region.ravel())
    np.maximum.at(core_peak, label.ravel(), core.ravel())
    keep = (peak >= SURE) & (stats[:, 4] >= CELLS) & (core_peak >= CORE_PEAK)
    keep[0] = False
    kept = keep[label]
    seeds = (kept & (core >= CORE)).astype(np.uint8)
    count, owner = cv2.connectedComponents(seeds, connectivity=8)
    for e in np.unique(label[kept & ~np.isin(label, np.unique(label[seeds > 0]))]):
        owner[label == e] = count
        count += 1
    for _ in range(ROUNDS):       # synchronous 4-neighbour rounds, lowest number wins
        free = kept & (owner == 0)
        if not free.any():
            break
        padded_owner = np.pad(owner, 1)
        near = np.zeros_like(owner)
        for shifted in (padded_owner[:-2, 1:-1], padded_owner[2:, 1:-1], padded_owner[1:-1, :-2], padded_owner[1:-1, 2:]):
            near = np.where((near == 0) | ((shifted > 0) & (shifted < near)), shifted, near)
        owner = np.where(free, near, owner)
    return owner, count


def detect(maps_of, gray):
    """maps_of: u8 picture -> u8 maps. Native scale, and exact half sizes of large pictures -> mask, number of lines"""
    H, W = gray.shape
    boxes, mask = lines(maps_of(gray), H, W)
    n, scale, g = len(boxes), 1, gray
    while max(g.shape) > HALF_ABOVE:
        g, scale = halved(g), scale * 2
        boxes, m = lines(maps_of(g), *g.shape)
        n += len(boxes)
        mask = np.maximum(mask, m.repeat(scale, 0).repeat(scale, 1)[:H, :W])
    return mask, n
