"""Makes the README's pictures of the review page anew: `UNBURN_BIN=… UNBURN_SAMPLES=… python3 pictures.py FOLDER`. No test."""

import io
import shutil
import sys
import tempfile
from pathlib import Path

from common import SAMPLES, Server, browser, open_file, open_list, row, shown
from PIL import Image

out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
place = Path(tempfile.mkdtemp())
folder = place / "in"
folder.mkdir()
for sample in sorted(SAMPLES.glob("*.dcm")):
    shutil.copyfile(sample, folder / sample.name)


def take(page, name):
    """A picture in 256 colours."""
    page.wait_for_timeout(800)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(out / f"{name}.png", optimize=True)


def split(page, server):
    open_file(page, "us_rgb.dcm")
    page.keyboard.press(".")
    page.keyboard.press("b")
    take(page, "viewer-split")


def loop(page, server):
    open_file(page, "us_cine.dcm")
    shown(page, "all")
    take(page, "viewer-loop")


def files(page, server):
    take(page, "list")


def grid(page, server):
    page.goto(f"{server.root}#/grid/equipment/{row(page, 'us_rgb.dcm')['equipment']}")
    page.wait_for_selector("li.card")
    page.wait_for_timeout(2000)
    take(page, "grid")


SHOTS = [(split, 1280, 800, "dark"), (loop, 1280, 800, "light"), (files, 1920, 1080, "light"), (grid, 1920, 1080, "dark")]
for make, width, height, scheme in SHOTS:
    with Server(folder, "--reviewer", "M. Example", state=str(place / make.__name__)) as server, browser(width, height, scheme) as context:
        make(open_list(context, server), server)
shutil.rmtree(place)
