"""An uploaded file whose encoding had to be guessed: the question, and what an answer does."""

from playwright.sync_api import expect

from tests.browser.conftest import settled

LINES = "The laundrette on the corner opens at seven.\n" * 40
FRENCH = f"{LINES}Il fait très chaud à São Paulo.\n".encode("cp1252")
HUNGARIAN = f"{LINES}Minden emberi lény egyenlő méltósága: őrült, erdő, gyűjtő.\n".encode("cp1250")


def upload(page, name, data):
    file = {"name": name, "mimeType": "text/plain", "buffer": data}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text(f"The lessons use “{name}”")).to_be_visible()
    settled(page)


def readings(page):
    return page.get_by_role("radiogroup", name="Which line looks right?")


def test_a_guess_can_be_put_right_and_each_file_has_its_own_question(page, app_url):
    page.goto(f"{app_url}/data")
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    page.get_by_text("Upload a file").click()
    upload(page, "letter.txt", FRENCH)
    expect(
        page.get_by_text("Read as Windows-1252, Western European: is this right?")
    ).to_be_visible()
    expect(readings(page).get_by_role("radio")).to_have_count(3)
    expect(readings(page)).to_contain_text("Il fait très chaud à São Paulo")
    readings(page).get_by_text("Windows-1250, Central European").click()
    expect(page.get_by_text("Read as Windows-1250, Central European: is this")).to_be_visible()
    expect(readings(page).get_by_role("radio", checked=True)).to_have_count(1)

    upload(page, "erdő.txt", HUNGARIAN)
    expect(page.get_by_text("Read as Windows-1250, Central European: is this")).to_be_visible()
    checked = readings(page).locator("label").filter(has=page.get_by_role("radio", checked=True))
    expect(checked).to_contain_text("Windows-1250, Central European")
    expect(readings(page)).to_contain_text("egyenlő méltósága")
    readings(page).get_by_text("Windows-1252, Western European").click()
    expect(page.get_by_text("Read as Windows-1252, Western European: is")).to_be_visible()
    expect(checked).to_contain_text("Windows-1252, Western European")
