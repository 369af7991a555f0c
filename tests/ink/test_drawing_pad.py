"""The drawing pad in JupyterLab and in Voila: drawn on with the mouse and by touch, in a browser.

A test of the verdict alone would pass on a blank canvas, so the canvas's pixels are looked at too.
"""

from __future__ import annotations

import base64
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from playwright.sync_api import CDPSession, Page

from course_utils.data import load_mnist
from course_utils.ink import from_strokes
from course_utils.models import MLP
from course_utils.training import Recipe, fit, save_checkpoint, set_seed
from tests import browser as browsing

SIZE = 280  # canvas pixels, DrawingPad's default
LONGEST = 0.3  # seconds from a stroke's end to its verdict
ROUNDS, STROKES = 3, 5  # one round of strokes whose median is fast enough will do
HANDS = ("mouse", "touch", "pen")

# The buttons below the pad let a test reach Python in JupyterLab and in Voila alike.
NOTEBOOK = """
import json, time
from pathlib import Path
import ipywidgets, torch
from course_utils.ink import DrawingPad
from course_utils.models import MLP
from course_utils.training import load_checkpoint, logits

torch.set_num_threads(1)
folder = Path({folder!r})
model = load_checkpoint(folder / "model.pt", MLP((200,))).model
---
pad = DrawingPad(model)
pad
---
def tell(button):
    state = {{
        "strokes": pad.strokes,
        "width": pad.stroke_width,
        "top3": pad.top3,
        "prepared": None if pad.prepared is None else pad.prepared.tolist(),
    }}
    (folder / "new.json").write_text(json.dumps(state))
    (folder / "new.json").rename(folder / "state.json")

def replay(button):
    pad.strokes = [[[140, 40], [140, 240]]]

def broken(image):
    raise RuntimeError("no ink in stock")

def fail(button):
    pad.model = broken

def mend(button):
    pad.model = model

def slow(image):
    end = time.monotonic() + 60
    while not (folder / "wake").exists() and time.monotonic() < end:
        time.sleep(0.02)
    return logits(model, image).softmax(1)

def sleep(button):
    pad.model = slow

actions = [tell, replay, fail, mend, sleep]
buttons = [ipywidgets.Button(description=action.__name__) for action in actions]
for button, action in zip(buttons, actions):
    button.on_click(action)
ipywidgets.HBox(buttons)
"""

# Runs in the page before anything is drawn: notes when strokes end and when their verdicts show.
STOPWATCH = """() => {
    const pad = document.querySelector('.ink-pad');
    const results = pad.querySelector('.ink-pad-right');
    const times = (window.padTimes = []);
    let ended = null;
    pad.addEventListener('pointerup', event => {
        ended = { at: performance.now(), by: event.pointerType };
    }, true);
    new MutationObserver(() => {
        if (ended === null || results.getAttribute('aria-busy') === 'true') return;
        times.push({
            seconds: (performance.now() - ended.at) / 1000,
            by: ended.by,
            label: results.querySelector('.ink-pad-label')?.textContent ?? '',
            ink: window.seenPixels().flat().reduce((sum, value) => sum + value, 0),
        });
        ended = null;
    }).observe(results, { attributes: true, childList: true, subtree: true });
}"""
SEEN = """() => {
    window.seenPixels = () => {
        const canvas = document.querySelector('.ink-pad-seen');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return Array.from({ length: canvas.height }, (_, row) => Array.from(
            { length: canvas.width }, (_, column) => 255 - data[4 * (row * canvas.width + column)]
        ));
    };
}"""
CANVAS = """() => {
    const canvas = document.querySelector('.ink-pad-canvas');
    const { data, width, height } = canvas.getContext('2d')
        .getImageData(0, 0, canvas.width, canvas.height);
    const red = Array.from({ length: width * height }, (_, i) => data[4 * i]);
    return { width, height, red: btoa(red.map(value => String.fromCharCode(value)).join('')) };
}"""


