"""Text that shows only in a hidden window: approval asks first, looking answers it, and approving without looking is possible on purpose only."""

import shutil

from common import SAMPLES, Server, browser, detail, expect, inputs, open_file, open_list, row, say

folder = inputs("mr_faint.dcm")
shutil.copyfile(SAMPLES / "mr_faint.dcm", folder / "again.dcm")

with Server(folder, "--reviewer", "T. Tester", "--overwrite") as server, browser() as context:
    page = open_list(context, server)
    open_file(page, "mr_faint.dcm")
    here = page.url
    views = detail(page, "mr_faint.dcm")["unopened"]
    assert views, "the sample hides nothing"
    expect(page.locator(".notices")).to_contain_text("Findings show only in")
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("findings that you have not seen")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert page.url == here and row(page, "mr_faint.dcm")["state"] == "open"

    # Looking at each of them.
    for left in range(len(views), 0, -1):
        page.keyboard.press("Control+Enter")
        dialog.get_by_role("button", name="Look at them").click()
        expect(dialog).to_have_count(0)
        page.wait_for_function("(n) => fetch(`/api/files/${location.hash.split('/')[2]}`).then((a) => a.json()).then((f) => f.unopened.length < n)", arg=left)
    expect(page.locator(".notices")).not_to_contain_text("Findings show only in")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#progress")).to_contain_text("1 of 2 decided", timeout=60_000)

    # Not looking, on purpose.
    page.goto(server.root + "#/")
    open_file(page, "again.dcm")
    page.keyboard.press("Control+Enter")
    dialog.get_by_role("button", name="Approve without looking").click()
    expect(page.locator("#progress")).to_contain_text("2 of 2 decided", timeout=60_000)
    say("hidden:", len(views), "views asked for, looked at, and passed over on purpose")
