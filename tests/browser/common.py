"""What the browser tests share: the program, a browser, and looks at both.

Each test is a script that `tests/browser.rs` runs with the program's path in UNBURN_BIN, the samples in UNBURN_SAMPLES, and an
empty folder of its own as the current one. It ends with 0 and a line for people, or fails with a traceback.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

BIN = os.environ.get("UNBURN_BIN", "")
SAMPLES = Path(os.environ.get("UNBURN_SAMPLES", "samples"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_MS = 60_000

expect.set_options(timeout=20_000)


def inputs(*names, folder="in"):
    """A folder with copies of these samples."""
    place = Path(folder)
    place.mkdir(exist_ok=True)
    for name in names:
        shutil.copyfile(SAMPLES / name, place / name)
    return place


def environment():
    """No setting from outside, and a key of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("UNBURN_")}
    return clean | {"HOME": str(Path.cwd()), "UNBURN_KEY": "5a" * 32}


def unburn(*args):
    """Runs the program to its end; gives its exit code."""
    return subprocess.run([BIN, *args], env=environment(), stdin=subprocess.DEVNULL, check=False).returncode


class Server:
    """`unburn review` on a folder, edits in `state`, outputs in `out`; or on a job, which knows its own places."""

    def __init__(self, folder, *more, port=0, state="state", job=False):
        command = [BIN, "review", str(folder), "--no-open", *more]
        if not job:
            command += ["--state", state, "--output", "out", "--keep-metadata"]
        if port:
            command += ["--port", str(port)]
        self.log = open("server.log", "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, env=environment(), text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http://127.0.0.1:"):
            self.kill()
            raise AssertionError(f"no address: {self.url!r}; {Path('server.log').read_text()}")
        self.root = self.url.split("?")[0]
        self.port = int(self.root.rstrip("/").rsplit(":", 1)[1])

    def kill(self):
        """As if the power went."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.log.close()


@contextlib.contextmanager
def browser(width=1280, height=800, scheme="dark"):
    """A browser context; every fault of a page's script fails the test."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.set_default_timeout(20_000)
        faults = []
        context.on("weberror", lambda e: faults.append(str(e.error)))
        context.on("console", lambda m: faults.append(m.text) if "Content Security Policy" in m.text else None)
        yield context
        chromium.close()
        assert not faults, f"faults in the page: {faults}"


def open_list(context, server):
    """The list, when every plan is made."""
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector("table.files tbody tr")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while any(not row["planned"] for row in rows(page)):
        assert time.monotonic() < deadline, "plans are not made"
        time.sleep(0.3)
    page.wait_for_function("() => !document.querySelector('.ghost[data-waits]')")
    return page


def open_file(page, name):
    """Goes to a file by its name in the list; waits for its picture."""
    page.locator("a.file", has_text=name).first.click()
    shown(page)


def shown(page, frame=None):
    """Waits until the picture (of a frame) is on the screen."""
    page.wait_for_selector(".stage[data-shown]" if frame is None else f".stage[data-shown='{frame}']")


def rows(page):
    """All rows as the server has them."""
    return page.evaluate("async () => (await (await fetch('/api/files')).json()).files")


def row(page, name):
    """A row by the end of its name."""
    return next(r for r in rows(page) if r["name"].endswith(name))


def detail(page, name):
    """The whole answer about a file."""
    return page.evaluate("async (id) => (await fetch('/api/files/' + id)).json()", row(page, name)["id"])


def drag(page, x0, y0, x1, y1):
    """Drags over the picture, in parts of the stage's size."""
    box = page.locator(".stage").bounding_box()
    at = lambda fx, fy: (box["x"] + fx * box["width"], box["y"] + fy * box["height"])
    page.mouse.move(*at(x0, y0))
    page.mouse.down()
    page.mouse.move(*at((x0 + x1) / 2, (y0 + y1) / 2))
    page.mouse.move(*at(x1, y1))
    page.mouse.up()


def draw(page, x0, y0, x1, y1):
    """Draws a box; gives its rectangle in pixels of the image, from the numbers that the page shows."""
    before = page.locator(".item.fam-person").count()
    drag(page, x0, y0, x1, y1)
    expect(page.locator(".item.fam-person")).to_have_count(before + 1)
    return numbers(page)


def numbers(page):
    """The numeric fields of the selected finding."""
    return {n: int(page.get_by_label(label, exact=True).input_value()) for n, label in [("x", "left"), ("y", "top"), ("w", "width"), ("h", "height")]}


def timings(page):
    """What the page measured, in ms: `{name: [..]}`."""
    found = page.evaluate("performance.getEntriesByType('measure').map(m => [m.name, m.duration])")
    out = {}
    for name, took in found:
        out.setdefault(name, []).append(round(took))
    return out


def say(*words):
    """A line for people."""
    print(*words, flush=True)
    sys.stdout.flush()
