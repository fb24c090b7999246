"""The lesson on head importance on models of many designs; its findings, where true and false."""

import copy
import math
import re
from functools import partial
from types import SimpleNamespace

import pytest
import torch

import ui.services.jobs
from gpt_core.bundled import MEASURED, bundled_run_path
from gpt_core.bundled.record import load
from gpt_core.interpret.attention import trace_attention
from gpt_core.interpret.head_roles import ROLES, sharpest
from gpt_core.interpret.induction import repeat_test
from gpt_core.model.config import GPTConfig
from gpt_core.training.run import Run
from gpt_core.training.run_files import read_json
from pages.head_importance import words
from pages.head_importance.words import PLACES
from tests.gpt_core.interpret.test_head_roles import planted, repeated
from tests.helpers import said, tiny_model
from ui.show.numbers import number


@pytest.fixture
def open_heads(open_at):
    return partial(open_at, "head_importance", prompt="OTTO: A duck?")


def bits(nats):
    return nats / math.log(2)


def test_recorded_results_are_labelled_and_told(open_heads):
    app = open_heads()
    text = said(app)
    assert text.count("Recorded about the bundled model") == 2  # the values wait for an answer
    clear = sum(bool(head["roles"]) for head in load("head_roles")["value"]["heads"])
    assert f"{clear} of 16 heads" in text
    cut = load("heal")["value"]["cut"][0]
    assert f"**{number(bits(cut), '+.3f')}** bits per token" in text
    assert "Choose an answer first" in text
    assert "nats" not in text


@pytest.mark.parametrize("guess", PLACES)
def test_the_answer_comes_from_the_measured_values(open_heads, guess):
    app = open_heads()
    ids = Run.open(bundled_run_path()).tokenizer().encode("OTTO: A duck?")
    model = Run.open(bundled_run_path()).load_model()
    sharp = sharpest(trace_attention(model, ids).pattern)
    (question,) = [radio for radio in app.radio if radio.key.startswith("heads_guess")]
    assert question.key.endswith(f"{sharp[0]}_{sharp[1]}")
    question.set_value(guess).run()
    assert not app.exception
    measured = load("head_value")["value"]["heads"]
    order = sorted(measured, key=lambda head: -head["zero"][0])
    place = [tuple(head["head"]) for head in order].index(sharp)
    truth = PLACES[0] if place == 0 else PLACES[1] if place < 8 else PLACES[2]
    text = said(app)
    assert f"It is {truth}: place {place + 1} of 16" in text
    assert ("✓ **Right.**" in text) == (guess == truth)
    assert ("✗ **Not quite.**" in text) == (guess != truth)
    assert f"**{number(bits(order[0]['zero'][0]), '.3f')}** bits per token" in text


def test_the_loss_is_the_same_number_as_on_sample():
    found = load("head_value")["value"]
    told = read_json(MEASURED / "scenes.json")["columns"]["model"]["bits"]["value"]
    here = number(found["loss"] * found["bits_per_nat"], ".3f")
    assert here == number(told, ".3f")
    assert f"**{here}** bits per character" in words.value_sentences(found, 2048)


