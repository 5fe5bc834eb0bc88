"""Everything without a mouse: list, viewer, boxes, name, approval, grid, and the keys themselves."""

from common import Server, browser, detail, expect, inputs, numbers, open_list, row, rows, say, shown

folder = inputs("us_rgb.dcm", "us_rgb_twin.dcm", "cr_marker.dcm")

with Server(folder) as server, browser() as context:
    page = open_list(context, server)
    press = page.keyboard.press

    # Search, then back to the list and open.
    press("/")
    page.keyboard.type("marker")
    expect(page.locator("table.files tbody tr")).to_have_count(1)
    press("Escape")
    expect(page.locator("table.files tbody tr")).to_have_count(3)
    page.keyboard.type("us_rgb.dcm")
    expect(page.locator("table.files tbody tr")).to_have_count(1)
    press("Enter")
    expect(page.locator("a.file")).to_be_focused()
    press("Enter")
    shown(page)
    here = page.url

    # Findings, a new box, moves and sizes; Esc never leaves.
    press(".")
    expect(page.locator(".item[aria-selected=true]")).to_have_count(1)
    press("r")
    expect(page.locator("output.read")).to_have_count(1)
    press("Escape")
    expect(page.locator("output.read")).to_have_count(0)
    press("n")
    expect(page.locator(".item.fam-person")).to_have_count(1)
    start = numbers(page)
    for key in ["Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Control+ArrowRight", "Control+ArrowUp"]:
        press(key)
    wanted = {"x": start["x"] + 2, "y": start["y"] + 1, "w": start["w"] + 1, "h": start["h"] - 1}
    page.wait_for_timeout(800)
    assert numbers(page) == wanted, (numbers(page), wanted)
    press("Enter")
    page.keyboard.type("64")
    press("Enter")
    page.wait_for_timeout(300)
    assert numbers(page)["x"] == 64, numbers(page)
    press("Escape")
    press("Escape")
    press("Escape")
    assert page.url == here
    press("Control+z")
    page.wait_for_timeout(300)
    assert [i for i in detail(page, "us_rgb.dcm")["items"] if i["origin"] == "person"][0]["rect"]["x"] == wanted["x"]

    # Looks: original while held, split, labels, weak, contrast, invert, zoom.
    page.keyboard.down("o")
    expect(page.locator(".badge.is-original")).to_have_count(1)
    page.keyboard.up("o")
    expect(page.locator(".badge.is-original")).to_have_count(0)
    for key in ["b", "Alt+,", "b", "l", "l", "l", "x", "x", "c", "c", "i", "i", "+", "-", "9", "0", "v", "Shift+V"]:
        press(key)
    expect(page.locator(".trouble")).to_be_hidden()

    # Approve: asks for the name once.
    press("Control+Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Who is reviewing")
    press("Escape")
    expect(dialog).to_have_count(0)
    assert page.url == here and row(page, "us_rgb.dcm")["state"] != "approved"
    press("Control+Enter")
    page.keyboard.type("K. Board")
    press("Enter")
    page.wait_for_function("(old) => location.href !== old", arg=here, timeout=60_000)
    expect(page.locator("#progress")).to_contain_text("1 of 3 decided")
    assert row(page, "us_rgb.dcm")["approvals"] == ["K. Board"], row(page, "us_rgb.dcm")

    # Help; letters off: the letter does nothing any more; on again; another key for it.
    press("Alt+l")
    page.wait_for_selector("table.files")
    press("?")
    box = page.get_by_label("Single-letter keys")
    box.focus()
    press("Space")
    press("Escape")
    press("n")
    page.wait_for_timeout(200)
    assert page.url.endswith("#/"), page.url
    page.get_by_role("button", name="Keys").focus()
    press("Enter")
    box.focus()
    press("Space")
    change = page.get_by_role("button", name="Change the key of: Open the first file that is not decided")
    change.focus()
    press("Enter")
    press("q")
    expect(page.get_by_role("dialog")).to_contain_text("first file that is not decided: Q")
    press("Escape")
    press("q")
    shown(page)

    # The grid of the study: everything by keys.
    press("Alt+l")
    page.wait_for_selector("table.files")
    for found in rows(page):
        if found["name"].endswith("us_rgb_twin.dcm"):
            page.goto(f"{server.root}#/grid/group/{found['group']}" if found["group"] else f"{server.root}#/grid/equipment/{found['equipment']}")
    page.wait_for_selector("li.card")
    expect(page.get_by_role("button", name="Approve")).to_contain_text("Approve 1 together")
    press("Home")
    press("Space")
    press("Space")
    press("Control+Enter")
    expect(page.get_by_role("dialog")).to_contain_text("will be written as shown")
    press("Enter")
    expect(page.locator("#progress")).to_contain_text("2 of 3 decided", timeout=60_000)
    say("keyboard: every step done")
