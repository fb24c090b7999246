"""A text, a model and a prompt of words without an end: no lesson makes a long label of one."""

import re

import pytest

from corpus import Corpus
from tests.helpers import TEXT, figures, write_run
from tests.pages.test_names import LESSONS, texts
from ui.show.tokens import LABEL

WORD = "x" * 300
PROMPT = f"OTTO: {WORD} wet {WORD}"
LONG = re.compile(f"x{{{LABEL + 1},}}")
DRAWN = ("arrow_vega_lite_chart", "vega_lite_chart", "arrow_data_frame", "select")
PROSE = re.compile("x{61,}")  # in a sentence or a chip there is more room


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of runs with a word model that knows the word, cut, as tokens."""
    root = tmp_path_factory.mktemp("runs")
    write_run(root, "0a0a0a0a", tokenizer="word", text=TEXT + f"{WORD} " * 200)
    return root


def strings(value):
    """All texts in what charts draw."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_label_is_long(lesson, open_lesson, root, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(root))
    chosen = Corpus("long", f"{WORD * 10} and {WORD}. " * 30)
    app = open_lesson(lesson, PROMPT, model="0a0a0a0a", chosen_corpus=chosen)
    for label in strings(figures(app)):
        assert not LONG.search(label), label[:300]
    for element in app:
        proto = getattr(element, "proto", None)
        if proto is None or element.type in ("code", "text_input", "text_area"):
            continue
        limit = LONG if element.type.startswith(DRAWN) else PROSE
        # What Home's model writes is wrapped anywhere, and its prompt is cut.
        shown = [text for text in texts(proto) if 'class="wrote"' not in text]
        found = [text for text in shown if limit.search(text.replace(PROMPT, ""))]
        assert not found, f"{element.type}: {found[0][:300]}"
