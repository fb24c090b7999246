"""The picture of the whole machine on Home, against the model itself."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.training.run import Run
from pages.home import words
from pages.home.machine import DRAWN, KEY, _largest, answer_reader
from pages.home.recorded import KEPT, live
from tests.helpers import header_and_bytes, sent
from tests.pages.conftest import OWN
from ui.components import machine as component

PROMPT = "OTTO: Who put"


@pytest.fixture(scope="module")
def bundled():
    run = Run.open(bundled_run_path())
    return run.load_model().eval(), run.tokenizer()


def press(monkeypatch, choice):
    """What the browser would tell Python, told."""
    monkeypatch.setattr(component.st, "session_state", {KEY: {"choose": choice}})


def test_the_picture_s_numbers_are_the_model_s(open_lesson, bundled):
    model, tokenizer = bundled
    shown = sent(open_lesson("home", prompt=PROMPT), "machine")
    ids = tokenizer.encode(PROMPT)
    with torch.no_grad():
        share = model(torch.tensor([ids]))[0][0, -1].softmax(-1)
    assert shown["total"] == len(ids) and shown["layers"] == model.config.n_layer
    assert shown["likely"][0][1] == pytest.approx(share.max().item(), abs=1e-5)
    vector = model.wte.weight[ids[-1]].norm().item()
    assert shown["lengths"][0][-1] == pytest.approx(vector, rel=1e-3)
    assert len(shown["steps"]) == 2 * model.config.n_layer + 3
    assert f"vector of length {vector:.3g}" in shown["steps"][0]["text"]
    assert {"attention", "mlp", "norm", "stream"} <= set(shown["pages"])


@pytest.mark.parametrize(
    "design",
    [{"n_layer": 1, "n_head": 1, "norm": "none"}, {"norm_position": "post"}, {"norm": "batchnorm"}],
    ids=str,
)
def test_own_runs_of_any_design_are_drawn(open_lesson, design):
    app = open_lesson(
        "home", prompt="OTTO: It was wet", design=design, **{"machine_backward": True}
    )
    shown = sent(app, "machine")
    expected = (
        "none"
        if "norm" in design and design["norm"] == "none"
        else design.get("norm_position", "pre")
    )
    assert shown["norm"] == expected
    assert shown["averages"] == (design.get("norm") == "batchnorm")
    assert (shown["scales"] is None) is (expected == "none")
    assert shown["back"]["bits"] == pytest.approx(-math.log2(shown["back"]["share"]), rel=1e-3)


def test_drawn_tokens_are_those_that_sample_would_write(open_lesson, bundled):
    model, tokenizer = bundled
    app = open_lesson("home", prompt=PROMPT)
    case, count = app.session_state[DRAWN]
    assert count == 0
    app.session_state[DRAWN] = (case, 3)
    app.run()
    shown = sent(app, "machine")
    settings = SampleConfig(max_new_tokens=3, temperature=0.7, min_p=0.2, seed=1337)
    steps = list(generate(model, tokenizer.encode(PROMPT), settings))
    texts = [tokenizer.token_text(step.token).replace(" ", "␣") for step in steps]
    assert shown["tokens"][-3:] == [text.replace("\n", "⏎") for text in texts]
    assert shown["total"] == shown["given"] + 3
    app.text_input(key="prompt").set_value("NADIA: Who").run()  # another prompt begins anew
    assert sent(app, "machine")["total"] == sent(app, "machine")["given"]


def test_buttons_count_what_is_drawn(monkeypatch):
    state = {KEY: {"choose": {"what": "next"}}, DRAWN: ("case", 1)}
    for module in (component.st, __import__("pages.home.machine", fromlist=["st"]).st):
        monkeypatch.setattr(module, "session_state", state)
    answer_reader()
    assert state[DRAWN] == ("case", 2)
    state[KEY] = {"choose": {"what": "reset"}}
    answer_reader()
    assert state[DRAWN] == ("case", 0)
    state[KEY] = {"choose": {"what": "format the disk"}}
    answer_reader()
    assert state[DRAWN] == ("case", 0)


def test_a_link_asks_only_for_what_a_lesson_s_address_says(monkeypatch):
    query = {"head": "1.2", "cell": "3.1", "model": "stolen", "prompt": "x", "norm_token": 3}
    press(monkeypatch, {"what": "open", "lesson": "attention", "query": query})
    asked = component.asked(KEY)
    assert asked.lesson == "attention" and dict(asked.query) == {"head": "1.2", "cell": "3.1"}
    for nonsense in (None, "next", {"what": "open", "lesson": 3}, {"what": "open", "query": []}):
        press(monkeypatch, nonsense)
        assert component.asked(KEY) is None


def test_one_token_has_no_way_back(open_lesson):
    app = open_lesson("home", prompt="NADIA", machine_backward=True)
    assert sent(app, "machine")["total"] == 1 and sent(app, "machine")["back"] is None


def test_cells_are_the_farthest_of_their_neighbours():
    vectors = torch.zeros(1, 1, 32)
    vectors[0, 0, 5], vectors[0, 0, 4], vectors[0, 0, 31] = -1.0, 0.5, 4.0
    cells, lengths = component._cells(vectors)
    size = math.sqrt((1 + 0.25 + 16) / 32)
    assert cells[0, 0, 2] == round(-127 / (3 * size)) and cells[0, 0, 15] == 127
    assert np.count_nonzero(cells) == 2
    assert lengths[0][0] == pytest.approx(math.sqrt(17.25), rel=1e-3)
    broken, _ = component._cells(torch.full((1, 1, 16), math.inf))
    assert set(broken.flatten().tolist()) == {42}  # all alike: a third of the full colour


def test_sentences_say_what_the_numbers_bear_out():
    look = words.Look(2, 0.5, "“a”", of=4, further=False)
    assert "head 2 puts most on a single token: 50.0% on “a”." in words.attends(
        1, 4, look, 1.0, 2.0
    )
    assert "Its one head puts most" in words.attends(0, 1, look, 1.0, 2.0)
    part = replace(look, further=True)
    assert "a single token of those shown: 50.0%" in words.attends(1, 4, part, 1.0, 2.0)
    alone = words.attends(1, 4, replace(look, weight=1.0, of=1), 1.0, 2.0)
    assert "sees only itself" in alone and "puts most" not in alone
    even = words.attends(1, 4, replace(look, weight=0.27), 1.0, 2.0)
    assert "Its 4 heads look at all 4 tokens about evenly: none has more than 27.0%." in even
    assert "puts most" in words.attends(1, 4, replace(look, weight=0.27, further=True), 1.0, 2.0)
    to = "the norm after it brings the stream to a length of 5"
    assert words.attends(1, 4, look, 1.0, 5.0, True).endswith(f"of length 1; {to}.")
    assert words.thinks(1, 1.5, 3.0, 5.0, True).endswith(f"of length 1.5, and adds it; {to}.")
    assert "longer: 1 before, 2 after" in words.thinks(0, 1.5, 1.0, 2.0)
    assert "as long as before, 2." in words.thinks(0, 0.0, 2.0, 2.0001)
    assert "shorter: 2 before, 1 after" in words.thinks(0, 1.5, 2.0, 1.0)
    assert "doesn't depend on that length" in words.evens_out(3.0, 2.0, True)
    assert "doesn't depend on that length" not in words.evens_out(3.0, 2.0, False)
    assert words.flows_back(2, 0.5, 0.0, None, False).endswith("0 in all others.")
    assert words.flows_back(2, 0.5, 0.0, None, True).endswith("0 in all others that are shown.")
    assert "at “a” it is 0.2" in words.flows_back(2, 0.5, 0.2, "a", False)
    assert "gave “b” 99.99%: a loss of 0.0001 bits." in words.costs("b", "a", 0.9999, 1.4e-4)
    assert "gave “b” 50.0%: a loss of 1.00 bits." in words.costs("b", "a", 0.5, 1.0)
    assert "Of all vectors that enter, a small" in words.arrives("a", 0.2, False)
    assert "Of all vectors that enter and are shown, a small" in words.arrives("a", 0.2, True)
    assert words.ids(1, 2048).startswith("id one of 2,048")
    assert words.ids(2, 2048).startswith("ids, each one of 2,048")


def test_the_numbers_that_are_taken_along_say_that_they_are_lengths():
    names, first, *_ = component.rows_of(live())
    assert names[:4] == ["position", "token", "best guess", "probability"]
    assert names[4] == "length of the embedding"
    assert names[5:7] == ["length after attention 0", "length after MLP 0"]
    assert len(first) == len(names)


def test_the_look_is_the_largest_weight_on_one_token_and_no_sum_of_many():
    pattern = torch.zeros(1, 2, 3, 4)  # (L, H, S, 1 + S): the first column is a sum of many
    pattern[0, 0, -1] = torch.tensor([0.7, 0.1, 0.1, 0.1])
    pattern[0, 1, -1] = torch.tensor([0.4, 0.1, 0.3, 0.2])
    seen = SimpleNamespace(pattern=pattern, first=5)
    look = _largest(seen, 0, ["a", "b", "c"])
    assert (look.head, look.token, look.further) == (1, "“b”", True)
    assert look.weight == pytest.approx(0.3)
    pattern[0, 1, -1] = torch.tensor([0.4, 0.1, 0.1, 0.4])
    assert _largest(seen, 0, ["a", "b", "c"]).token == "the token itself"


def test_what_is_recorded_is_what_the_model_says_today():
    """If not: python -m pages.home.recorded"""
    kept, was = header_and_bytes(KEPT.read_bytes())
    today, now = header_and_bytes(live())
    own = ("name", "note", "recorded", "pages")
    assert kept["recorded"] and kept["note"] == words.RECORDED
    loose = ("lengths", "added", "scales", "last_scale", "best_share", "likely", "steps")
    for key in today.keys() - set(own) - set(loose):
        assert kept[key] == today[key], key
    for key in ("lengths", "added", "scales", "last_scale", "best_share"):
        assert np.allclose(kept[key], today[key], rtol=2e-3, atol=1e-4), key
    assert [text for text, _ in kept["likely"]] == [text for text, _ in today["likely"]]
    assert [step["kind"] for step in kept["steps"]] == [step["kind"] for step in today["steps"]]
    assert json.dumps(kept["steps"])[:40] == json.dumps(today["steps"])[:40]
    cells = np.frombuffer(was, np.uint8).astype(int) - np.frombuffer(now, np.uint8)
    assert np.abs(cells).max() <= 1
    assert len(KEPT.read_bytes()) < 50_000


@pytest.mark.parametrize("ngrams", [0, 2, 3])
def test_play_s_first_sentence_is_true_with_vectors_of_runs_and_without(
    open_lesson, tmp_path, ngrams
):
    app = open_lesson("home", prompt=PROMPT, design={"ngrams": ngrams, "ngram_rows": 40})
    first = sent(app, "machine")["steps"][0]["text"]
    run = Run.open(tmp_path / OWN)
    model, ids = run.load_model().eval(), run.tokenizer().encode(PROMPT)
    vector = model.wte.weight[ids[-1]] + model.wpe.weight[len(ids) - 1]
    if ngrams:
        vector = vector + model.ngrams(torch.tensor([ids]))[0, -1]
    assert f"a vector of length {vector.norm().item():.3g}" in first
    assert ("run of 2" in first) is bool(ngrams)
    assert ("2 to 3 tokens" in first) is (ngrams == 3)
