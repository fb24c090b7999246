"""How quick the pages are, in a real browser: typed, started or pressed, to painted.

    python -m benchmarks.pages

The Attention lesson shows all heads of a model of 6 layers and 6 heads (384 wide) on a prompt of
128 tokens. Each edit types or deletes one letter; the clock runs in the browser, from the key to
the frame after the one that holds the new pictures. Then the same while a training run is active
beside the app, in a worker process of the lowest priority, as the Training lesson starts it.

A start is from the process to Home's words, to its machine painted (from recorded numbers), and to
the live model. A lesson is pressed in the menu of a page that has just been opened, after somebody
else has opened them all.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import quote

import torch
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.app_process import BROWSER, BROWSER_FLAGS, start_app, stop_app
from benchmarks.lessons import p95
from corpus import bundled
from course.lessons import LESSONS, group_of, number_of
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from ui.services.worker import MachineLock, Worker

TOKENS = 128
SHOWN, TRAINED = "00000066", "000000aa"  # runs are named in hexadecimal
LAST_KEY = "addEventListener('keydown', () => { window.lastKey = performance.now(); }, true)"
PAINTED = '.map[data-painted="{}"]'


def write_runs(root: Path) -> Run:
    """A model to look at, with random weights, and a run to train; returns the second."""
    text = bundled().text
    tokenizer = train_tokenizer("char", text)
    vocabulary = tokenizer.vocab_size
    shown = GPTConfig(vocabulary, block_size=TOKENS, n_layer=6, n_head=6, n_embd=384)
    trained = GPTConfig.from_preset("modern", vocab_size=vocabulary, block_size=64)
    runs = [
        Run.create(
            root,
            model_config=config,
            train_config=TrainConfig(steps=100_000),
            tokenizer=tokenizer,
            text=text,
            corpus_name="bundled",
            name=name,
        )
        for name, config in ((SHOWN, shown), (TRAINED, trained))
    ]
    torch.manual_seed(0)
    runs[0].save_model(GPT(shown), 0)
    return runs[1]


@contextmanager
def training(run: Run) -> Iterator[None]:
    """Train the run in a worker, as the app does; the block runs once steps are being made."""
    lock = MachineLock(run.path.parent / "machine.lock").acquire()
    if lock is None:
        raise RuntimeError("Another worker holds the lock of this benchmark's own run.")
    worker = Worker(lock, run.path, threads=2)
    try:
        deadline = time.monotonic() + 120
        while sum(record.loss is not None for record in run.metrics()) < 20:
            if worker.process.exit_code is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Training did not start: {run.status()}")
            time.sleep(0.2)
        yield
        if worker.process.exit_code is not None:
            raise RuntimeError("Training ended before the measurement did.")
    finally:
        worker.close(10.0)


def time_edits(page: Page, url: str, edits: int, first_letter: int) -> list[float]:
    """Milliseconds from each key to the painted pictures; the first edits warm up."""
    prompt = bundled().text[: TOKENS - 1].replace("\n", "⏎").replace('"', "'")
    page.goto(f"{url}/attention?model={SHOWN}&prompt={quote(prompt)}")
    wait_for(page, prompt)
    box = page.get_by_role("textbox", name="Prompt under study")
    box.click()
    page.keyboard.press("Control+End")  # a long prompt has two lines
    page.evaluate(LAST_KEY)
    times = []
    for edit in range(edits + 4):
        letter = chr(first_letter + edit // 2)  # a prompt that nobody has typed yet
        page.keyboard.press("Backspace" if edit % 2 else letter)
        painted_at = wait_for(page, prompt if edit % 2 else prompt + letter)
        times.append(painted_at - page.evaluate("window.lastKey"))
        page.wait_for_timeout(400)  # a reader looks before typing on
    return times[4:]


def wait_for(page: Page, prompt: str) -> float:
    """When the pictures of this prompt were painted, by the browser's clock."""
    selector = PAINTED.format(prompt.replace("⏎", "\\a "))
    pictures = page.wait_for_selector(selector, timeout=60_000)
    return float(pictures.get_attribute("data-painted-at"))


@dataclass(frozen=True)
class Start:
    """Seconds from starting the app's process until Home shows each of these."""

    words: float
    machine: float  # from recorded numbers, unless the model is quicker
    live: float


# The machine says itself what it has painted; only the live one can go on by a token.
PAINTED_MACHINE = ".machine[data-painted]"
LIVE = ".machine[data-painted]:has(.next:enabled)"


