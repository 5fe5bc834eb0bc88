"""A box that is remembered for an equipment is there on later files of it, with its name, and is written; other sizes have none."""

from pathlib import Path

import pydicom
from common import Server, browser, detail, draw, expect, inputs, open_file, open_list, row, say

folder = inputs("us_rgb.dcm", "us_rgb_twin.dcm", "us_cine_twin.dcm")

with browser() as context:
    with Server(folder, "--reviewer", "T. Tester") as server:
        page = open_list(context, server)
        open_file(page, "us_rgb.dcm")
        remember = page.get_by_role("button", name="Remember for this equipment…")
        remember.click()
        expect(page.locator("#notes")).to_contain_text("Draw a box first")
        rect = draw(page, 0.40, 0.45, 0.50, 0.55)
        remember.click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Sonavault SV 40")
        dialog.get_by_label("Name of the template").fill("lower middle")
        dialog.get_by_role("button", name="Remember").click()
        expect(page.locator("#notes")).to_contain_text("Stored as template")
    with Server(folder, "--reviewer", "T. Tester") as server:
        page = open_list(context, server)
        open_file(page, "us_rgb_twin.dcm")
        expect(page.get_by_text("Template of this equipment: lower middle")).to_be_visible()
        expect(page.locator(".item.fam-template")).to_have_count(1)
        found = [i for i in detail(page, "us_rgb_twin.dcm")["items"] if i["origin"] == "template"]
        assert [i["rect"] for i in found] == [rect], (found, rect)
        # Leaving it open asks for a reason, as with a header rule.
        page.locator(".item.fam-template").click()
        page.keyboard.press("k")
        expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#progress")).to_contain_text("1 of 3 decided", timeout=60_000)
        assert row(page, "us_rgb_twin.dcm")["state"] == "approved"
        assert not [i for i in detail(page, "us_cine_twin.dcm")["items"] if i["origin"] == "template"], "another size"
now = pydicom.dcmread(next(Path("out").rglob("us_rgb_twin.dcm"))).pixel_array
inside = now[rect["y"]:rect["y"] + rect["h"], rect["x"]:rect["x"] + rect["w"]]
assert inside.size and (inside == inside.flat[0]).all(), "the template's box was not written"
say("remember: the template masks the next file of the equipment, and no other size")
