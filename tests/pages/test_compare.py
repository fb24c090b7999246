"""Two beside each other: what the address may say of B, what differs, and how it ends."""

from types import SimpleNamespace

import pytest
import torch

from course.lessons import LESSONS
from gpt_core.bundled import BUNDLED
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.interpret.attention import trace_attention
from gpt_core.model.recording import run
from gpt_core.tokenizers import as_prompt
from pages.home.machine import DRAWN
from pages.home.words import tokens_differ, vectors_apart
from pages.patching.compared import differing, shared_cells
from pages.patching.words import cells_differ
from pages.surprise.compared import changes
from tests.helpers import header_and_bytes, said
from tests.pages.conftest import OWN
from ui.services import models
from ui.services.study import study_of
from ui.services.surprises import surprises_of
from ui.show.numbers import percent
from ui.show.tokens import short

STATIONS = [(layer, part) for layer in (0, 1) for part in ("mid", "post")]
PROMPT = "Who put a duck?"
COMPARING = [lesson.name for lesson in LESSONS if lesson.compares]


@pytest.fixture
def compare(open_at):
    """A lesson on a small random model, with B beside it."""
    return lambda lesson, **b: open_at(lesson, {}, prompt=PROMPT, side_by_side="true", **b)


@pytest.mark.parametrize("lesson", COMPARING)
def test_the_link_holds_both_and_what_differs_is_said(compare, lesson):
    app = compare(lesson, b_off="1.0", b_prompt="Who put a sock?")
    assert app.text_input(key="b_prompt").value == "Who put a sock?"
    assert app.selectbox(key="b_off").value == "1.0"
    assert "**What differs.**" in said(app)
    assert "B · without head 1.0" in said(app)


@pytest.mark.parametrize("lesson", COMPARING)
def test_switched_off_the_address_loses_b(compare, lesson):
    app = compare(lesson, b_off="1.0", b_prompt="Who put a sock?", b_model=BUNDLED)
    app.toggle(key="side_by_side").set_value(False).run()
    assert not app.exception
    assert "**What differs.**" not in said(app)
    assert not [name for name in app.query_params if name.startswith(("b_", "side"))]
    app.toggle(key="side_by_side").set_value(True).run()
    assert app.text_input(key="b_prompt").value == PROMPT  # B is as A again


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"b_off": "9.9"}, "has no such head"),
        ({"b_off": "<b>"}, "has no such head"),
        ({"b_model": "../../etc"}, "is not here; B has A's model"),
        ({"b_prompt": ""}, "B's prompt is empty"),
    ],
    ids=str,
)
@pytest.mark.parametrize("lesson", COMPARING)
def test_what_cannot_be_compared_gets_one_sentence(compare, lesson, bad, sentence):
    app = compare(lesson, **bad)
    assert not app.exception
    assert said(app).count(sentence) == 1


def test_b_follows_the_prompt_until_it_has_its_own(compare):
    app = compare("surprise", b_off="0.1")
    app.text_input(key="prompt").set_value("Who put a sock?").run()
    app.run()  # AppTest knows only the parts that were drawn last
    assert app.text_input(key="b_prompt").value == "Who put a sock?"
    app.text_input(key="b_prompt").set_value("It was wet").run()
    app.run()
    app.text_input(key="prompt").set_value(PROMPT).run()
    app.run()
    assert app.text_input(key="b_prompt").value == "It was wet"
    assert not app.exception


def test_a_lesson_that_does_not_compare_has_no_switch(open_at):
    app = open_at("mlp", {}, prompt=PROMPT, side_by_side="true", b_off="1.0")
    assert not app.toggle and "What differs" not in said(app)


@pytest.mark.parametrize("lock", ["reveal", "study"])
def test_where_answers_or_the_prompt_are_locked_nothing_is_compared(compare, lock):
    app = compare("surprise", b_off="1.0", lock=lock)
    assert not [toggle for toggle in app.toggle if toggle.key == "side_by_side"]
    assert "**What differs.**" not in said(app)


