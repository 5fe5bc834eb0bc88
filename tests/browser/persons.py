"""Two persons: the first approval waits, the same person cannot give the second, an edit in between asks for both again."""

from pathlib import Path

from common import Server, browser, draw, expect, inputs, open_file, open_list, row, say

NAME = "us_rgb_twin.dcm"
folder = inputs(NAME)


def become(page, name):
    """Another person sits down."""
    page.locator("[data-act=who]").click()
    page.get_by_role("dialog").get_by_label("Your name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("[data-act=who]")).to_contain_text(name)


def written():
    """Whether an output is there."""
    return any(Path("out").rglob(NAME))


def back(page, server):
    """Opens the file again."""
    page.goto(server.root + "#/")
    open_file(page, NAME)


with Server(folder, "--two-person", "--reviewer", "A. First") as server, browser() as context:
    page = open_list(context, server)
    expect(page.locator("#top")).to_contain_text("two persons")
    open_file(page, NAME)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notes")).to_contain_text("a second person has to approve it too")
    assert row(page, NAME)["approvals"] == ["A. First"] and row(page, NAME)["state"] != "approved"
    assert not written(), "one approval wrote the file"
    page.goto(server.root + "#/")
    expect(page.locator("table.files")).to_contain_text("1st: A. First")

    # The same person again.
    open_file(page, NAME)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".result")).to_contain_text("second, different person")
    assert not written()

    # Somebody else changes it: that is another result, and needs two approvals of its own.
    become(page, "B. Second")
    draw(page, 0.45, 0.5, 0.55, 0.58)
    assert row(page, NAME)["approvals"] == []
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notes")).to_contain_text("a second person has to approve it too")
    assert row(page, NAME)["approvals"] == ["B. Second"] and not written()

    become(page, "A. First")
    back(page, server)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notes")).to_contain_text("read back and checked", timeout=60_000)
    found = row(page, NAME)
    assert found["state"] == "approved" and found["approvals"] == ["B. Second", "A. First"], found
    assert written()
    back(page, server)
    page.locator("details.history summary").click()
    for name in ["A. First", "B. Second"]:
        expect(page.locator("details.history")).to_contain_text(name)
    say("persons: written after the second, different person")
