"""A sample: the same files each time, and what their result says about the rest."""

import json
from pathlib import Path

from common import Server, browser, expect, inputs, open_list, rows, say, shown

folder = inputs("ct_icon.dcm", "ct_icon_twin.dcm", "mr_faint_twin.dcm", "us_rgb_twin.dcm", "us_jpeg_twin.dcm")


def drawn(page):
    """Names in the sample."""
    return sorted(r["name"] for r in rows(page))


with browser() as context:
    with Server(folder, "--reviewer", "T. Tester", "--sample", "3") as server:
        page = open_list(context, server)
        first = drawn(page)
        assert len(first) == 3, first
        note = page.get_by_text("Sample: 3 of 5 files")
        expect(note).to_contain_text("known when some are decided")
    with Server(folder, "--reviewer", "T. Tester", "--sample", "3") as server:
        page = open_list(context, server)
        assert drawn(page) == first, "another draw"
        page.get_by_role("button", name="Begin").click()
        for number in range(3):
            shown(page)
            here = page.url
            page.keyboard.press("Control+Enter")
            dialog = page.get_by_role("dialog")
            page.wait_for_function("(old) => location.href !== old || document.querySelector('dialog[open], [role=dialog]')", arg=here)
            if page.url == here and dialog.count():
                dialog.get_by_role("button", name="Approve without looking").click()
                page.wait_for_function("(old) => location.href !== old", arg=here)
            expect(page.locator("#progress")).to_contain_text(f"{number + 1} of 3 decided", timeout=60_000)
        page.wait_for_selector("table.files")
        # 1 − 0.05^(1/3)
        expect(page.get_by_text("Sample: 3 of 5 files")).to_contain_text("at most 63.2 % of the files hold missed text")
        evidence = json.loads(Path("state/evidence.json").read_text())
        assert (evidence["drawn"], evidence["of"], evidence["missed"]) == (3, 5, 0), evidence
        assert abs(evidence["upper_bound"] - 0.6316) < 1e-3 and evidence["reviewers"] == ["T. Tester"], evidence
        say("sample: 3 of 5, twice the same, bound", evidence["upper_bound"])