def test_a_model_without_a_head_does_what_it_does_with_its_output_at_zero():
    loaded = models.load(BUNDLED)
    ids = loaded.tokenizer.encode(as_prompt(loaded.tokenizer, "(Nadia and"))
    off = ((1, 2), (3, 0))
    expected = trace_attention(loaded.model, ids, off).logits
    found = models.without_heads(loaded, off)
    torch.testing.assert_close(run(found.model, ids).logits, expected)
    assert found.key != loaded.key
    assert not torch.equal(run(loaded.model, ids).logits, expected)  # it has stayed whole
    pairs = zip(found.model.parameters(), loaded.model.parameters(), strict=True)
    assert sum(mine.data_ptr() != its.data_ptr() for mine, its in pairs) == 2  # no more memory


def test_the_next_token_is_told_of_both(compare):
    app = compare("surprise", b_prompt="It was wet,")
    shares = []
    for prompt in (PROMPT, "It was wet,"):
        study = study_of(OWN, prompt)
        shares.append(run(study.model, study.ids).logits[-1].softmax(-1).max().item())
    (line,) = [text for text in said(app).split("\n") if "What differs" in text]
    assert percent(shares[0]) in line and percent(shares[1]) in line


def test_tokens_are_compared_with_those_that_both_have(compare):
    compare("surprise")
    a, b = (study_of(OWN, prompt) for prompt in ("Who put a duck?", "Who put a sock?"))
    pairs = changes((a, surprises_of(a)), (b, surprises_of(b)))
    assert pairs[1, 1] == 0 and (10, 10) not in pairs  # “h” is as dear, “d” is no “s”
    assert all(a.tokens[i].text == b.tokens[j].text for i, j in pairs)


def test_places_in_the_lens_are_counted_from_the_end(compare):
    compare("patching")
    from pages.patching.results import lens_of

    a, b = (study_of(OWN, prompt) for prompt in ("a duck", "Who put a duck"))
    lenses = (a, lens_of(a, False)), (b, lens_of(b, False))
    texts = [lens.top[..., 0][:, -6:].tolist() for _, lens in lenses]
    expected = {(i, j) for i in range(3) for j in range(6) if texts[0][i][j] != texts[1][i][j]}
    assert differing(*lenses) == expected
    assert {(i, j - 8) for i, j in differing(*reversed(lenses))} == expected


def test_the_weight_that_differs_most_is_named_and_marked(compare):
    from pages.attention.compared import largest_changes

    app = compare("attention", b_off="0.1")
    study = study_of(OWN, PROMPT)
    a, b = (trace_attention(study.model, study.ids, off).pattern for off in ((), ((0, 1),)))
    changes = largest_changes(a, b)
    (layer, head), (size, cell) = max(changes.items(), key=lambda item: item[1][0])
    assert size == (a - b).abs().max().item()
    assert layer == 1  # what the heads of layer 0 see hasn't changed
    assert f"by {size:.2f}; dashed in its head): layer {layer}, head {head}" in said(app)
    messages = [
        header_and_bytes(node.proto.bytes)[0]
        for node in app.get("bidi_component")
        if node.proto.component_name == "attention_map"
    ]
    assert [message.get("fixed") for message in messages] == [False, True]
    assert all(message["marks"][f"{layer}.{head}"] == [*cell] for message in messages)
    assert messages[1]["selection"]["off"] == [[0, 1]] and not messages[0]["selection"]["off"]


def machines(app):
    return [
        header_and_bytes(node.proto.bytes)[0]
        for node in app.get("bidi_component")
        if node.proto.component_name == "machine"
    ]


