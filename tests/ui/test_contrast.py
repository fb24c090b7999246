"""Text and marks stand out from what they lie on, in both themes: WCAG 2's ratios of contrast."""

import re
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

from ui.app import page_address
from ui.show.surprise_strip import STRONGEST
from ui.show.theme import DARK, DARK_SERIES, LIGHT, LIGHT_SERIES, contrast, ink_on, softened

PROJECT = Path(page_address.__file__).parents[2]
THEMES = tomllib.loads((PROJECT / ".streamlit/config.toml").read_text())["theme"]
CSS = (PROJECT / "ui/app/browser/page.css").read_text()
SEGMENT = "button[kind"
FALLBACK = re.compile(r"var\(--st-\w+-(text-)?color, #\w{6}\)|colour\([^)]*\) \|\| \"#\w{6}\"")


def grounds(theme):
    """What text stands on: the page, and boxes and code on it."""
    return [THEMES[theme][name] for name in ("backgroundColor", "secondaryBackgroundColor")]


def test_the_ratio_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_numbers_on_any_ground_can_be_read():
    levels = [f"{level:02x}" for level in range(0, 256, 51)]
    grounds = [f"#{r}{g}{b}" for r in levels for g in levels for b in levels]
    assert min(contrast(ink_on(ground), ground) for ground in grounds) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_of_the_theme_can_be_read(theme):
    texts = {n: c for n, c in THEMES[theme].items() if n.endswith(("TextColor", "textColor"))}
    assert len(texts) == 6
    palette = asdict({"light": LIGHT, "dark": DARK}[theme])
    texts |= {name: palette[name] for name in ("text", "muted", "query", "key", "value", "output")}
    poor = {n: c for n, c in texts.items() if min(contrast(c, g) for g in grounds(theme)) < 4.5}
    assert poor == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_of_charts_can_be_seen(theme):
    series = {"light": LIGHT_SERIES, "dark": DARK_SERIES}[theme]
    named = [c for n, c in THEMES[theme].items() if re.fullmatch("(blue|red|green|violet)Color", n)]
    assert len(named) == 4
    marks = [*series, *named, THEMES[theme]["primaryColor"]]
    assert [c for c in marks if min(contrast(c, g) for g in grounds(theme)) < 3] == []


@pytest.mark.parametrize(("theme", "place"), [("light", 0), ("dark", 1)])
def test_code_captions_and_chosen_segments_can_be_read(theme, place):
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", CSS)
    checked = 0
    for names, body in rules:
        pairs = dict(re.findall(r"([\w-]+): light-dark\((#\w{6}, #\w{6})\)", body))
        colors = {name: pair.split(", ")[place] for name, pair in pairs.items()}
        if "color" not in colors:
            continue
        below = [colors["background"]] if SEGMENT in names else grounds(theme)
        assert min(contrast(colors["color"], ground) for ground in below) >= 4.5, names
        assert SEGMENT not in names or contrast(below[0], grounds(theme)[0]) >= 3  # it stands out
        checked += 1
    assert checked >= 8


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_white_can_be_read_on_buttons(theme):
    assert contrast("#ffffff", THEMES[theme]["primaryColor"]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_where_the_keyboard_is_can_be_seen(theme):
    outline = re.search(r"outline: 3px solid (#\w{6})", CSS)[1]
    assert min(contrast(outline, ground) for ground in grounds(theme)) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_of_queries_keys_values_and_outputs_mean_nothing_else(theme):
    own = {theme.query, theme.key, theme.value, theme.output}
    assert not own & {*LIGHT_SERIES, *DARK_SERIES, THEMES["light"]["primaryColor"]}
    named = PROJECT / "ui/show/theme.py"
    files = [f for folder in ("ui", "pages", "course") for f in (PROJECT / folder).rglob("*.*")]
    for file in files:
        if file.suffix in (".py", ".css", ".js") and file != named:
            # A picture taken along has none of Streamlit's colours; then it takes what it names.
            text = FALLBACK.sub("", file.read_text())
            assert not [color for color in own if color in text], file


@pytest.mark.parametrize(("theme", "series"), [(LIGHT, LIGHT_SERIES), (DARK, DARK_SERIES)])
def test_the_most_surprising_token_can_be_read(theme, series):
    def part(at):
        hue, ground = (int(color[at : at + 2], 16) for color in (series[0], theme.background))
        return round(ground + STRONGEST / 100 * (hue - ground))

    assert contrast(theme.text, "#" + "".join(f"{part(at):02x}" for at in (1, 3, 5))) >= 4.5


@pytest.mark.parametrize(("theme", "series"), [(LIGHT, LIGHT_SERIES), (DARK, DARK_SERIES)])
def test_numbers_in_a_map_can_be_read(theme, series, monkeypatch):
    monkeypatch.setattr("ui.show.theme.palette", lambda: theme)
    strongest = [softened(color) for color in series]
    assert min(contrast(theme.text, color) for color in strongest) >= 4.5
    assert min(contrast(theme.background, color) for color in strongest) >= 1.8  # and still seen
