import re
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.embeddings import nearest
from gpt_core.training.run import Run
from pages.embeddings import words
from pages.embeddings.map import label_of, matches
from tests.helpers import bars, figures, said
from ui.show.numbers import number
from ui.show.rows import rows_of_figure
from ui.show.tokens import visible

PROMPT = "OTTO: A duck?"


@pytest.fixture
def open_embeddings(open_lesson):
    return partial(open_lesson, "embeddings", prompt=PROMPT)


def test_a_searched_token_is_found_and_its_neighbours_are_the_tables_own(open_embeddings):
    run = Run.open(bundled_run_path())
    tokenizer, table = run.tokenizer(), run.load_model().wte.weight.detach()
    app = open_embeddings()
    assert app.selectbox(key="emb_token").options[0] == label_of(
        tokenizer, tokenizer.encode(PROMPT)[0]
    )
    app.text_input(key="emb_search").set_value("monday").run()
    options = app.selectbox(key="emb_token").options
    (monday,) = tokenizer.encode(" Monday")
    assert label_of(tokenizer, monday) in options
    app.selectbox(key="emb_token").set_value(label_of(tokenizer, monday)).run()
    assert not app.exception
    assert f"is row {monday} of the table" in said(app)
    near = [tokenizer.token_text(i) for i, _ in nearest(table, monday, 8)]
    assert [visible(name) for name in near] in [[row[0] for row in drawn] for drawn in bars(app)]
    app.text_input(key="emb_search").set_value("qqqq").run()
    assert not app.exception
    assert "No token of this model holds" in said(app)


@pytest.mark.parametrize(
    "model",
    [
        {"n_layer": 1, "n_head": 1, "tie_weights": False, "norm_position": "post"},
        {"n_head": 32, "position": "learned", "norm": "none"},
        {"preset": "modern", "causal": False},
        {"block_size": 1, "position": "none"},
        {"block_size": 2, "position": "learned"},
    ],
)
@pytest.mark.parametrize("prompt", ["N", "OTTO: It was wet, and it wanted warmth. " * 4])
def test_any_model_and_prompt(open_embeddings, model, prompt):
    app = open_embeddings(prompt=prompt, design=model, emb_which="nonsense")
    assert app.header[-1].value == "Test yourself"


def test_nonsense_in_the_address_is_no_error(open_embeddings):
    app = open_embeddings(emb_token="no such token", emb_search="\x00<b>`")
    assert app.header[-1].value == "Test yourself"


def cosines(table, token, others):
    return torch.nn.functional.cosine_similarity(table[[token]], table[others]).tolist()


def test_neighbours_wait_for_a_guess_which_is_judged_by_the_cosines(open_embeddings):
    run = Run.open(bundled_run_path())
    tokenizer, table = run.tokenizer(), run.load_model().wte.weight.detach()
    app = open_embeddings(prompt="GUS: Who found my yellow umbrella on Monday?")
    radio = next(each for each in app.radio if each.key.startswith("emb_near"))
    assert "Nearest when read" not in said(app)
    asked = int(app.selectbox(key="emb_token").value.split(" · ")[1])
    (shown,) = [m.value for m in app.markdown if "points most nearly the same way" in m.value]
    assert f"`{visible(tokenizer.token_text(asked))}`" in shown
    by_text = {f"`{visible(tokenizer.token_text(i))}`": i for i in range(tokenizer.vocab_size)}
    values = dict(zip(
        radio.options, cosines(table, asked, [by_text[o] for o in radio.options]), strict=True
    ))  # fmt: skip
    worst, best = (f(values, key=values.__getitem__) for f in (min, max))
    radio.set_value(worst).run()
    assert not app.exception
    told = app.warning[0].value
    assert f"{best} has the largest cosine" in told
    assert number(values[best]) in told and number(values[worst]) in told
    assert "Nearest when read" in said(app)


def test_a_neighbour_is_told_from_an_accident():
    told = words.judged("a", "b", [("b", 0.8), ("c", 0.1)], 0.0, 0.1)
    assert told.right and "not much" not in told.why
    told = words.judged("a", "c", [("b", 0.15), ("c", 0.1)], 0.0, 0.1)
    assert not told.right and "That is not much" in told.why
    assert "no accident" in words.stands_out("b", 0.8, 0.0, 0.1, 2047)
    assert "may be an accident" in words.stands_out("b", 0.4, 0.0, 0.1, 2047)
    assert words.stands_out("b", 0.4, 0.0, 0.0, 1) == ""


def test_every_how_many_is_a_word():
    assert "every 63rd token" in words.every(50_257, 63) and "every third" in words.every(2_048, 3)


def test_whole_words_come_first():
    texts = ["other", "then", " the", "bathe", "the", "th"]
    tokenizer = SimpleNamespace(vocab_size=len(texts), token_text=texts.__getitem__)
    loaded: Any = SimpleNamespace(tokenizer=tokenizer, key="whole words")
    found = [texts[i] for i in matches(loaded, "the", [])]
    assert found == ["the", " the", "then", "other", "bathe"]


def test_each_other_token_is_a_dot_of_one_path_at_its_place(open_embeddings):
    app = open_embeddings()
    (figure,) = (f for f in figures(app).values() if f["layout"].get("shapes"))
    (cloud,) = figure["layout"]["shapes"]
    pointed, named = (trace for trace in figure["data"] if trace["name"] == "other tokens")
    places = re.findall(r"M(\S+?),(\S+?)L\1,\2", cloud["path"])
    drawn = [[float(x), float(y)] for x, y in places]
    rows = [row for row in rows_of_figure(figure)[1:] if row[0] == "other tokens"]
    assert drawn == [pytest.approx(row[1:3], abs=1e-5) for row in rows]
    tokens = Run.open(bundled_run_path()).tokenizer().vocab_size
    assert [row[4] for row in rows] == list(range(0, tokens, 3))  # as many as MOST_DOTS allows
    assert pointed["mode"] == "none" and named["x"] == [None]
    group = cloud["legendgroup"]
    assert group == pointed["legendgroup"] == named["legendgroup"]
