"""Two tabs: who is late gets a message, sees the other's version, and loses nothing that was drawn or typed."""

from common import Server, browser, detail, draw, expect, inputs, open_file, open_list, say

NAME = "us_rgb.dcm"
folder = inputs(NAME)


def drawn(page):
    """Boxes of persons, as the server has them."""
    return [i["rect"] for i in detail(page, NAME)["items"] if i["origin"] == "person"]


with Server(folder, "--reviewer", "T. Tester") as server, browser() as context:
    one = open_list(context, server)
    open_file(one, NAME)
    two = context.new_page()
    two.goto(server.root)
    open_file(two, NAME)

    first = draw(one, 0.3, 0.4, 0.4, 0.5)
    # The second tab does not know of it.
    box = two.locator(".stage").bounding_box()
    two.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6)
    two.mouse.down()
    two.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7)
    two.mouse.up()
    notice = two.locator(".notice[role=alert]")
    expect(notice).to_contain_text("Somebody else changed this file")
    expect(two.locator(".item.fam-person")).to_have_count(1)
    assert drawn(two) == [first], drawn(two)
    notice.get_by_role("button", name="Apply again").click()
    expect(two.locator(".item.fam-person")).to_have_count(2)
    expect(notice).to_have_count(0)
    assert len(drawn(one)) == 2

    # A comment that was typed before the conflict is there again.
    two.keyboard.press("f")
    two.get_by_role("dialog").get_by_label("Comment").fill("please look at the corner")
    one.reload()
    one.wait_for_selector(".stage[data-shown]")
    draw(one, 0.5, 0.2, 0.6, 0.3)
    two.get_by_role("dialog").get_by_role("button", name="Flag").click()
    expect(two.locator(".result")).to_contain_text("Nothing was decided")
    expect(two.locator(".item.fam-person")).to_have_count(3)
    two.keyboard.press("f")
    expect(two.get_by_role("dialog").get_by_label("Comment")).to_have_value("please look at the corner")
    two.get_by_role("dialog").get_by_role("button", name="Flag").click()
    expect(two.locator("#notes")).to_contain_text("flagged")
    say("tabs: two conflicts, nothing lost")
