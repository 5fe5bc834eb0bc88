"""A technician's day: open the list, step through a loop, keep, draw, undo, redo, reload, approve; then look at what was written."""

import numpy as np
import pydicom
from common import Server, browser, detail, draw, expect, inputs, open_file, open_list, row, say, shown, timings

folder = inputs("us_cine.dcm", "us_rgb.dcm", "ct_dose.dcm")


def samples(path):
    """Stored samples, frames first; JPEG as YBR, without a change of colour."""
    dataset = pydicom.dcmread(path)
    array = pydicom.pixels.pixel_array(dataset, raw=True)
    frames = int(dataset.get("NumberOfFrames", 1))
    return dataset, array.reshape((frames,) + array.shape[-3 if dataset.SamplesPerPixel > 1 else -2:])


def outside(shape, items, grow):
    """Where nothing may change."""
    free = np.ones(shape[:3], dtype=bool)
    for item in items:
        if item["action"] != "mask":
            continue
        r, (first, last) = item["rect"], item["frames"]
        free[first:last + 1, max(r["y"] - grow, 0):r["y"] + r["h"] + grow, max(r["x"] - grow, 0):r["x"] + r["w"] + grow] = False
    return free


def check(name, plan, drawn, grow):
    """The written file against the plan that was approved."""
    before, was = samples(folder / name)
    after, now = samples(next(iter(__import__("pathlib").Path("out").rglob(name))))
    first = now[..., 0] if now.ndim == 4 else now
    for rect in drawn:
        inside = first[:, rect["y"]:rect["y"] + rect["h"], rect["x"]:rect["x"] + rect["w"]]
        assert inside.size and (inside == inside.flat[0]).all(), f"{name}: the drawn box is not constant"
    free = outside(now.shape, plan["items"], grow)
    assert free.any() and (now[free] == was[free]).all(), f"{name}: something changed outside the masks"
    assert (first != (was[..., 0] if was.ndim == 4 else was)).any(), f"{name}: nothing was masked"
    masked = [i for i in plan["items"] if i["action"] == "mask"]
    assert masked
    for tag in ["PatientName", "StudyInstanceUID", "Modality", "Rows", "Columns", "SeriesDescription"]:
        assert before.get(tag) == after.get(tag), f"{name}: {tag} changed although the header is kept"
    assert after.SOPInstanceUID != before.SOPInstanceUID or after.get("BurnedInAnnotation") in ("NO", None, "")


with Server(folder, "--reviewer", "T. Tester") as server, browser() as context:
    page = open_list(context, server)
    expect(page.locator("table.files tbody tr")).to_have_count(3)
    expect(page.locator("#progress")).to_contain_text("0 of 3 decided")

    open_file(page, "us_cine.dcm")
    shown(page, "all")
    for frame in range(4):
        page.keyboard.press("ArrowDown")
        shown(page, frame)
    page.mouse.move(400, 400)
    page.mouse.wheel(0, 100)
    shown(page, 4)

    # Keep one finding that no header rule masks; the next press of the button takes it back.
    name = "us_cine.dcm"
    target = page.locator(".item.is-mask:not(.fam-header)").first
    target.click()
    chosen = target.get_attribute("data-id")
    page.get_by_role("group", name="What happens to it").get_by_role("button", name="Keep").click()
    expect(page.locator(f".item[data-id='{chosen}']")).to_have_class(__import__("re").compile("is-keep"))
    page.keyboard.press("m")
    expect(page.locator(f".item[data-id='{chosen}']")).to_have_class(__import__("re").compile("is-mask"))

    # Draw, undo, redo, reload.
    rect = draw(page, 0.42, 0.42, 0.55, 0.52)
    assert rect["w"] > 8 and rect["h"] > 8, rect
    page.keyboard.press("Control+z")
    expect(page.locator(".item.fam-person")).to_have_count(0)
    page.keyboard.press("Control+y")
    expect(page.locator(".item.fam-person")).to_have_count(1)
    page.reload()
    shown(page)
    expect(page.locator(".item.fam-person")).to_have_count(1)
    expect(page.locator("details.history")).to_contain_text("History")
    page.keyboard.press("Control+z")
    expect(page.locator(".item.fam-person")).to_have_count(0)
    page.keyboard.press("Control+Shift+Z")
    expect(page.locator(".item.fam-person")).to_have_count(1)
    page.locator("details.history summary").click()
    expect(page.locator("details.history")).to_contain_text("T. Tester")

    plan = detail(page, name)
    here = page.url
    page.keyboard.press("Control+Enter")
    page.wait_for_function("(old) => location.href !== old", arg=here)
    expect(page.locator("#notes")).to_contain_text("read back and checked", timeout=60_000)
    assert row(page, name)["state"] == "approved", row(page, name)
    person = [i["rect"] for i in plan["items"] if i["origin"] == "person"]
    check(name, plan, person, 16)
    say("loop:", timings(page))

    # The still: exact outside, and one finding kept against a header rule, with a reason.
    page.goto(server.root + "#/")
    open_file(page, "us_rgb.dcm")
    page.locator(".item.fam-header.is-mask").first.click()
    page.keyboard.press("k")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("matches the header")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("write something")
    dialog.get_by_label("Reason").fill("not a person here")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("details.history")).to_contain_text("1 entry")
    page.keyboard.press("Control+z")
    draw(page, 0.45, 0.45, 0.6, 0.5)
    plan = detail(page, "us_rgb.dcm")
    page.get_by_role("button", name="Approve and next").click()
    expect(page.locator("#progress")).to_contain_text("2 of 3 decided", timeout=60_000)
    person = [i["rect"] for i in plan["items"] if i["origin"] == "person"]
    check("us_rgb.dcm", plan, person, 0)

    # Flag the last with a comment; it shows in the list.
    page.goto(server.root + "#/")
    open_file(page, "ct_dose.dcm")
    page.keyboard.press("f")
    page.get_by_role("dialog").get_by_label("Comment").fill("Is the table right?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(server.root + "#/")
    expect(page.locator("table.files")).to_contain_text("Is the table right?")
    assert row(page, "ct_dose.dcm")["state"] == "flagged"
    say("stills:", timings(page))
