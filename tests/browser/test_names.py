"""Names that strangers chose, in a real browser: shown as text, and nothing is fetched for them."""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.app_process import start_app, stop_app
from tests.browser.conftest import open_from_menu, settled
from ui.show.names import plain

ELSEWHERE = "somewhere.example"
NAMES = [
    f"![x](https:{ELSEWHERE}).txt",
    f"![x](https://{ELSEWHERE}/a.png)",
    f"[x](https://{ELSEWHERE})",
    f"https://{ELSEWHERE}/a",
    f"HTTPS://{ELSEWHERE}/a",
    f"www.{ELSEWHERE}",
    f"a@{ELSEWHERE}",
    f"<https://{ELSEWHERE}>",
    f'<img src="https://{ELSEWHERE}">',
    f"&lt;img src=https:{ELSEWHERE}&gt; &#105;",
    ":material/home: :material_home: :streamlit: :smile: :+1:",
    ":red[x] :blue-badge[x] :help[x] ::x[y]{.z}",
    "$x^2$ $$y$$ \\(z\\)",
    "`a` ``b`` *c* **d** _e_ __f__ ~~g~~ ~h~",
    "# title",
    "1. one",
    "123) two",
    "+ three",
    "=== four",
    "- two",
    "> three",
    "| a | b |",
    "[^1] [x]: y",
    "a -> b <- c <-> d -- e >= f <= g ~= h",
    "\\",
    "---",
    "```",
    "first\n\n# second\tthird\u2028fourth",
    "evil\u202etxt.exe\x00\x1b[31m\ud800",
    "ספר עברי.txt",
    "👩\u200d👩\u200d👧 कुत्ता",
    "Z" + "\u0310" * 500,
    "x" * 10_000,
    "",
]
PAGE = """
import ast
from pathlib import Path
import streamlit as st
from ui.show.names import as_text, plain, show_error
from ui.show.tokens import code

NAMES = ast.literal_eval(Path(__file__).with_suffix(".names").read_text())
TEXTS = [as_text(name) for name in NAMES]
show = st.selectbox("Show", ["nothing", *map(plain, NAMES)])
st.multiselect("Several", [plain(name) for name in NAMES], [plain(NAMES[0]), plain(NAMES[3])])
for number, text in enumerate(TEXTS):
    with st.container(key=f"name_{number}"):
        st.markdown(f"“{text}”: after")
        st.caption(f"“{text}”: after")
        st.subheader(f"“{text}”: after")
        st.button(f"“{text}”: after", key=number)
    with st.container(key=f"bare_{number}"):
        st.markdown(text)
    with st.container(key=f"code_{number}"):
        st.markdown(f"a {code(NAMES[number])} b")
with st.container(key="others"):
    st.radio("Radio", TEXTS)
    st.pills("Pills", TEXTS)
    st.dataframe([{"name": plain(name)} for name in NAMES])
    st.progress(0.5, text=TEXTS[0] + TEXTS[3])
    st.metric(TEXTS[0], 1, help=TEXTS[3])
    st.expander(TEXTS[1]).markdown(TEXTS[2])
    show_error(ValueError(f"There is no {NAMES[0]!r}: name {NAMES[3]} or {NAMES[10]}."))
"""
LIVE = (  # what only Markdown makes
    "a[href]:not([href^='#']), img, em, strong, del, code, h1, h2, h4, ul, ol, blockquote, table, "
    "hr, .katex, [role=img], .stMarkdownBadge, [style*=color]"
)


@pytest.fixture
def watched(page):
    """A page, and the addresses of other machines that it asked for anything."""
    asked = []
    page.on("request", lambda r: asked.append(r.url) if "//127.0.0.1" not in r.url else None)
    yield page
    asked = [url for url in asked if url.startswith("http")]
    assert not asked, f"The browser asked {asked}"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """The address of a page that shows each name wherever a name may be shown."""
    folder = tmp_path_factory.mktemp("gallery")
    (folder / "names.py").write_text(PAGE)
    (folder / "names.names").write_text(ascii(NAMES))
    app, url = start_app(folder, folder / "log", script=folder / "names.py", PYTHONPATH=".")
    yield url
    stop_app(app)


def test_a_name_is_shown_literally_wherever_it_is_shown(gallery, watched):
    watched.goto(gallery)
    expect(watched.get_by_text("There is no")).to_be_visible()
    settled(watched)
    found = watched.evaluate(
        """live => [...document.querySelectorAll("[class*=st-key-name_], [class*=st-key-bare_]")]
            .map(box => [
                Number(/st-key-(?:name|bare)_(\\d+)/.exec(box.className)[1]),
                [...box.querySelectorAll("p, h3, pre")].map(part => part.textContent),
                [...box.querySelectorAll("[data-testid=stMarkdownContainer]")]
                    .flatMap(part => [...part.querySelectorAll(live)].map(e => e.outerHTML)),
            ])""",
        LIVE,
    )
    assert len(found) == 2 * len(NAMES)
    for number, texts, live in found:
        assert not live, f"{NAMES[number]!r} came alive: {live}"
        shown = plain(NAMES[number])
        assert {text.replace("\u2060", "") for text in texts} <= {f"“{shown}”: after", shown}
        assert texts
    others = watched.locator(".st-key-others")
    links = others.locator("[data-testid=stMarkdownContainer]").locator("a[href], img, .katex, em")
    assert links.count() == 0, links.first.evaluate("e => e.outerHTML")
    watched.get_by_role("combobox", name="Show").click()
    expect(watched.get_by_role("option", name=NAMES[0])).to_be_visible()
    assert watched.locator("[role=option] a, [role=option] img").count() == 0


def test_a_token_is_code_to_its_last_character(gallery, watched):
    watched.goto(gallery)
    expect(watched.get_by_text("There is no")).to_be_visible()
    settled(watched)
    parts = watched.evaluate(
        """() => [...document.querySelectorAll("[class*=st-key-code_]")].map(
            box => [box.querySelectorAll("code").length, box.querySelector("p").textContent])"""
    )
    for name, (pieces, text) in zip(NAMES, parts, strict=True):
        if name:
            assert pieces == 1 and re.fullmatch("a .+ b", text.replace("\u2060", "")), name


def test_a_hostile_file_name_is_text_where_it_is_named(watched, app_url):
    name = f"![x](https:{ELSEWHERE})www.{ELSEWHERE}.txt"
    watched.goto(f"{app_url}/data")
    watched.get_by_text("Upload a file").click(timeout=60_000)
    file = {"name": name, "mimeType": "text/plain", "buffer": b"OTTO: The dryer hums.\n\n" * 90}
    watched.locator("input[type=file]").set_input_files(file)
    expect(watched.get_by_text(f"The lessons use “{name[:10]}")).to_be_visible()
    for lesson in ("Data", "Sitcom", "Tokenization", "Training"):
        open_from_menu(watched, lesson)
        expect(watched.get_by_role("heading", level=1, name=lesson)).to_be_visible()
        expect(watched.get_by_text(f"“{name[:10]}").first).to_be_visible()
        nothing_lives(watched)


def nothing_lives(page):
    settled(page)
    live = page.locator(f"[href*='{ELSEWHERE}'], [src*='{ELSEWHERE}']")
    assert live.count() == 0, live.first.evaluate("e => e.outerHTML")
