"""How quick the picture of the whole machine on Home is, in a real browser.

    python -m benchmarks.machine [--seconds 30] [--edits 20]

Script in each frame while Play moves (the browser's own clock, from the frame's first line to its
last, repaints at a new step and unfolding included); then typed to painted: from the key to the
frame after the one that holds the new picture, as the canvas says itself (`data-painted`); and what
an edit brings over the websocket, all parts of the page together. The bundled model, and one of
GPT-2's shape (12 layers, 12 heads, 768 wide) with random weights.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from string import ascii_lowercase
from urllib.parse import quote

import torch
from playwright.sync_api import Page, sync_playwright

from benchmarks.app_process import BROWSER, BROWSER_FLAGS, start_app, stop_app
from benchmarks.lessons import p95
from corpus import bundled
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run

LARGE = "00000012"  # runs are named in hexadecimal
PROMPT = "OTTO: It was wet, and it wanted warmth"
LAST_KEY = "addEventListener('keydown', () => { window.lastKey = performance.now(); }, true)"


@dataclass(frozen=True)
class Case:
    """A model, and what is asked of its picture, in milliseconds."""

    name: str
    model: str
    frame: int
    edit: int = 120


CASES = (
    Case("bundled, 4 layers × 4 heads", "", 8),
    Case("GPT-2's shape, 12 × 12, folded", LARGE, 12),
)


def write_large(root: Path) -> None:
    """A run of GPT-2's shape with random weights; its vocabulary is a small one."""
    text = bundled().text
    tokenizer = train_tokenizer("char", text)
    config = GPTConfig(tokenizer.vocab_size, block_size=1024, n_layer=12, n_head=12, n_embd=768)
    run = Run.create(
        root,
        model_config=config,
        train_config=TrainConfig(steps=1),
        tokenizer=tokenizer,
        text=text,
        corpus_name="bundled",
        name=LARGE,
    )
    torch.manual_seed(0)
    run.save_model(GPT(config), 0)


def wait_for(page: Page, prompt: str) -> float:
    """When the picture of this prompt was painted, by the browser's clock."""
    machine = page.wait_for_selector(f'.machine[data-painted$="{prompt} +0"]', timeout=120_000)
    return float(machine.get_attribute("data-painted-at"))


def time_frames(page: Page, seconds: float) -> list[float]:
    """Milliseconds of script in each frame while Play moves."""
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1000 * seconds)
    frames = page.locator(".machine").evaluate("machine => machine.frames")
    page.locator(".machine .play").click()  # it pauses, unless it has come to the end
    if len(frames) < 10 * min(seconds, 20):
        raise RuntimeError(f"Only {len(frames)} frames in {seconds:g} s: nothing moved.")
    return frames


def time_edits(page: Page, edits: int, received: list[int]) -> tuple[list[float], list[int]]:
    """Of each edit milliseconds from the key to the painted picture, and bytes that came.

    received: grows with each message. The first edits warm up. Each shows a prompt that nobody has
    shown, as Streamlit doesn't send again what a browser has just had.
    """
    page.get_by_role("textbox", name="Prompt under study").click()
    page.keyboard.press("End")
    page.evaluate(LAST_KEY)
    times, sizes, prompt = [], [], PROMPT
    for letter in islice(cycle(ascii_lowercase), edits + 4):
        before, prompt = sum(received), prompt + letter
        page.keyboard.press(letter)
        painted = wait_for(page, prompt)
        times.append(painted - page.evaluate("window.lastKey"))
        page.wait_for_timeout(700)  # a reader looks before typing on
        sizes.append(sum(received) - before)
    return times[4:], sizes[4:]


def count_received(page: Page) -> list[int]:
    """The size of each message that will come over the page's websocket."""
    sizes: list[int] = []

    def heard(message: str | bytes) -> None:
        sizes.append(len(message))

    page.on("websocket", lambda socket: socket.on("framereceived", heard))
    return sizes


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30, help="of Play for each model (30)")
    parser.add_argument("--edits", type=int, default=20, help="edits for each model (20)")
    options = parser.parse_args()
    print("| the machine on Home, in Chromium | median | p95 | largest | target |")
    print("| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_large(Path(folder))
        app, url = start_app(Path(folder), Path(folder) / "app.log")
        browser = playwright.chromium.launch(executable_path=BROWSER, args=BROWSER_FLAGS)
        try:
            for case in CASES:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                received = count_received(page)
                model = f"model={case.model}&" if case.model else ""
                page.goto(f"{url}/?{model}prompt={quote(PROMPT)}")
                wait_for(page, PROMPT)
                page.wait_for_timeout(4_000)  # the process also imports what it has put off
                page.reload()  # the first page of a process waits a while after each key
                wait_for(page, PROMPT)
                page.wait_for_timeout(2_000)
                line(f"{case.name}: script a frame", time_frames(page, options.seconds), case.frame)
                times, sizes = time_edits(page, options.edits, received)
                line(f"{case.name}: edit → painted", times, case.edit)
                print(f"| {case.name}: an edit brings | {median(sizes) / 1000:.1f} KB | | | |")
                page.close()
        finally:
            browser.close()
            stop_app(app)


def line(what: str, times: list[float], target: int) -> None:
    """One row of the table."""
    digits = 1 if target < 50 else 0
    print(
        f"| {what} | {median(times):.{digits}f} ms | {p95(times):.{digits}f} ms "
        f"| {max(times):.{digits}f} ms | {target} ms |",
        flush=True,
    )


if __name__ == "__main__":
    main()
