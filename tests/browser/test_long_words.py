"""A text that is one word: the browser draws its labels in no time."""

from playwright.sync_api import expect

from tests.browser.conftest import settled
from ui.show.tokens import LABEL


def test_a_word_of_400_000_characters_freezes_no_tab(page, app_url):
    page.goto(f"{app_url}/data")
    page.get_by_text("Upload a file").click(timeout=60_000)
    settled(page)
    processor = page.context.new_cdp_session(page)
    processor.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds():
        metrics = processor.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    before = seconds()
    file = {"name": "digits.txt", "mimeType": "text/plain", "buffer": b"31415926" * 50_000}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("The lessons use “digits.txt”").wait_for(timeout=60_000)
    settled(page)  # now it is the question about this text
    page.get_by_role("radiogroup", name="most often").locator("label").first.click(timeout=60_000)
    words = page.locator(".st-key-picture_words")
    expect(words.get_by_text("31415926").first).to_be_visible(timeout=120_000)
    settled(page)
    labels = words.locator("bdi").all_text_contents()
    assert labels and max(map(len, labels)) <= LABEL
    assert seconds() - before < 5  # of the browser's own processor time; half a second measured