def test_two_machines_say_and_mark_what_a_head_changes(compare):
    app = compare("home", b_off="1.0")
    study = study_of(OWN, PROMPT)
    without = models.without_heads(study.loaded, ((1, 0),)).model
    with_all, missing = (
        torch.stack([seen[f"blocks.{i}.resid_{part}"] for i, part in STATIONS])
        for seen in (run(model, study.ids, "blocks.*.resid_*") for model in (study.model, without))
    )
    longer = torch.maximum(with_all.norm(dim=-1), missing.norm(dim=-1))
    expected = (with_all - missing).norm(dim=-1) / longer  # (4, T)
    a, b = machines(app)
    assert (a["beside"]["name"], b["beside"]["name"]) == ("B", "A")
    assert a["opens"] is None  # its parts lead to lessons on what the bar names
    assert a["pages"] == b["pages"] and b["linked"] == len(study.ids)
    assert b["opens"] == {"model": OWN, "prompt": PROMPT, "off": "1.0"}
    for machine in (a, b):
        found = torch.tensor(machine["beside"]["apart"])[1:]
        torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)
    assert a["beside"]["best"] == b["best"] and b["beside"]["best"] == a["best"]
    share = run(without, study.ids).logits[-1].softmax(-1)
    best = run(study.model, study.ids).logits[-1].argmax()
    assert a["beside"]["likely"][0] == pytest.approx(share[best].item(), abs=1e-5)
    assert "first differ after the attention of layer 1; " in said(app)
    assert f"they are {percent(expected[-1, -1].item())} of their length apart" in said(app)


def test_two_machines_of_other_texts_and_models_compare_what_they_can(compare):
    app = compare("home", b_prompt="Who put a sock?!")
    a, b = machines(app)
    assert "The first token that differs is number 11." in said(app)
    assert a["beside"]["tokens"] == b["tokens"][-len(a["tokens"]) - 1 : -1]
    assert b["beside"]["tokens"][-1] is None and b["beside"]["apart"][0][-1] is None
    assert a["beside"]["apart"][0][: len("Who put a ") - a["first"]] == [0] * (10 - a["first"])
    app = compare("home", b_model=BUNDLED)
    a, b = machines(app)
    assert a["beside"]["apart"] is None and "mean different things" in said(app)
    assert len(a["beside"]["likely"]) == len(a["likely"])


def test_tokens_are_drawn_in_both_machines(compare):
    app = compare("home", b_off="1.0")
    case, _ = app.session_state[DRAWN]
    app.session_state[DRAWN] = (case, 2)
    app.run()
    assert [machine["total"] - machine["given"] for machine in machines(app)] == [2, 2]


def test_sentences_on_two_machines_follow_their_numbers():
    assert tokens_differ(5, 5, 5) == "" and "number 6" in tokens_differ(5, 6, 7)
    assert tokens_differ(5, 5, 7).endswith("only B goes on.")
    assert "the same everywhere" in vectors_apart(None, 0.0)
    assert "where the stream begins" in vectors_apart(0, 0.5)
    assert "the MLP of layer 1; " in vectors_apart(4, 0.5)
    assert vectors_apart(1, 0.0).endswith("they are the same again.")


def test_both_texts_are_written_with_the_same_settings(compare):
    app = compare("sample", b_off="0.1", length="20", seed="5")
    app.button(key="write").click().run()
    for _ in range(20):
        app.run()
    assert not app.exception
    texts = [app.session_state[key].texts for key in ("writing", "writing_b")]
    for off, text in zip(((), ((0, 1),)), texts, strict=True):
        study = study_of(OWN, PROMPT)
        loaded = models.without_heads(study.loaded, off) if off else study.loaded
        settings = SampleConfig(20, temperature=0.7, min_p=0.2, seed=5)
        steps = generate(models.own_copy(loaded), study.ids, settings)
        assert text == [short(study.tokenizer.token_text(step.token)) for step in steps]
    first = next(i for i in range(20) if texts[0][i] != texts[1][i])
    assert f"Token {first + 1} is the first that does" in said(app)
    assert not app.session_state["writing"].live


def test_only_cells_that_were_compared_are_counted():
    def lens(rows, columns):
        return SimpleNamespace(top=torch.zeros(rows, columns, 1))

    assert shared_cells(lens(5, 10), lens(5, 7)) == (5, 7)
    assert shared_cells(lens(5, 10), lens(3, 20)) == (1, 10)  # the answers alone
    assert cells_differ(0, 35) == "None of the 35 cells compared expects another token."
    assert cells_differ(1, 35) == "Of the 35 cells compared, 1 expects another token (dashed)."