DESIGNS = {
    "one head in one layer": {"n_layer": 1, "n_head": 1},
    "modern": {"preset": "modern"},
    "post-norm, not causal": {"norm_position": "post", "causal": False, "norm": "batchnorm"},
    "no positions, no norm": {"position": "none", "norm": "none", "tie_weights": False},
    "many heads, short context": {"n_layer": 6, "n_head": 16, "block_size": 3},
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
@pytest.mark.parametrize("prompt", ["OTTO: A duck?", "O"], ids=["words", "one token"])
def test_the_lesson_opens_on_every_design(open_heads, design, prompt):
    app = open_heads(prompt=prompt, design=design)
    single = design.get("n_head") == 1
    assert bool(app.radio) != single
    assert ("single head" in said(app)) == single
    assert "Recorded" not in said(app)


def test_nonsense_in_the_address_is_no_error(open_heads):
    app = open_heads(
        head="99.99", heads_gone="7.7", heads_steps="1e9", heads_seed="x", heads_draw="-5",
        heads_kind="nobody",
    )  # fmt: skip
    without_links = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", said(app))
    assert "layer 0, head 0" in without_links.lower()


def test_a_model_of_ones_own_is_measured_by_a_button(open_heads, monkeypatch):
    started = []

    def start(self, key, folder, visitor, guest):
        started.append(key)

    monkeypatch.setattr(ui.services.jobs.JobService, "start", start)
    app = open_heads(design={})
    (button,) = [button for button in app.button if button.label == "Find roles"]
    button.click().run()
    assert not app.exception
    assert started[0][0] == "head_roles"


def test_the_repeated_sequence_may_be_the_prompt(open_heads):
    app = open_heads(prompt="OTTO OTTO", design={}, heads_kind="your prompt")
    assert "The first time these tokens cost" in said(app)


# What the sentences say of models for which it is true, and of others.


def entry(*roles, repeated=False, share=0.24):
    scores = {role: [share, 0.05, 61.0] for role in (*roles, "first token")}
    return {"head": [0, 1], "roles": list(roles), "repeated": repeated, "scores": scores}


def roles_found(*entries):
    return {"what": "40 scenes", "roles": dict.fromkeys(ROLES, 40), "heads": list(entries)}


def told(one):
    return words.role_sentences(one, roles_found(one), ROLES)


def test_only_a_head_that_passes_the_test_is_called_induction():
    passed, failed = entry("after copies", repeated=True), entry("after copies")
    assert words.badge(passed) == "induction"
    assert "it is an **induction head**" in told(passed)
    assert words.badge(failed) == "after copies"
    assert "it is no induction head" in told(failed)
    assert "too short" in told(entry("after copies", repeated=None))
    assert words.badge(entry("itself", repeated=True)) == "itself"


def test_no_head_of_the_bundled_model_is_called_induction():
    assert "induction" not in words.badges(load("head_roles")["value"]).values()


def test_all_roles_of_a_head_are_told_with_strength_and_certainty():
    two = told(entry("speaker", "same token"))
    assert "**speaker**" in two and "**same token**" in two
    assert "24.0% of its attention" in two and "chance is 5.0%" in two
    assert "Certainty: 61 standard errors, over 40 texts" in two
    assert "76% or more goes elsewhere" in two
    assert "most of its attention." in told(entry("itself", share=0.7))
    assert words.UNCLEAR in told(entry())
    assert words.badge(entry()) == "–"
    assert words.badge(entry("speaker", "same token", "object")) == "speaker +2"


def test_how_many_heads_have_a_role_and_how_many_mostly_do_it():
    found = roles_found(entry("itself", share=0.7), entry("speaker"), entry())
    assert "2 of 3 heads have a clear role" in words.how_many_clear(found)
    assert "1 of them gives it more than half" in words.how_many_clear(found)
    weak = roles_found(entry("speaker"), entry("speaker"))
    assert "none of them gives it more than half" in words.how_many_clear(weak)
    one = words.how_many_clear(roles_found(entry("speaker"), entry()))
    assert "1 of 2 heads has a clear role" in one and "gives it less than half" in one
    assert "No head has a clear role" in words.how_many_clear(roles_found(entry(), entry()))
    assert "The only head has no clear role" in words.how_many_clear(roles_found(entry()))


def test_a_model_that_copies_is_told_from_one_that_does_not():
    once = torch.tensor([repeated(seed)[:16] for seed in range(8)])
    copies = repeat_test(planted(), once)
    assert copies.passed().tolist() == [[False, False], [True, False]]
    text = words.induction_sentences(copies, (1, 0))
    assert "**This model has learned to copy**" in text
    assert "**One head passes the test.**" in text
    untrained = tiny_model("classic", vocab_size=16, block_size=32, n_layer=2, n_head=2, n_embd=32)
    test = repeat_test(untrained, once)
    text = words.induction_sentences(test, (0, 0))
    assert "**This model has not learned to copy**" in text
    assert "**No head passes the test.**" in text
    assert ("costs more" in text) == (test.second > 1.05 * test.first)
    flat = tiny_model("classic", vocab_size=16, block_size=32, n_layer=1, n_head=1, n_embd=32)
    assert "it has one layer" in words.copied(repeat_test(flat, once)) and "one layer" not in text
    # What stands before a token is in its vector then, so that one layer is enough.
    assert "one layer" not in words.induction_sentences(repeat_test(flat, once), (0, 0), ngrams=2)


def test_losses_and_shares_that_hardly_differ_are_not_called_different():
    def test_of(second, share, chance=0.02):
        shares = torch.full((2, 2), share), torch.full((2, 2), chance)
        return SimpleNamespace(
            first=10.0,
            second=second,
            share=shares[0],
            chance=shares[1],
            passed=lambda: torch.zeros(2, 2, dtype=torch.bool),
        )

    assert "costs about as much" in words.copied(test_of(10.02, 0.02))
    assert "costs more" in words.copied(test_of(11.0, 0.02))
    assert "costs hardly less" in words.copied(test_of(9.2, 0.02))
    even = words.induction_sentences(test_of(10.02, 0.0201), (0, 1))
    assert "None looks there much more than" in even and "Closest" not in even
    less = words.induction_sentences(test_of(10.02, 0.0003, 0.001), (0, 1))
    assert "not even layer 0, head 1, which comes nearest: 0.030% of its attention" in less
    assert "0.10%" in less and "more than at" in less and "much more" not in less
    assert "Closest comes layer 0, head 1: 5.0%" in words.induction_sentences(
        test_of(10.02, 0.05), (0, 1)
    )


def test_of_two_heads_one_is_the_more_valuable():
    def found(*values):
        return {"heads": [{"head": [0, i], "zero": [n, n, n]} for i, n in enumerate(values)]}

    assert words.places(2) == words.OF_TWO and words.places(3) == PLACES
    assert "sort both heads" in words.question((0, 1), 2, 0.023)
    assert "is 2.3%" in words.question((0, 1), 3, 0.023)
    assert "sort all 3 heads" in words.question((0, 1), 3, 0.023)
    assert words.answer(words.OF_TWO[1], (0, 1), found(2.0, 1.0)).right
    assert words.answer(words.OF_TWO[0], (0, 0), found(2.0, 1.0)).right


def test_values_that_overlap_are_not_ranked_for_certain():
    heads = [{"head": [0, i], "zero": [n, n - 0.02, n + 0.02]} for i, n in enumerate((0.2, 0.19))]
    told = words.answer("", (0, 1), {"heads": heads}).why
    assert "intervals of layer 0, head 0 and layer 0, head 1 overlap" in told
    heads[1]["zero"] = [0.1, 0.08, 0.12]
    assert "overlap" not in words.answer("", (0, 1), {"heads": heads}).why


def test_of_an_imported_model_nobody_knows_what_it_never_learned():
    assert "never learned" in words.intro(imported=False)
    assert "never learned" not in words.intro(imported=True)


def test_another_depth_is_proposed_than_the_model_s_own():
    assert "with one layer" in words.to_try(GPTConfig(9, n_layer=4))[-1]
    assert "with two layers" in words.to_try(GPTConfig(9, n_layer=1))[-1]


def test_nobody_is_told_to_remove_the_only_head():
    single, other = (words.to_try(GPTConfig(9, n_layer=1, n_head=h)) for h in (1, 2))
    assert [sum("Remove the" in each for each in said) for said in (single, other)] == [0, 2]


def healing(**changes):
    nats = math.log(2)
    found = {
        **{
            "head": [0, 0],
            "what": "11 scenes",
            "tokens": 3546,
            "steps": 60,
            "seed": 1,
            "batch": [4, 384],
        },
        "curve": {"step": [0, 60], "healed": [3 * nats, 1.2 * nats], "twin": [nats, nats]},
        **{"cut": [2 * nats, 1.9 * nats, 2.1 * nats], "mean": [nats, 0.9, 1.1]},
        "others": [other([0, 1], 0.9), other([1, 0], 0.01)],
    }
    return found | changes


def other(head, gain, spread=0.005):
    worth = {"before": 0.1, "healed": 0.1 + gain, "twin": 0.1}
    nats = {name: value * math.log(2) for name, value in worth.items()}
    interval = [value * math.log(2) for value in (gain, gain - spread, gain + spread)]
    return {"head": head, **nats, "gain": interval}


def test_a_head_that_gained_much_took_over():
    text = words.heal_sentences(healing(), 1024)
    assert "90% of the increase in loss was recovered" in text
    assert "**Layer 0, head 1** took over a part: it is worth 1.000 bits now and 0.100" in text
    assert "0.900 of 1.800 bits recovered" in text
    assert "guessing" not in text and "far apart" not in text
    assert "measured here on 11 scenes (3,546 tokens)" in text
    assert "one seed and 2 comparisons" in text
    assert "doesn't add up" not in text
    most = words.heal_sentences(healing(others=[other([0, 1], 2.0)]), 1024)
    assert "2.000 of 1.800 bits recovered. (More than all of it" in most
    assert "one seed and 1 comparison." in most


def test_no_head_took_over_where_gains_are_small_or_uncertain():
    small = healing(others=[other([0, 1], 0.06), other([1, 0], -3.0)])
    assert "**No head took over**: the largest gain is 0.060 of 1.800 bits, layer 0, head 1's" in (
        words.who_took_over(small)
    )
    unsure = healing(others=[other([0, 1], 0.5, spread=0.6)])
    assert "**No head took over**: the largest gain is 0.500" in words.who_took_over(unsure)
    fallen = healing(others=[other([0, 1], -0.5)])
    assert "no other head is worth more than in the twin" in words.who_took_over(fallen)


def test_where_nothing_was_lost_there_is_nothing_to_take_over():
    harmless = healing(cut=[0.001, -0.01, 0.01])
    assert "**nothing to take over**" in words.heal_sentences(harmless, 1024)
    assert "was recovered" not in words.heal_sentences(harmless, 1024)
    worse = healing(curve={"step": [0, 60], "healed": [2.0, 2.5], "twin": [1.0, 1.0]})
    assert "nothing of the increase was recovered" in words.who_took_over(worse)


def test_a_loss_above_guessing_and_models_far_apart_are_said():
    text = words.heal_sentences(healing(), 4)
    assert "worse than guessing (log₂ 4 = 2.00)" in text
    apart = copy.deepcopy(healing())
    apart["curve"]["healed"][-1] *= 2
    assert "the two models are far apart" in words.who_took_over(apart)


def test_what_is_recorded_of_the_bundled_model_is_that_no_head_took_over():
    found = load("heal")["value"]
    gain = max(other["gain"][0] for other in found["others"])
    healed, twin = found["curve"]["healed"], found["curve"]["twin"]
    assert gain < 0.1 * ((healed[0] - twin[0]) - (healed[-1] - twin[-1]))
    assert "**No head took over**" in words.heal_sentences(found, 2048)


def values(*rises, loss=0.7):
    heads = [
        {"head": [0, i], "zero": [rise, rise - 0.1, rise + 0.1], "mean": [rise / 2, 0.0, rise]}
        for i, rise in enumerate(rises)
    ]
    named = {"what": "40 scenes", "tokens": 1000, "bits_per_nat": 0.5, "loss": loss}
    return named | {"heads": heads}


def test_a_head_whose_interval_contains_0_is_not_said_to_matter():
    text = words.value_sentences(values(1.0, 0.05, 0.02, -0.5), 1024)
    assert "2: their 95% intervals contain 0, so we can't say that they matter" in text
    assert "Without 1 of them the loss on these texts is even lower" in text
    assert "guessing" not in text
    sure = words.value_sentences(values(1.0, 0.5), 1024)
    assert "Both intervals lie above 0" in sure and "we can't say" not in sure
    assert "average in place of zeros it changes by +0.721 bits" in sure


def test_damage_beyond_guessing_is_called_so():
    assert "more than guessing would cost (log₂ 4 = 2.00 bits)" in (
        words.value_sentences(values(1.5, 0.5), 4)
    )
    untrained = words.value_sentences(values(0.001, 0.0, loss=1.02 * math.log(4)), 4)
    assert "guessing" not in untrained and "confidence" not in untrained


def test_whether_roles_and_values_go_together():
    found = values(4.0, 3.0, 2.0, 1.0)

    def roles(*clear):
        named = [{"head": [0, i], "roles": ["itself"] * c} for i, c in enumerate(clear)]
        return {"heads": named}

    together = words.roles_and_values(found, roles(1, 1, 0, 0))
    assert "2 of the 2 most valuable, 0 of the 2 least" in together
    assert "the two go together" in together
    assert "doesn't tell" in words.roles_and_values(found, roles(1, 0, 0, 1))


def test_roles_are_not_compared_with_values_where_all_heads_have_one_or_none():
    found = values(4.0, 3.0)
    for role in (["itself"], []):
        named = [{"head": [0, i], "roles": role} for i in range(2)]
        assert words.roles_and_values(found, {"heads": named}) is None
