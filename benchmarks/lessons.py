"""How quick the concept lessons are, in a real browser: every widget, from the hand to the paint.

    python -m benchmarks.lessons [--rounds 5] [--lesson heads]

Each lesson is opened on the bundled model. Every slider, choice, box, list, number and picture of
it is used, one after the other, and the prompt is edited. The clock runs in the browser: from the
key or the pointer to the last change of the page that follows. What starts a computation of its
own with a progress bar (training, mostly) is left out.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Error, Locator, Page, sync_playwright

from benchmarks.app_process import BROWSER, BROWSER_FLAGS, start_app, stop_app

LESSONS = (
    "embeddings",
    "averaging",
    "attention",
    "positions",
    "heads",
    "head_importance",
    "residual",
    "patching",
    "mlp",
    "layernorm",
    "normalization",
    "head_born",
    "one_step",
    "evaluation",
    "tuning",
    "lean",
    "fine_tuning",
)
TARGETS = {"median": 150, "p95": 400}  # milliseconds
QUIET = 400  # milliseconds without a change: what an interaction led to is over
WATCH = """() => {
    window.began = window.changed = 0;
    const begin = () => { window.began = performance.now(); };
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, begin, true);
    const observer = new MutationObserver(() => { window.changed = performance.now(); });
    observer.observe(document.body,
        {subtree: true, childList: true, characterData: true, attributes: true});
    window.watchInside = () => {
        for (const host of document.querySelectorAll("*")) {
            if (!host.shadowRoot || host.watched) continue;
            host.watched = true;
            observer.observe(host.shadowRoot,
                {subtree: true, childList: true, characterData: true, attributes: true});
        }
    };
}"""
STILL = f"""() => document.querySelector('[data-testid="stApp"]')
    .dataset.testScriptState === "notRunning"
    && performance.now() - Math.max(window.changed, window.began) > {QUIET}"""


@dataclass(frozen=True)
class Kind:
    """A kind of widget: where it is found, and how a hand uses it in a round."""

    name: str
    selector: str
    use: Callable[[Locator, int], None]


def press(widget: Locator, number: int) -> None:
    """A step to the left, then one to the right, and so on."""
    widget.focus()
    widget.press("ArrowRight" if number % 2 else "ArrowLeft")


def choose_next(widget: Locator, number: int) -> None:
    """Open a list, go one down (or up), take it."""
    widget.click()
    widget.page.wait_for_timeout(150)
    widget.page.keyboard.press("ArrowUp" if number % 2 else "ArrowDown")
    widget.page.wait_for_timeout(50)
    widget.page.keyboard.press("Enter")


def click(widget: Locator, number: int) -> None:
    """Point and press."""
    widget.click()


def click_another(inside: str) -> Callable[[Locator, int], None]:
    """Press one of several after the other: what is chosen already would change nothing."""

    def use(group: Locator, number: int) -> None:
        options = group.locator(inside)
        options.first.wait_for()  # raises Error when another choice has taken the group away
        options.nth((number + 1) % options.count()).click()

    return use


KINDS = (
    Kind("slider", '[data-testid="stSlider"] input[type="range"]', press),
    Kind("choice", '[data-testid="stButtonGroup"]', click_another("button")),
    Kind("answer", '[data-testid="stRadio"]', click_another('[data-testid="stRadioOption"]')),
    Kind("box", '[data-testid="stCheckbox"] label', click),
    Kind("list", '[data-testid="stSelectbox"] input', choose_next),
    Kind("number", '[data-testid="stNumberInputStepUp"]', click),
    Kind("picture", ".map .heads", click_another('[role="gridcell"]')),
)


def settle(page: Page) -> None:
    """Wait until nothing changes any more."""
    page.wait_for_function(STILL, timeout=120_000, polling=50)
    page.evaluate("window.watchInside()")


def time_one(page: Page, act: Callable[[], None]) -> float | None:
    """Milliseconds from the hand to the last change; None if nothing changed."""
    settle(page)
    page.evaluate("window.changed = 0")
    act()
    page.wait_for_timeout(30)
    settle(page)
    began, changed = page.evaluate("[window.began, window.changed]")
    return changed - began if changed > began else None


def edit_prompt(page: Page, number: int) -> None:
    """One letter more, or one less."""
    box = page.get_by_role("textbox", name="Prompt under study")
    box.focus()
    page.keyboard.press("Control+End")  # a long prompt has two lines
    page.wait_for_timeout(100)
    page.keyboard.press("Backspace" if number % 2 else "e")


def interactions(page: Page) -> Iterator[tuple[str, Callable[[int], None]]]:
    """Everything that can be used in the lesson that is open, by name."""
    yield "the prompt", lambda number: edit_prompt(page, number)
    for kind in KINDS:
        found = page.locator('[data-testid="stMain"]').locator(kind.selector)
        for place in range(min(found.count(), 6)):
            widget = found.nth(place)
            if widget.is_visible() and widget.is_enabled():
                yield f"{kind.name} {place + 1}", _in(widget, kind)


def _in(widget: Locator, kind: Kind) -> Callable[[int], None]:
    return lambda number: kind.use(widget, number)


def time_lesson(page: Page, url: str, lesson: str, rounds: int) -> dict[str, list[float]]:
    """All times of a lesson by interaction; the first use of each warms up."""
    page.goto(f"{url}/{lesson}")
    page.wait_for_selector('[data-testid="stMain"] h1', timeout=120_000)
    page.evaluate(WATCH)
    page.get_by_text("Further reading", exact=True).wait_for(timeout=120_000)  # every lesson's end
    page.wait_for_timeout(3_000)  # the process also imports what it has put off
    settle(page)
    times: dict[str, list[float]] = {}
    for name, act in list(interactions(page)):
        for number in range(rounds + 1):
            try:
                took = time_one(page, lambda act=act, number=number: act(number))
            except Error:  # it left the page with an earlier choice
                break
            if took is not None and number:
                times.setdefault(name, []).append(took)
    return times


def p95(times: Sequence[float]) -> float:
    """The 95th percentile of what was measured; the largest of a few.

    Not what the default method guesses of a larger number: of fewer than twenty uses that would be
    more than the slowest of them.
    """
    return quantiles(times, n=20, method="inclusive")[-1] if len(times) > 4 else max(times)


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4, help="uses of each widget (4)")
    parser.add_argument("--lesson", action="append", choices=LESSONS, help="only these")
    parser.add_argument("--all", action="store_true", help="print every widget's median")
    options = parser.parse_args()
    every: list[float] = []
    print("| lesson | interactions | uses | median | p95 |\n| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app, url = start_app(Path(folder), Path(folder) / "app.log")
        browser = playwright.chromium.launch(executable_path=BROWSER, args=BROWSER_FLAGS)
        try:
            for lesson in options.lesson or LESSONS:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.set_default_timeout(15_000)
                found = time_lesson(page, url, lesson, options.rounds)
                page.close()
                times = [took for many in found.values() for took in many]
                every += times
                print(
                    f"| {lesson} | {len(found)} | {len(times)} | {median(times):.0f} ms "
                    f"| {p95(times):.0f} ms |",
                    flush=True,
                )
                if options.all:
                    for name, many in found.items():
                        print(f"|   {name} | | {len(many)} | {median(many):.0f} ms | |", flush=True)
        finally:
            browser.close()
            stop_app(app)
    print(
        f"| all | | {len(every)} | **{median(every):.0f} ms** (target {TARGETS['median']}) "
        f"| **{p95(every):.0f} ms** (target {TARGETS['p95']}) |"
    )


if __name__ == "__main__":
    main()
