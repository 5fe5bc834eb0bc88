"""Names of files and header values with markup in them, read text and comments too: all of it is shown as text, none of it runs."""

import shutil
from pathlib import Path

import pydicom
from common import SAMPLES, Server, browser, expect, open_list, rows, say, shown

MARK = '<img src=x onerror="window.hit=1">'
SCRIPT = "<script>window.hit=2</script>"

folder = Path("in")
folder.mkdir()
dataset = pydicom.dcmread(SAMPLES / "us_rgb.dcm")
dataset.PatientName = f"{SCRIPT}^{MARK}"
dataset.Manufacturer = "Maker " + SCRIPT
dataset.ManufacturerModelName = MARK
dataset.SeriesDescription = MARK
dataset.StudyDescription = SCRIPT
dataset.InstitutionName = "\"'><b>x</b>"
names = [MARK + ".dcm", "javascript:window.hit=3.dcm", "a\u202egnp.dcm", "line\nbreak <b>.dcm", "%2e%2e%2f&lt;.dcm"]
for number, name in enumerate(names):
    dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{number + 1}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(folder / name)
(folder / "cut.dcm").write_bytes((SAMPLES / "ct_dose.dcm").read_bytes()[:3000])

with Server(folder, "--reviewer", MARK) as server, browser() as context:
    page = open_list(context, server)

    def clean(where):
        """Nothing ran, and no element was made of a payload."""
        assert page.evaluate("window.hit") is None, where
        made = page.evaluate("""() => [...document.querySelectorAll('img, script, b, iframe')]
            .filter((e) => (e.tagName === 'SCRIPT' && !e.src) || e.getAttribute('onerror') !== null || e.getAttribute('src') === 'x'
                || (e.tagName === 'B' && e.textContent === 'x')).map((e) => e.outerHTML)""")
        assert made == [], (where, made)

    expect(page.locator("table.files tbody tr")).to_have_count(len(rows(page)))
    assert MARK in page.locator("table.files").inner_text()
    clean("list")

    found = next(r for r in rows(page) if MARK in r["name"])
    page.route("**/items/*/text", lambda route: route.fulfill(json={"text": MARK + SCRIPT}))
    page.goto(f"{server.root}#/file/{found['id']}")
    shown(page)
    assert MARK in page.locator("h1").inner_text()
    page.keyboard.press(".")
    page.keyboard.press("r")
    expect(page.locator("output.read")).to_have_text(MARK + SCRIPT)
    page.keyboard.press("f")
    page.get_by_role("dialog").get_by_label("Comment").fill(SCRIPT + MARK)
    page.get_by_role("dialog").get_by_role("button", name="Flag").click()
    expect(page.locator("#notes")).to_contain_text("flagged")
    clean("viewer")
    page.goto(f"{server.root}#/file/{found['id']}")
    shown(page)
    expect(page.locator(".notice")).to_contain_text(SCRIPT + MARK)
    page.locator("details.history summary").click()
    expect(page.locator("details.history")).to_contain_text(MARK)
    clean("history")
    page.goto(f"{server.root}#/")
    expect(page.locator("table.files")).to_contain_text(SCRIPT + MARK)
    clean("list with comment")
    page.goto(f"{server.root}#/grid/equipment/{found['equipment']}")
    page.wait_for_selector("li.card")
    page.wait_for_timeout(500)
    clean("grid")
    page.goto(f"{server.root}#/file/%3Cimg%20src=x%20onerror=alert(1)%3E")
    page.wait_for_timeout(300)
    clean("address")
    say(f"hostile: {len(names)} names and 5 header values shown as text")
shutil.rmtree(folder)
