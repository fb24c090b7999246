"""The picture of the whole model: its parts are links, by pointer and by keyboard."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from gpt_core.interpret.overview import KEPT, overview
from gpt_core.model.recording import run as run_model
from tests.helpers import write_run

PROMPT = "OTTO: It was wet."
RUN = "00b10c"


@pytest.fixture(scope="module")
def run(runs_folder):
    return write_run(runs_folder, RUN.ljust(8, "0"), n_layer=12, norm_position="post")


def open_home(page, app_url, run):
    page.goto(f"{app_url}/?model={run.name}&prompt={quote(PROMPT)}")
    page.wait_for_selector(".diagram[data-painted] svg")


def same_study(address, run):
    query = parse_qs(urlsplit(address).query)
    return query == {"model": [run.name], "prompt": [PROMPT]}


def test_every_part_is_a_link_that_keeps_the_model_and_the_prompt(page, app_url, run):
    open_home(page, app_url, run)
    link = page.locator("[data-part='blocks.11.attn_out']")
    assert same_study(link.get_attribute("href"), run)
    link.get_by_text("Attention").click()  # below it stands a link of its own, to its heads
    page.wait_for_selector(".map[data-painted]")  # the Attention lesson
    page.wait_for_url(re.compile("/attention"))
    page.wait_for_url(lambda address: same_study(address, run))  # the prompt comes with its box
    assert page.get_by_role("textbox", name="Prompt under study").input_value() == PROMPT


def test_the_residual_lessons_diagram_keeps_them_too(page, app_url, run):
    page.goto(f"{app_url}/residual?model={run.name}&prompt={quote(PROMPT)}")
    page.wait_for_selector(".diagram[data-painted] svg")
    page.locator("[data-part='blocks.11.attn_out']").press("Enter")
    page.wait_for_url(re.compile("/attention"))
    page.wait_for_url(lambda address: same_study(address, run))


def test_layers_that_are_alike_open_and_links_follow_the_keyboard(page, app_url, run):
    open_home(page, app_url, run)
    assert page.locator("[data-part='blocks.6.mlp_out']").count() == 0
    page.get_by_role("button", name="layers 2 to 10: the same again").press("Enter")
    page.wait_for_selector("[data-part='blocks.6.mlp_out']")
    page.get_by_role("link", name=re.compile("^LayerNorm of layer 11")).first.press("Enter")
    page.wait_for_url(re.compile("/(layernorm|normalization)"))
    page.wait_for_url(lambda address: same_study(address, run))  # the prompt comes with its box


def test_a_table_says_the_same_and_a_phone_has_room(new_page, app_url, run):
    phone = new_page(viewport={"width": 390, "height": 844})
    open_home(phone, app_url, run)
    wide = "() => document.querySelector('[data-testid=stMain]').scrollWidth"
    assert phone.evaluate(wide) <= 390
    phone.get_by_text("Read this diagram as a table").click()
    story = overview(run_model(run.load_model(), run.tokenizer().encode(PROMPT), *KEPT))
    row = phone.locator(".table tr", has_text="fetches from other tokens").last.inner_text()
    assert row.startswith("11\t") and f"\t{story.lengths['blocks.11.attn_out']:.1f}\t" in row