@dataclass
class Pad:
    """A page with a drawing pad in it, and what a learner, or Python, can do with it."""

    page: Page
    folder: Path
    scale: int
    devices: CDPSession
    server: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    # -- hands -----------------------------------------------------------------------------------

    def on_page(self, points: np.ndarray) -> list[tuple[float, float]]:
        """Where points of the canvas are in the window."""
        canvas = self.page.locator(".ink-pad-canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        scale = np.array([box["width"], box["height"]]) / SIZE
        return [tuple(p) for p in (points * scale + [box["x"], box["y"]]).tolist()]

    def draw(self, points: np.ndarray, hand: str, *, finish: bool = True) -> None:
        """One stroke through points of the canvas, by one of HANDS; perhaps without its end."""
        begin, go, end = {
            "mouse": ("mousePressed", "mouseMoved", "mouseReleased"),
            "pen": ("mousePressed", "mouseMoved", "mouseReleased"),
            "touch": ("touchStart", "touchMove", "touchEnd"),
        }[hand]
        places = self.on_page(points)
        for what, place in [(begin, places[0]), *((go, place) for place in places[1:])]:
            self.finger(what, place) if hand == "touch" else self.mouse(what, place, hand)
        if finish:
            self.finger(end) if hand == "touch" else self.mouse(end, places[-1], hand)

    def mouse(self, what: str, place: tuple[float, float], kind: str = "mouse") -> None:
        """An event of the mouse, or of a pen, at this place of the window."""
        pressed = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": kind}
        event = {"type": what, "x": place[0], "y": place[1], **pressed}
        self.devices.send("Input.dispatchMouseEvent", event)

    def finger(self, what: str, *places: tuple[float, float]) -> None:
        """A touch event with fingers at these places of the window."""
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        self.devices.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": points})

    def press(self, name: str) -> None:
        """Click a button of the pad, or one of the notebook's below it."""
        # Forced: Playwright takes aria-disabled for disabled, and would wait.
        self.page.get_by_role("button", name=name, exact=True).click(force=True)

    # -- eyes ------------------------------------------------------------------------------------

    def until(self, condition: Callable[[], bool], what: str, timeout: float = 10) -> None:
        """Wait until a condition holds; AssertionError naming it when it does not in time."""
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f"not within {timeout:g} s: {what}\n{self.text()}"
            self.page.wait_for_timeout(20)

    def settled(self) -> None:
        """Wait until the pad shows what belongs to the drawing."""
        busy = self.page.locator(".ink-pad-right")
        self.until(lambda: busy.get_attribute("aria-busy") == "false", "the pad is at rest")

    def text(self) -> str:
        """The pad's visible text."""
        return self.page.locator(".ink-pad").inner_text()

    def state(self) -> str:
        return self.page.locator(".ink-pad").get_attribute("data-state")

    def top(self) -> list[str]:
        """The labels of the verdict, likeliest first."""
        return self.page.locator(".ink-pad-top .ink-pad-label").all_inner_texts()

    def spoken(self) -> str:
        return self.page.locator(".ink-pad-spoken").text_content()

    def canvas_label(self) -> str:
        return self.page.locator(".ink-pad-canvas").get_attribute("aria-label")

    def seen(self) -> np.ndarray:
        """The prepared image as the page shows it: (28, 28), 255 is full ink."""
        return np.array(self.page.evaluate("() => window.seenPixels()"))

    def canvas(self) -> np.ndarray:
        """The canvas as ink, 0 = paper to 255 = black, (pixels, pixels) of the screen."""
        found = self.page.evaluate(CANVAS)
        red = np.frombuffer(base64.b64decode(found["red"]), np.uint8)
        return 255 - red.reshape(found["height"], found["width"]).astype(int)

    def ink_at(self, points: np.ndarray) -> np.ndarray:
        """The canvas's ink at points of it."""
        columns, rows = np.clip(points * self.scale, 0, SIZE * self.scale - 1).astype(int).T
        return self.canvas()[rows, columns]

    def python(self) -> dict:
        """What Python has: its strokes, pen width, top 3 and prepared image."""
        file = self.folder / "state.json"
        file.unlink(missing_ok=True)
        self.press("tell")
        self.until(file.exists, "Python's answer")
        return json.loads(file.read_text())


def line(*corners: tuple[float, float], step: float = 6) -> np.ndarray:
    """Points along straight lines between corners, `step` apart."""
    parts = []
    for start, end in pairwise(corners):
        n = max(2, math.ceil(math.dist(start, end) / step))
        parts.append(np.linspace(start, end, n))
    return np.concatenate(parts)


def three(shift: float = 0.0) -> np.ndarray:
    """The one stroke of a 3, on canvas pixels."""
    upper = np.linspace(math.radians(-150), math.radians(90), 22)
    lower = np.linspace(math.radians(-90), math.radians(150), 26)
    arcs = [
        np.column_stack([130 + 46 * np.cos(upper), 92 + 44 * np.sin(upper)]),
        np.column_stack([130 + 54 * np.cos(lower), 190 + 54 * np.sin(lower)]),
    ]
    return np.concatenate(arcs) + [shift, shift / 2]


@pytest.fixture(scope="module")
def browser() -> str:
    """The browser's path. Skips or fails where there is none, before anything slow is done."""
    return browsing.require_browser()


@pytest.fixture(scope="module")
def folder(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network trained in seconds and a notebook that shows the pad."""
    folder = tmp_path_factory.mktemp("pad")
    data = load_mnist()
    threads = torch.get_num_threads()
    set_seed(0)
    some = data.train.select(range(8_000))
    outcome = fit(MLP((200,)), some, None, Recipe(epochs=3), device="cpu", progress=False)
    torch.set_num_threads(threads)
    save_checkpoint(folder / "model.pt", outcome)
    cells = NOTEBOOK.format(folder=str(folder)).strip().split("---\n")
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c.strip()) for c in cells])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(nb, folder / "pad.ipynb")
    return folder


@pytest.fixture(scope="module", params=["lab", "voila"])
def pad(
    request: pytest.FixtureRequest,
    browser: str,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pad]:
    """The notebook with the pad, open and run in JupyterLab and then in Voila."""
    state = tmp_path_factory.mktemp(request.param)
    lab = request.param == "lab"
    scale = 1 if lab else 2  # Voila's page stands for a dense screen
    serve = (
        browsing.lab_server(folder, state)
        if lab
        else browsing.voila_server(folder / "pad.ipynb", state)
    )
    options = {"has_touch": True, "device_scale_factor": scale, "height": 900}
    with serve as server, browsing.browser_page(browser, **options) as page:
        devices = page.context.new_cdp_session(page)
        pad = Pad(page, folder, scale, devices, server.url)
        page.on("request", lambda request: pad.requests.append(request.url))
        page.on("pageerror", lambda error: pad.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: (
                pad.complaints.append(f"{line.text} ({line.location.get('url')})")
                if line.type == "error"
                else None
            ),
        )
        if lab:
            browsing.open_notebook(page, server, "pad.ipynb")
            browsing.restart_and_run_all(page, timeout=120)
        else:
            page.goto(server.url, timeout=120_000)
        page.wait_for_selector(".ink-pad", timeout=120_000)
        page.get_by_role("button", name="sleep", exact=True).wait_for(timeout=60_000)
        page.evaluate(SEEN)
        page.evaluate(STOPWATCH)
        # What the page said while it loaded is JupyterLab's or Voila's own.
        pad.complaints.clear()
        yield pad


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> None:
    """Begin each test that has a pad with an empty one."""
    if "pad" in request.fixturenames:
        pad = request.getfixturevalue("pad")
        pad.press("Clear")
        pad.settled()
        pad.until(lambda: pad.state() == "empty", "the empty pad")


# -- what the issue asks for ---------------------------------------------------------------------


@pytest.mark.parametrize("hand", HANDS)
def test_a_drawn_3_is_shown_and_read_and_its_image_appears(pad: Pad, hand: str) -> None:
    points = three()
    assert not pad.canvas().any(), "the canvas is not blank before"
    assert not pad.seen().any() and pad.top() == []
    assert pad.canvas().shape == (SIZE * pad.scale, SIZE * pad.scale), "not the screen's own pixels"
    box = pad.page.locator(".ink-pad-canvas").bounding_box()
    assert abs(box["width"] - SIZE) < 1 and abs(box["height"] - SIZE) < 1
    pad.draw(points, hand)
    pad.settled()
    assert pad.page.evaluate("() => window.padTimes.at(-1).by") == hand
    # The canvas: ink along the stroke, paper well away from it.
    assert pad.ink_at(points).min() > 200
    grid = np.stack(np.meshgrid(np.arange(5, SIZE, 10), np.arange(5, SIZE, 10)), -1).reshape(-1, 2)
    away = np.linalg.norm(grid[:, None] - points[None], axis=-1).min(1) > 24
    assert away.sum() > 300 and not pad.ink_at(grid[away]).any()
    assert pad.top()[0] == "3"
    # The small picture: what Python prepared of what was drawn.
    python = pad.python()
    (stroke,) = python["strokes"]
    distance = np.linalg.norm(np.array(stroke)[:, None] - points[None], axis=-1)
    assert distance.min(1).max() < 4 and distance.min(0).max() < 4
    assert pad.seen().sum() > 10_000
    assert pad.seen().tolist() == python["prepared"]
    assert from_strokes([np.array(stroke)]).tolist() == python["prepared"]
    assert [label for label, _ in python["top3"]] == pad.top()
    assert pad.spoken().startswith("Read as 3,")


@pytest.mark.parametrize("hand", HANDS[:2])
def test_the_verdict_shows_within_03_seconds_of_the_strokes_end(
    pad: Pad, hand: str, record_property: Callable[[str, object], None]
) -> None:
    medians = []
    for _ in range(ROUNDS):
        times = []
        for number in range(STROKES):
            before = pad.page.evaluate("() => window.padTimes.length")
            pad.draw(three(shift=4 * number), hand)
            pad.settled()
            seen = pad.page.evaluate("() => window.padTimes")[before:]
            assert len(seen) == 1, seen
            assert seen[0]["by"] == hand and seen[0]["label"] == "3" and seen[0]["ink"] > 10_000
            times.append(seen[0]["seconds"])
            pad.press("Clear")
            pad.until(lambda: pad.state() == "empty", "the empty pad")
        medians.append(statistics.median(times))
        if medians[-1] < LONGEST:
            break  # a machine busy with other things gets another chance
    record_property("seconds_to_verdict", medians)
    print(f"\n{hand}: verdict after {[f'{t * 1000:.0f} ms' for t in times]}")
    assert min(medians) < LONGEST, medians


# -- the rest of the pad -------------------------------------------------------------------------


def test_a_verdict_shows_while_the_pen_is_down(pad: Pad) -> None:
    pad.draw(three(), "mouse", finish=False)
    pad.until(lambda: pad.top()[:1] == ["3"], "a verdict on half a stroke")
    assert pad.page.locator(".ink-pad-right").get_attribute("aria-busy") == "true"
    pad.mouse("mouseReleased", pad.on_page(three()[-1:])[0])
    pad.settled()
    assert len(pad.python()["strokes"]) == 1


def test_a_second_finger_does_not_mix_in(pad: Pad) -> None:
    points = line((80, 60), (80, 220))
    places = pad.on_page(points)
    (other,) = pad.on_page(np.array([[220.0, 60.0]]))
    pad.finger("touchStart", places[0])
    pad.finger("touchMove", places[10])
    pad.finger("touchStart", places[10], other)
    pad.finger("touchMove", places[-1], (other[0], other[1] + 100))
    pad.finger("touchEnd")
    pad.settled()
    (stroke,) = pad.python()["strokes"]
    assert np.ptp(np.array(stroke)[:, 0]) < 3
    assert not pad.ink_at(np.array([[220, 60], [220, 150]])).any()


def test_a_stroke_that_leaves_the_canvas_goes_on_along_its_edge(pad: Pad) -> None:
    pad.draw(line((140, 140), (340, 140), (140, 200)), "mouse")
    pad.settled()
    (stroke,) = np.array(pad.python()["strokes"])
    assert stroke[:, 0].max() == SIZE and stroke.min() >= 0


def test_undo_takes_the_last_stroke_and_clear_all(pad: Pad) -> None:
    first, second, third = (line((x, 60), (x, 220)) for x in (70, 140, 210))
    for stroke in (first, second, third):
        pad.draw(stroke, "mouse")
    pad.settled()
    assert pad.ink_at(np.concatenate([first, second, third])).min() > 200
    pad.press("Undo")
    pad.settled()
    assert not pad.ink_at(third).any() and pad.ink_at(np.concatenate([first, second])).min() > 200
    assert len(pad.python()["strokes"]) == 2
    assert "2 strokes" in pad.canvas_label()
    pad.press("Clear")
    pad.settled()
    assert not pad.canvas().any() and not pad.seen().any() and pad.top() == []
    assert pad.python()["strokes"] == [] and pad.python()["prepared"] is None


def test_the_pen_width_changes_the_ink(pad: Pad) -> None:
    pad.draw(line((40, 140), (240, 140)), "mouse")
    pad.settled()
    before = pad.canvas().sum()
    slider = pad.page.get_by_role("slider", name="Pen width")
    slider.focus()
    for _ in range(8):
        pad.page.keyboard.press("ArrowRight")
    pad.until(lambda: pad.canvas().sum() > 1.3 * before, "a thicker line")
    # the page sends one width at a time, the next when Python has taken the one before
    pad.until(lambda: pad.python()["width"] == pytest.approx(28), "Python has the width")
    slider.focus()
    for _ in range(8):
        pad.page.keyboard.press("ArrowLeft")
    pad.until(lambda: pad.canvas().sum() == before, "the line as it was")


def test_the_buttons_work_by_keyboard(pad: Pad) -> None:
    for x in (70, 140, 210):
        pad.draw(line((x, 60), (x, 220)), "mouse")
    pad.settled()
    name = "() => document.activeElement.textContent"
    pad.page.get_by_role("button", name="Undo", exact=True).focus()
    pad.page.keyboard.press("Enter")
    pad.until(lambda: "2 strokes" in pad.canvas_label(), "Undo by Enter")
    pad.page.keyboard.press("Space")
    pad.until(lambda: "1 stroke." in pad.canvas_label(), "Undo by the space bar")
    pad.page.keyboard.press("Tab")
    assert pad.page.evaluate(name) == "Clear"
    pad.page.keyboard.press("Enter")
    pad.until(lambda: pad.state() == "empty", "Clear by Enter")
    assert pad.page.evaluate(name) == "Clear", "the keyboard has lost its place"
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert pad.page.evaluate(outline) == "solid"
    pad.page.keyboard.press("Enter")  # nothing to clear: nothing happens
    pad.settled()


def test_screen_readers_are_told_what_is_there(pad: Pad) -> None:
    pad.page.get_by_role("group", name="Drawing pad").wait_for()
    assert pad.canvas_label() == "Drawing area, empty. Draw with mouse, finger or pen."
    assert "Nothing is drawn" in pad.spoken()
    pad.draw(three(), "mouse")
    pad.settled()
    assert pad.canvas_label() == "Your drawing: 1 stroke. It is read as 3."
    small = "Your drawing as 28 by 28 pixels, as the network sees it."
    pad.page.get_by_role("img", name=small, exact=True).wait_for()
    assert "What the network sees" in pad.text()
    live = pad.page.locator(".ink-pad-spoken")
    assert live.get_attribute("aria-live") == "polite"
    assert live.text_content().count("percent") == 3


def test_strokes_set_from_python_are_drawn_and_read(pad: Pad) -> None:
    pad.press("replay")
    pad.until(lambda: pad.top()[:1] == ["1"], "a verdict on Python's stroke")
    assert pad.ink_at(line((140, 40), (140, 240))).min() > 200
    assert not pad.ink_at(line((60, 40), (60, 240))).any()
    assert pad.seen().tolist() == pad.python()["prepared"]


def test_an_error_of_the_model_is_shown(pad: Pad) -> None:
    pad.draw(three(), "mouse")
    pad.press("fail")
    pad.until(lambda: "RuntimeError: no ink in stock" in pad.text(), "the error's text")
    assert "no ink in stock" in pad.spoken()
    assert pad.seen().any(), "the image was prepared all the same"
    pad.press("mend")
    pad.until(lambda: pad.top()[:1] == ["3"], "the verdict, once mended")
    assert "no ink in stock" not in pad.text()


def test_a_late_answer_is_waited_for(pad: Pad) -> None:
    wake = pad.folder / "wake"
    wake.unlink(missing_ok=True)
    pad.press("sleep")
    pad.draw(three(), "mouse")
    pad.until(lambda: "Waiting for Python" in pad.text(), "word that the pad waits")
    assert pad.ink_at(three()).min() > 200, "the drawing does not wait"
    wake.touch()
    pad.until(lambda: pad.top()[:1] == ["3"], "the verdict")
    assert "Waiting" not in pad.text()
    pad.press("mend")


def test_the_hint_shows_on_an_empty_pad_only(pad: Pad) -> None:
    hint = pad.page.get_by_text("Draw a digit here")
    assert hint.is_visible()
    pad.draw(three(), "mouse")
    assert not hint.is_visible()


def test_the_page_needs_no_network_and_complains_of_nothing(pad: Pad) -> None:
    local = (pad.server + "/", pad.server.replace("http", "ws", 1) + "/", "data:", "blob:")
    foreign = [url for url in pad.requests if not url.startswith(local)]
    # Voila's own page asks for a font of icons, and does without when there is no network.
    icons = [url for url in foreign if "fontawesome" in url]
    assert foreign == icons, foreign
    complaints = [text for text in pad.complaints if "debugger state" not in text]  # JupyterLab's
    assert not complaints
    assert pad.requests, "no request was seen at all: the listener did not work"
