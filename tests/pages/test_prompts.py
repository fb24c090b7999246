"""Prompts typed letter by letter, and models switched, on every lesson: nothing raises."""

from pathlib import Path

import pytest

from tests.helpers import app_at, write_run

PAGES = Path(__file__).parents[2] / "pages"
LESSONS = sorted(path.parent.name for path in PAGES.glob("*/page.py"))
TYPED = "It rains"
LONG = "NADIA: Who put a rubber duck in the dryer?"
UNBOUND = {"model", "run", "compare"}
FIRST, SMALL, WIDE, TINY = "0000aaaa", "0000bbbb", "0000cccc", "0000dddd"


@pytest.fixture(autouse=True)
def checked_figures():
    """Other tests look at the figures; here a thousand pages are drawn."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder, FIRST, block_size=64)
    write_run(folder, SMALL, block_size=8, n_layer=1, n_head=1, ngrams=3, ngram_rows=50)
    write_run(folder, WIDE, block_size=48, n_layer=3, n_head=4)
    write_run(folder, TINY, block_size=1, n_layer=1, n_head=1)
    return folder


@pytest.fixture
def opened(runs, monkeypatch):
    """opened(lesson): the lesson with questions answered and everything chosen that can be."""
    monkeypatch.setenv("GPT_RUNS", str(runs))

    def open_(lesson, **texts):
        app = app_at(lesson)
        app.query_params.update({"model": FIRST, "prompt": LONG} | texts)
        return rerun(app)

    def chosen(lesson):
        answers = {radio.key: radio.options[0] for radio in open_(lesson).radio}
        app = open_(lesson, **answers)
        ends = {slider.key: str(slider.max) for slider in app.slider}
        middles = {s.key: s.options[len(s.options) // 2] for s in app.select_slider}
        lasts = {box.key: box.options[-1] for box in app.selectbox if has_fixed_options(box)}
        app = open_(lesson, **answers, **ends, **middles, **lasts)
        for slider in app.slider:
            assert slider.value == float(ends[slider.key]), slider.key
        for each in app.select_slider:
            assert app.session_state[each.key] == each.value
        return app

    return chosen


def has_fixed_options(box):
    # AppTest can't send back an option that is not offered any more.
    return box.key not in UNBOUND and not box.proto.accept_new_options


def rerun(app):
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def type_(app, prompt):
    app.text_input(key="prompt").set_value(prompt)
    rerun(app)


@pytest.mark.parametrize("lesson", LESSONS)
def test_prompts_and_models_come_and_go(opened, lesson, thorough):
    app = opened(lesson)
    for length in (1, 2, 3, 5, 8, 4, 1) if thorough else (2, 8, 1):
        type_(app, TYPED[:length])
    type_(app, LONG)
    models = [(SMALL, LONG), (TINY, "I"), (WIDE, "It"), (TINY, LONG), (FIRST, LONG)]
    for model, prompt in models if thorough else models[1:4]:
        app.selectbox(key="model").set_value(model)
        rerun(app)
        type_(app, prompt)