def time_start(browser: Browser, root: Path) -> Start:
    """Start the app and open Home at once, in a browser that has never seen it."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.goto("about:blank")
    started = time.perf_counter()
    app, url = start_app(root, root / "start.log")
    times = []
    try:
        page.goto(url, wait_until="commit")  # the first words come before the page's scripts
        for selector in ("h1", PAINTED_MACHINE, LIVE):
            page.wait_for_selector(selector, timeout=60_000)
            times.append(time.perf_counter() - started)
    finally:
        page.close()
        stop_app(app)
    return Start(*times)


# The menu's link is pressed; then: the title stands, the page is whole, and so are charts in view.
FIRST_VIEW = """async (address) => {
    const frame = () => new Promise(requestAnimationFrame);
    const until = async (isSo) => {
        while (!isSo()) await frame();
        return performance.now() - began;
    };
    const title = () => document.querySelector("h1")?.textContent;
    const [before, began] = [title(), performance.now()];
    const links = [...document.querySelectorAll('[data-testid="stSidebar"] a')];
    links.find((link) => link.pathname.endsWith(address)).click();
    const stands = await until(() => title() && title() !== before);
    const state = document.querySelector('[data-testid="stApp"]').dataset;
    const whole = await until(() => state.testScriptState === "notRunning");
    const inView = (chart) => {
        const { top, bottom } = chart.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
    };
    const charts = await until(() => [...document.querySelectorAll(".chart")].every(
        (chart) => !inView(chart) || chart.classList.contains("js-plotly-plot")));
    return [stands, Math.max(whole, charts)];
}"""


def time_views(browser: Browser, url: str) -> dict[str, tuple[float, float]]:
    """Milliseconds from pressing a lesson in the menu to its title, and to all of it.

    By lesson. Everything has been opened once before, by somebody else.
    """
    found = {}
    for turn in range(2):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(url)
        page.wait_for_selector(LIVE, timeout=60_000)
        for lesson in (each for each in LESSONS if number_of(each)):
            unfold(page, group_of(lesson))
            page.wait_for_timeout(1_500)
            times = page.evaluate(FIRST_VIEW, f"/{lesson.name}")
            if turn:
                found[lesson.name] = tuple(times)
        page.close()
    return found


def unfold(page: Page, heading: str) -> None:
    """Open a heading of the menu, as a reader does to see its links."""
    group = page.locator(".course-menu details", has=page.get_by_text(heading, exact=True))
    if not group.locator("a").first.is_visible():
        group.locator("summary").click()


def slowest(views: dict[str, tuple[float, float]]) -> list[str]:
    """The three lessons that took longest, with milliseconds."""
    found = sorted(views, key=lambda lesson: -views[lesson][1])[:3]
    return [f"{lesson} {views[lesson][1]:.0f} ms" for lesson in found]


def line(what: str, times: Sequence[float], target: str, unit: str = "ms") -> str:
    """One row of the table."""
    digits = 0 if unit == "ms" else 1
    both = " | ".join(f"{each(times):.{digits}f} {unit}" for each in (median, p95))
    return f"| {what} | {both} | {target} |"


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edits", type=int, default=30, help="edits per situation")
    parser.add_argument("--starts", type=int, default=5, help="starts of the app")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        run = write_runs(root)
        browser = playwright.chromium.launch(executable_path=BROWSER, args=BROWSER_FLAGS)
        starts = [time_start(browser, root) for _ in range(options.starts)]
        app, url = start_app(root, root / "app.log")
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            alone = time_edits(page, url, options.edits, ord("a"))
            with training(run):
                busy = time_edits(page, url, options.edits, ord("A"))
            page.close()
            views = time_views(browser, url)
        finally:
            stop_app(app)
            browser.close()
    print("| in Chromium | median | p95 | target |")
    print("| --- | --- | --- | --- |")
    print(line("edited prompt → repainted heatmaps, 36 heads, 128 tokens", alone, "200 ms"))
    print(line("the same while a training run is active", busy, "250 ms"))
    print(line("start of the app → Home's words", [s.words for s in starts], "1.5 s", "s"))
    machine, live = [s.machine for s in starts], [s.live for s in starts]
    print(line("the same → the machine painted", machine, "1.5 s", "s"))
    print(line("the same → the machine, from the live model", live, "4 s", "s"))
    titles, whole = zip(*views.values(), strict=True)
    print(line("a lesson pressed in the menu → its title", titles, "1000 ms"))
    print(line("the same → the whole page, charts in view", whole, "1000 ms"))
    print(f"The slowest: {', '.join(slowest(views))}.")


if __name__ == "__main__":
    main()
