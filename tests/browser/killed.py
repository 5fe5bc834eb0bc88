"""The program is killed in mid-edit and started again with the same state: saved edits are there, unsaved ones are sent."""

from common import Server, browser, detail, drag, draw, expect, inputs, open_file, open_list, say, shown

NAME = "us_rgb.dcm"
folder = inputs(NAME)


def drawn(page):
    """Boxes of persons, as the server has them."""
    return [i["rect"] for i in detail(page, NAME)["items"] if i["origin"] == "person"]


with browser() as context:
    with Server(folder, "--reviewer", "T. Tester") as server:
        page = open_list(context, server)
        open_file(page, NAME)
        first = draw(page, 0.3, 0.4, 0.4, 0.5)
        port = server.port
        server.kill()
    # Drawn while nobody answers: it waits.
    drag(page, 0.6, 0.6, 0.7, 0.7)
    expect(page.locator("#banner")).to_contain_text("does not answer")
    expect(page.locator(".notice[role=alert]")).to_contain_text("Waiting for the program")
    with Server(folder, "--reviewer", "T. Tester", port=port) as server:
        # The new address is opened in another tab, as the program itself would; the old one goes on.
        other = context.new_page()
        other.goto(server.url)
        other.wait_for_selector("table.files tbody tr")
        expect(page.locator("#banner")).to_be_hidden(timeout=30_000)
        expect(page.locator(".item.fam-person")).to_have_count(2, timeout=30_000)
        open_file(other, NAME)
        shown(other)
        expect(other.locator(".item.fam-person")).to_have_count(2)
        assert first in drawn(other), (first, drawn(other))
        other.keyboard.press("Control+z")
        expect(other.locator(".item.fam-person")).to_have_count(1)
        say("killed: the saved box is there, the unsaved one came after it, undo goes on")
