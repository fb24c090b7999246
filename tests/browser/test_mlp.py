"""The MLP lesson as a reader walks it: a neuron, its texts, its removal."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import open_lesson, settled

ADDRESS = "/mlp?prompt=GUS: Six stops&mlp_layer=3"


def test_a_reader_chooses_a_neuron_predicts_and_shares(page, new_page, app_url):
    open_lesson(page, app_url + ADDRESS)
    number = page.get_by_test_id("stNumberInputField")
    loudest = number.input_value()
    page.get_by_test_id("stButton").filter(has_text=" at ").nth(1).click()
    expect(number).not_to_have_value(loudest)
    neuron = number.input_value()
    expect(page.get_by_role("heading", name=f"Layer 3, neuron {neuron}, on")).to_be_visible()
    expect(page.locator("mark").first).to_be_visible()
    texts = page.locator(".neuron").all_inner_texts()

    page.get_by_test_id("stRadio").get_by_text("another token becomes").click()
    answer = page.get_by_text("of the probability moved")
    settled(page)
    expect(page).to_have_url(re.compile(f"(?=.*mlp_neuron_3={neuron})(?!.*guess)"))

    other = new_page(color_scheme="dark", viewport={"width": 390, "height": 844})
    open_lesson(other, page.url)
    expect(other.get_by_test_id("stNumberInputField")).to_have_value(neuron)
    other.get_by_test_id("stRadio").get_by_text("another token becomes").click()
    expect(other.get_by_text("of the probability moved")).to_have_text(answer.inner_text())
    expect(other.locator(".neuron")).to_have_text(texts, use_inner_text=True)
    main = "document.querySelector('[data-testid=stMain]')"
    assert other.evaluate(f"{main}.scrollWidth - {main}.clientWidth") <= 0
