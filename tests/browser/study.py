"""A series as a grid: one edit for all images except one, approval together of what was on the screen; 40 images under a minute
with UNBURN_FULL=1, else 6."""

import os
import time
from pathlib import Path

import numpy as np
import pydicom
from common import SAMPLES, Server, browser, expect, open_list, row, rows, say

COUNT = 40 if os.environ.get("UNBURN_FULL", "0") not in ("", "0") else 6
RECT = {"left": 96, "top": 200, "width": 64, "height": 40}
folder = Path("in")
folder.mkdir()
names = [f"slice{n:02}.dcm" for n in range(COUNT)]
for number, name in enumerate(names):
    dataset = pydicom.dcmread(SAMPLES / "ct_icon_twin.dcm")
    pixels = dataset.pixel_array.copy()
    pixels[::7] += np.int16(number % 5)
    dataset.PixelData = pixels.tobytes()
    dataset.InstanceNumber = number + 1
    dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.7{number:03}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(folder / name)

# One of the series has another size: no edit of the others reaches it.
ODD = "z_other_size.dcm"
dataset = pydicom.dcmread(SAMPLES / "ct_icon_twin.dcm")
pixels = dataset.pixel_array[:200].copy()
dataset.Rows, dataset.PixelData = pixels.shape[0], pixels.tobytes()
dataset.InstanceNumber = COUNT + 1
dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.8.498.7999"
dataset.save_as(folder / ODD)
ALL = COUNT + 1

with Server(folder, "--reviewer", "T. Tester") as server, browser(1920, 1080) as context:
    page = open_list(context, server)
    began = time.monotonic()
    page.keyboard.press("g")
    cards = page.locator("li.card")
    expect(cards).to_have_count(ALL)

    # One edit for all but one.
    page.get_by_label(f"Select {names[1]}").uncheck()
    page.keyboard.press("e")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{COUNT - 1} of {COUNT} selected images")
    for label, value in RECT.items():
        dialog.get_by_label(label, exact=True).fill(str(value))
    dialog.get_by_role("button", name=f"Mask on {COUNT - 1} images").click()
    expect(page.locator("#notes")).to_contain_text(f"{COUNT - 1} images changed")
    assert {r["name"].rsplit("/", 1)[-1]: r["boxes"] for r in rows(page)} == {n: 0 if n in (names[1], ODD) else 1 for n in [*names, ODD]}

    # Approve all together, when all have been on the screen.
    page.get_by_label(f"Select {names[1]}").check()
    box = page.locator(".scroll").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    for _ in range(60):
        if page.locator(".hint[role=status]", has_text=f"{ALL} shown").count():
            break
        page.wait_for_timeout(700)
        page.mouse.wheel(0, 400)
    expect(page.locator(".filters [role=status]")).to_contain_text(f"{ALL} shown")
    page.get_by_role("button", name=f"Approve {ALL} together").click()
    page.get_by_role("dialog").get_by_role("button", name=f"Approve {ALL}").click()
    expect(page.locator("#progress")).to_contain_text(f"{ALL} of {ALL} decided", timeout=120_000)
    took = time.monotonic() - began
    assert row(page, names[0])["state"] == "approved"

x, y, w, h = RECT["left"], RECT["top"], RECT["width"], RECT["height"]
for name in [*names, ODD]:
    was = pydicom.dcmread(folder / name).pixel_array
    now = pydicom.dcmread(next(Path("out").rglob(name))).pixel_array
    differ = now != was
    if name in (names[1], ODD):
        assert not differ.any(), f"{name}: left out, but changed"
        continue
    inside = now[y:y + h, x:x + w]
    assert (inside == inside.flat[0]).all() and differ[y:y + h, x:x + w].any(), f"{name}: not masked"
    differ[y - 8:y + h + 8, x - 8:x + w + 8] = False
    assert not differ.any(), f"{name}: changed outside"
say(f"study: {ALL} images edited and approved in {took:.1f} s, writing and checking included")
