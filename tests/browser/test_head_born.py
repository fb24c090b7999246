"""A head is born, in a browser: the slider, the prediction, the address, a run that trains."""

import torch
from playwright.sync_api import expect

from gpt_core.bundled import copying_run_path
from gpt_core.interpret.snapshots import snapshots_of
from gpt_core.model.gpt import GPT
from gpt_core.training.run import Run
from gpt_core.training.run_files import Record
from tests.browser.conftest import settled
from tests.helpers import write_run

SLOW = 120_000  # ms; beside other work on a small machine

LABELS_INSIDE = """curve => {
    const edge = curve.getBoundingClientRect();
    const labels = [...curve.querySelectorAll("text")].map(t => t.getBoundingClientRect());
    const inside = t => t.left >= edge.left - 1 && t.right <= edge.right + 1;
    return labels.length > 4 && labels.every(inside);
}"""


def film(page, step):
    """Wait until the film is painted at a step."""
    painted = page.locator(f'.film[data-painted="{step}"]')
    painted.wait_for(timeout=SLOW)
    return painted


def scrub(page, *keys):
    slider = page.get_by_role("slider", name="Training step")
    slider.focus()
    for key in keys:
        slider.press(key)


def test_a_reader_scrubs_predicts_and_shares(page, new_page, app_url):
    first, before, here, *others = [s.step for s in snapshots_of(Run.open(copying_run_path()))]
    page.goto(f"{app_url}/head_born?prompt=GUS: Six stops")
    page.locator(f'.film[data-frames="{3 + len(others)}"]').wait_for(timeout=SLOW)
    film(page, first)
    page.get_by_text("Before the first step").wait_for()
    assert page.locator("svg.curve").evaluate(LABELS_INSIDE)
    scrub(page, "ArrowRight", "ArrowRight")
    shown = film(page, here)
    assert float(shown.get_attribute("data-scrub-ms")) > 0
    assert page.get_by_text(f"Since step {before} layer").count() == 1
    page.get_by_role("gridcell", name="Layer 1, head 0").click()
    assert page.locator(".roles tr").count() == 0
    page.wait_for_url(f"**step={here}**")
    page.wait_for_url("**head=1.0**")

    page.get_by_text("No head takes this role in this run").click()
    page.get_by_text("of the total drop in loss has happened").or_(
        page.get_by_text("No head took this role")
    ).first.wait_for(timeout=SLOW)
    page.locator(".roles tr").first.wait_for()
    page.get_by_role("heading", name="The copy test, step by step").wait_for()
    settled(page)
    film(page, here)  # still there

    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    other.goto(page.url)
    film(other, here)
    assert other.locator("svg.curve").evaluate(LABELS_INSIDE)
    assert other.locator(".roles tr").count() == 0  # no guess is in the address
    other.get_by_text("No head takes this role in this run").click()
    other.locator(".roles tr").first.wait_for(timeout=SLOW)
    expect(other.get_by_role("heading", name="Layer 1 · head 0")).to_be_visible()
    expect(other.get_by_role("textbox", name="Prompt")).to_have_value("GUS: Six stops")
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
    wide = "[data-testid=stMain]"
    assert other.evaluate(f"document.querySelector('{wide}').scrollWidth") <= 390


def writer(run):
    """A function that leaves behind what a worker does at a step."""

    def keep(step):
        torch.manual_seed(step)
        run.save_snapshot(GPT(run.model_config), step)
        run.append_metrics(Record(step, train_loss=4 - step / 50, val_loss=4 - step / 50))
        run.set_status("running", step)

    return keep


def test_a_run_that_trains_is_followed_to_its_end(page, app_url, runs_folder):
    run = write_run(runs_folder, "0000b043")
    keep = writer(run)
    keep(0)
    keep(10)
    page.goto(f"{app_url}/head_born?model=0000b043")
    film(page, 10)
    keep(20)
    film(page, 20)
    keep(30)  # the last snapshot and the end come at once
    run.set_status("finished", 30)
    follow = page.get_by_role("switch", name="Follow")
    expect(follow).to_have_count(0, timeout=SLOW)
    settled(page)
    film(page, 30)


def test_the_film_of_a_run_that_trains_grows_and_follows_until_one_scrubs(
    page, app_url, runs_folder
):
    run = write_run(runs_folder, "0000b042")
    keep = writer(run)
    keep(0)
    keep(10)
    page.goto(f"{app_url}/head_born?model=0000b042")
    film(page, 10)
    keep(20)
    film(page, 20)
    scrub(page, "ArrowLeft")
    film(page, 10)
    expect(page.get_by_role("switch", name="Follow")).not_to_be_checked()
    page.wait_for_url("**film_follow=false**")
    keep(30)
    page.locator('.film[data-frames="4"]').wait_for(timeout=SLOW)
    film(page, 10)
    page.get_by_role("switch", name="Follow").check()
    film(page, 30)
    scrub(page, "ArrowLeft")
    film(page, 20)
    run.set_status("finished", 30)
    expect(page.get_by_role("switch", name="Follow")).to_have_count(0, timeout=SLOW)
    film(page, 20)
