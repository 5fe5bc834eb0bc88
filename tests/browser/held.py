"""Files without a plan (damaged, or no image): they come first, can be opened, flagged and rejected, not approved or corrected."""

import shutil

from common import SAMPLES, Server, browser, drag, expect, inputs, open_list, row, rows, say

folder = inputs("us_rgb.dcm")
for name in ["truncated.dcm", "report_sr.dcm"]:
    shutil.copyfile(SAMPLES / "odd" / name, folder / name)

with Server(folder, "--reviewer", "T. Tester") as server, browser() as context:
    page = open_list(context, server)
    expect(page.locator("table.files tbody tr")).to_have_count(3)
    names = page.locator("a.file").all_inner_texts()
    assert [n.rsplit("/", 1)[-1] for n in names] == ["truncated.dcm", "report_sr.dcm", "us_rgb.dcm"], names
    for number, name in enumerate(["truncated.dcm", "report_sr.dcm"]):
        page.goto(f"{server.root}#/file/{row(page, name)['id']}")
        here = page.url
        expect(page.locator(".notices")).to_contain_text("There is no plan for this file")
        expect(page.get_by_role("button", name="Approve and next")).to_be_disabled()
        drag(page, 0.3, 0.3, 0.5, 0.5)
        page.keyboard.press("Control+Enter")
        expect(page.locator(".result")).to_contain_text("flag it or reject it")
        assert page.url == here
        page.keyboard.press("j" if number else "f")
        page.get_by_role("dialog").get_by_label("Comment").fill("cannot be read")
        page.keyboard.press("Control+Enter")
        page.wait_for_function("(old) => location.href !== old", arg=here)
        assert row(page, name)["state"] == ("rejected" if number else "flagged"), row(page, name)
    assert all(r["state"] != "approved" for r in rows(page))
    say("held: two files without a plan were flagged and rejected")
