"""What a job holds back: files that need a review and quarantined ones; corrected and approved, the job lets them out; killed in
between, the edits are there again."""

from pathlib import Path

import pydicom
from common import SAMPLES, Server, browser, draw, expect, inputs, open_file, open_list, row, rows, say, unburn

folder = inputs("us_rgb.dcm", "us_rgb_twin.dcm")
# A class that nobody else knows: it never leaves, whatever its pixels hold.
private = pydicom.dcmread(SAMPLES / "ct_icon_twin.dcm")
private.SOPClassUID = private.file_meta.MediaStorageSOPClassUID = "1.2.826.0.1.3680043.8.498.1.5"
private.save_as(folder / "private.dcm")
ran = unburn("batch", "run", "job", "--input", str(folder), "--output", "out", "--names", "mirror", "--keep-metadata", "--large-mask-percent", "1", "--progress", "none")
assert ran == 3, ran
out = Path("out")
assert [p.name for p in out.rglob("*.dcm")] == ["us_rgb_twin.dcm"], list(out.rglob("*"))

with browser() as context:
    with Server("job", "--reviewer", "T. Tester", job=True) as server:
        page = open_list(context, server)
        found = {r["name"]: (r["outcome"], r["reason"]) for r in rows(page)}
        assert found["us_rgb.dcm"] == ("needs-review", "large-mask") and found["private.dcm"] == ("quarantined", "private-sop-class") and len(found) == 2, found
        expect(page.locator("table.files")).to_contain_text("quarantined")
        open_file(page, "us_rgb.dcm")
        expect(page.locator(".notices")).to_contain_text("Why it needs a look")
        rect = draw(page, 0.42, 0.45, 0.52, 0.52)
        server.kill()
    with Server("job", "--reviewer", "T. Tester", job=True) as server:
        page = open_list(context, server)
        open_file(page, "us_rgb.dcm")
        expect(page.locator(".item.fam-person")).to_have_count(1)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#progress")).to_contain_text("1 of 2 decided", timeout=60_000)
        page.goto(f"{server.root}#/file/{row(page, 'private.dcm')['id']}")
        expect(page.get_by_role("button", name="Approve and next")).to_be_disabled()
        page.keyboard.press("j")
        page.get_by_role("dialog").get_by_label("Comment").fill("ask the maker")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#progress")).to_contain_text("2 of 2 decided")
now = pydicom.dcmread(next(out.rglob("us_rgb.dcm"))).pixel_array
inside = now[rect["y"]:rect["y"] + rect["h"], rect["x"]:rect["x"] + rect["w"]]
assert inside.size and (inside == inside.flat[0]).all(), "the drawn box was not written"
assert not list(out.rglob("private.dcm"))
assert unburn("batch", "status", "job", "--check") in (0, 3)
say("job: edited, killed, approved and let out; the quarantined file was rejected")
