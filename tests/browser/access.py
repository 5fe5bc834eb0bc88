"""axe-core finds nothing serious in list, viewer, grid and dialogs, in both colour schemes."""

import axe_playwright_python
from pathlib import Path

from common import Server, browser, expect, inputs, open_file, open_list, rows, say, shown

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
folder = inputs("us_cine.dcm", "us_rgb.dcm", "ct_dose.dcm")
looked = 0


def axe(page, where):
    """Runs axe (past the content policy, which is for the page's own scripts) and fails on what is serious."""
    global looked
    page.wait_for_timeout(250)
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations', 'passes']}))")
    assert len(found["passes"]) > 10, "axe looked at nothing"
    bad = [(v["impact"], v["id"], [n["html"][:160] for n in v["nodes"]][:3]) for v in found["violations"]]
    looked += 1
    for impact, rule, nodes in bad:
        say(f"{where}: {impact} {rule} {nodes}")
    serious = [b for b in bad if b[0] in ("serious", "critical")]
    assert not serious, f"{where}: {serious}"


for scheme in ["dark", "light"]:
    with Server(folder, "--reviewer", "T. Tester", state=f"state-{scheme}") as server, browser(scheme=scheme) as context:
        page = open_list(context, server)
        axe(page, f"list {scheme}")
        page.keyboard.press("?")
        axe(page, f"help {scheme}")
        page.keyboard.press("Escape")
        open_file(page, "us_cine.dcm")
        axe(page, f"projection {scheme}")
        page.keyboard.press("ArrowDown")
        shown(page, 0)
        page.keyboard.press(".")
        page.keyboard.press("r")
        expect(page.locator("output.read")).to_have_count(1)
        page.locator("details.history summary").click()
        axe(page, f"viewer {scheme}")
        page.keyboard.press("f")
        axe(page, f"flag {scheme}")
        page.keyboard.press("Escape")
        page.locator(".item.fam-header").first.click()
        page.keyboard.press("k")
        axe(page, f"reason {scheme}")
        page.keyboard.press("Escape")
        page.keyboard.press("t")
        axe(page, f"original {scheme}")
        page.goto(server.root + "#/")
        open_file(page, "ct_dose.dcm")
        axe(page, f"grey viewer {scheme}")
        row = next(r for r in rows(page) if r["name"].endswith("us_rgb.dcm"))
        page.goto(f"{server.root}#/grid/equipment/{row['equipment']}")
        page.wait_for_selector("li.card")
        axe(page, f"grid {scheme}")
        page.keyboard.press("e")
        expect(page.get_by_role("dialog")).to_have_count(1)
        axe(page, f"one edit for all {scheme}")
say(f"axe: {looked} looks, nothing serious")
