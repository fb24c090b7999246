import html
import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from corpus.sitcom import generate
from gpt_core.bundled import bits_of_scenes, bundled_run_path
from gpt_core.bundled.record import load
from gpt_core.evaluation.calibration import reliability
from gpt_core.evaluation.guessing import bounds
from gpt_core.evaluation.held_out import HeldOut, Piece, held_out, windows_of
from gpt_core.evaluation.intervals import Estimate
from gpt_core.evaluation.surprise import cost_of
from gpt_core.jobs.copying import copying
from gpt_core.tokenizers import Token
from gpt_core.training.run import Run
from pages.evaluation import blind, copied, shannon, words
from pages.evaluation.results import (
    Calibration,
    Clothes,
    Context,
    Kind,
    clothes_of,
    unknown_share,
)
from tests.helpers import TEXT, app_at, said, tables, write_run
from ui.app.lesson import GAME_HIDDEN
from ui.services import models
from ui.show.surprise_strip import HINT, Surprises

OWN = "NADIA: It was wet."
READ = 27  # scenes that the bundled model reads


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    return tmp_path


def opened(model=None, **texts):
    app = app_at("evaluation")
    asked = {"model": model, "eval_text": OWN} | texts
    app.query_params.update({key: value for key, value in asked.items() if value is not None})
    app.run()
    assert not app.exception
    return app


def question(app, start):
    return next(radio for radio in app.radio if radio.key.startswith(start))


def answer(app, start, option=None):
    radio = question(app, start)
    radio.set_value(option or radio.options[0]).run()
    assert not app.exception
    return app


def strip(app):
    return next(h.value for h in app.get("html") if 'class="surprise"' in h.value)


def losses_by_hand(run, pieces):
    """Nats of each piece's tokens, and the pieces, by torch's own cross-entropy."""
    model = run.load_model()
    nats = []
    for piece in pieces:
        ids = torch.tensor(piece.ids)
        logits = model(ids[None])[0][0, :-1]
        nats.append(F.cross_entropy(logits, ids[1:], reduction="none").double())
    return nats, pieces


@pytest.fixture(scope="module")
def bundled_numbers():
    run = Run.open(bundled_run_path())
    return losses_by_hand(run, held_out(run, READ, 384).pieces)


# ---- The reader's own text ----


def test_the_colours_come_after_the_guess_and_the_verdict_is_by_the_bits(bundled_numbers):
    run, app = Run.open(bundled_run_path()), opened()
    assert HINT not in strip(app)
    own = cost_of(run.load_model(), run.tokenizer(), OWN).per_character
    nats, pieces = bundled_numbers
    held = sum(n.sum().item() for n in nats) / math.log(2) / sum(p.characters for p in pieces)
    right = next(name for name, most in words.TIMES.items() if own / held <= most)
    wrong = next(name for name in words.TIMES if name != right)
    for guess, boxes in ((right, "success"), (wrong, "warning")):
        box = getattr(answer(opened(), "eval_own_", guess), boxes)[0].value
        assert f"costs {own:.3g} bits per character, held-out text {held:.3g}" in box
    assert HINT in strip(answer(app, "eval_own_"))


@pytest.mark.parametrize("text", ["", "x", "é🦆\u202e\u0000", "<b>`x`</b> **y**", "a" * 500])
def test_any_text_is_answered(runs, text):
    write_run(runs, "0000000a")
    app = opened("0000000a", eval_text=text, eval_shown="true")
    assert ("at least two tokens" in said(app)) == (len(text) < 2)
    assert ("unknown to this model's tokenizer" in said(app)) == ("🦆" in text or "<" in text)


def test_the_dearest_and_the_cheapest_token_are_named():
    found = Surprises((1.0, 9.0), ((("a", 0.5),), (("c", 0.9),)))
    a, b, strange = (Token(i, text, i, i + 1, i < 2) for i, text in enumerate("abé"))
    told = words.own_text([a, b], found, 5.0)
    assert "`b` with **9.00 bits**, more than guessing" in told
    assert "Expected was `c` (90.0%)" in told
    assert "Easiest: `a` with 1.00" in told
    assert "more than guessing" not in words.own_text([a, b], found, 10.0)
    assert "unknown" not in told
    told = words.own_text([a, strange], found, 5.0)  # one that it had never seen is dear
    assert "1 token of it is unknown" in told and "to it: 9.00 bits, and nothing" in told
    told = words.own_text([strange, strange], found, 5.0)
    assert "2 tokens of it are unknown" in told and "5.00 bits each, on average" in told


def test_where_words_are_unknown_no_other_tokenizer_is_to_be_compared():
    words_of = [Token(0, "\ufffd", i, i + 1, known) for i, known in enumerate((False, True, False))]
    held = HeldOut([Piece("\ufffd" * 3, tuple(words_of))] * 2, "two pieces")
    assert unknown_share(held) == 0.5  # the first one is not predicted
    assert "But **50.0%** of the tokens here" in words.clothes("two pieces", 0.5)
    assert "of the tokens here" not in words.clothes("two pieces", 0.0)


def test_a_model_that_went_wrong_is_shown_by_numbers_that_can_be_read():
    wrong = Estimate(1.6e7, 1.5e7, 1.7e7)
    table = words.clothes_table(Clothes(wrong, wrong, 66, 1.0, 6.0, {}, 100))
    rows = {row["unit"]: row for row in table}
    assert rows["bits per token"]["value"] == "1.6·10⁷"
    assert rows["perplexity"]["value"] == "over 10³⁰⁰"
    assert rows["perplexity"]["95% interval"] == "over 10³⁰⁰ to over 10³⁰⁰"
    right = Estimate(3.0, 2.0, 4.0)
    table = words.clothes_table(Clothes(right, right, 66, 1.0, 6.0, {}, 100))
    assert table[3]["value"] == "8.000" and table[3]["95% interval"] == "4.000 to 16.000"


def test_a_kind_is_called_hardest_only_where_the_intervals_say_so():
    a, b = Kind("begins a word", 9, Estimate(3, 2.8, 3.2)), Estimate(2, 1.9, 2.1)
    assert "clearly below" in words.kinds([a, Kind("marks and spaces", 9, b)])
    close = Kind("marks and spaces", 9, Estimate(2.9, 2.7, 3.1))
    assert "No kind is clearly" in words.kinds([a, close])
    assert words.kinds([a]) == ""


# ---- Four clothes ----


def test_the_four_units_are_one_number(bundled_numbers):
    nats, pieces = bundled_numbers
    tokens = sum(map(len, nats))
    per_token = sum(n.sum().item() for n in nats) / tokens
    characters = sum(piece.characters for piece in pieces)
    table = next(d for d in tables(opened()) if "unit" in d)
    values = dict(zip(table["unit"], map(float, table["value"]), strict=True))
    assert values["nats per token"] == pytest.approx(per_token, abs=6e-4)
    assert values["bits per token"] == pytest.approx(per_token / math.log(2), abs=6e-4)
    assert values["perplexity"] == pytest.approx(math.exp(per_token), abs=6e-4)
    bits = per_token * tokens / math.log(2) / characters
    assert values["bits per character"] == pytest.approx(bits, abs=6e-4)


def test_a_model_that_learned_nothing_is_worse_than_counting(runs):
    write_run(runs, "0000000a")
    told = said(opened("0000000a"))
    assert "counting is better here" in told
    assert "counting is better here" not in said(opened())


def clothes(value, low, high):
    bits = Estimate(value, low, high)
    return Clothes(bits, bits, 64, 1.0, 6.0, {1: 4.0, 2: 2.0}, 1000)


def test_the_model_is_said_to_be_ahead_only_with_its_whole_interval():
    assert "whole interval lies below" in words.bars(clothes(1.5, 1.2, 1.9), False)
    assert "no difference is shown" in words.bars(clothes(1.9, 1.7, 2.1), False)
    assert "needs **more**" in words.bars(clothes(3.0, 2.8, 3.2), False)


def test_a_model_whose_text_is_gone_says_so_and_the_own_text_stays(runs):
    run = write_run(runs, "0000000a")
    (run.path / "corpus.txt").unlink()
    app = opened("0000000a")
    assert app.error
    assert HINT in strip(app)
    assert "four clothes" not in " ".join(h.value for h in app.header)


def test_a_text_too_short_to_measure_on_is_said(runs, monkeypatch):
    write_run(runs, "0000000a")
    nothing = HeldOut([], "nothing")
    monkeypatch.setattr("pages.evaluation.results.held_out", lambda *asked: nothing)
    assert words.NO_TEXT in said(opened("0000000a"))


# ---- Loss by position ----


def test_the_fall_by_context_is_the_models(runs):
    run = Run.open(bundled_run_path())
    nats, pieces = losses_by_hand(run, windows_of(run, 20, 384).pieces)
    first = sum(n[0].item() for n in nats) / math.log(2)
    characters = sum(piece.tokens[1].end - piece.tokens[0].end for piece in pieces)
    app = opened()
    shown = f"With 1 token before, a character costs {first / characters:.2f} bits"
    assert shown in said(app)
    assert "helps" not in said(app).split("Calibrated?")[0]
    answer(app, "eval_context_")
    assert "context helps" in said(app)
    assert words.FROM_ANYWHERE in said(app)
    assert "own** kind" not in said(app)
    app.selectbox(key="eval_second").set_value("copying").run()
    assert not app.exception
    assert "own** kind" in said(app)


def test_a_second_model_that_is_nonsense_in_the_address_is_none():
    app = answer(opened(eval_second="../../etc"), "eval_context_")
    assert app.selectbox(key="eval_second").value == "none"


def ranges(*bits):
    return [Context(2**i, 2 ** (i + 1) - 1, Estimate(b, b - 0.1, b + 0.1))
            for i, b in enumerate(bits)]  # fmt: skip


def test_context_helps_only_where_the_intervals_say_so():
    assert "context helps, 4.00 → 1.00" in words.context_finding(ranges(4, 2, 1), "a")
    assert "still helps at the end" in words.context_finding(ranges(4, 2, 1), "a")
    assert "From 2 tokens on" in words.context_finding(ranges(4, 1.1, 1), "a")
    harm = words.context_finding(ranges(4, 1, 2), "a")
    assert "with 2 tokens before it needs **less** than with a full" in harm
    assert "more context may help" not in harm
    told = words.context_finding(ranges(1.1, 1.05, 1), "a")
    assert "is not shown" in told and "more context may help" not in told


@pytest.mark.parametrize(
    ("last", "right"), [(3.5, words.LITTLE), (2.5, words.HALF), (1, words.MUCH)]
)
def test_the_fall_is_judged_by_its_share(last, right):
    for guess in words.FALLS:
        assert words.context_judged(guess, ranges(4, last)).right is (guess == right)


# ---- Calibration ----


def test_the_gap_of_the_bundled_model_is_the_one_of_its_best_guesses(bundled_numbers):
    _, pieces = bundled_numbers
    model = Run.open(bundled_run_path()).load_model()
    gap = []
    for piece in pieces:
        p, best = model(torch.tensor([piece.ids]))[0][0, :-1].softmax(-1).max(-1)
        gap.append((p - (best == torch.tensor(piece.ids[1:])).float()).detach().numpy())
    app = answer(opened(), "eval_sure_")
    mean = 100 * float(np.concatenate(gap).mean())
    shown = float(re.search(r"is ([+−][\d.]+) points off", said(app))[1].replace("−", "-"))
    assert shown == pytest.approx(mean, abs=0.06)
    app.toggle(key="eval_mended").set_value(True).run()
    assert not app.exception


def calibration(temperature=1.2, mended=0.02):
    bins = reliability(np.array([0.9, 0.8]), np.array([True, False]))
    return Calibration(bins, 0.05, 2.0, temperature, bins, mended, 1.9)


@pytest.mark.parametrize(
    ("gap", "right"),
    [
        (Estimate(0.05, 0.01, 0.09), words.SURE),
        (Estimate(-0.05, -0.09, -0.01), words.MODEST),
        (Estimate(0.01, -0.02, 0.03), words.FITS),
    ],
)
def test_too_sure_is_said_only_with_the_whole_interval(gap, right):
    for guess in words.CALIBRATION_OPTIONS:
        assert words.calibration_judged(guess, gap).right is (guess == right)


def test_about_right_is_not_claimed_where_a_large_difference_may_be_there():
    for guess in words.CALIBRATION_OPTIONS:
        assert words.calibration_judged(guess, Estimate(0.01, -0.2, 0.22)).right is None


def test_a_gap_that_is_shown_as_zero_is_none():
    """Of a new model of 50,000 tokens no guess comes true: 0.003% is what it promises."""
    found = words.calibration_judged(words.FITS, Estimate(2.8e-5, 2.7e-5, 2.9e-5))
    assert found.right and "0.0 to 0.0): no difference is shown" in found.why
    assert words.calibration_judged(words.SURE, Estimate(0.002, 0.001, 0.003)).right


def test_what_the_temperature_mends_is_said_as_it_is():
    assert "Both fall" in words.calibration(calibration())
    assert "Not both fall" in words.calibration(calibration(mended=0.06))
    assert "little to mend" in words.calibration(calibration(temperature=1.01))
    assert "the end of the range" in words.calibration(calibration(temperature=19.99))
    assert "the end of the range" not in words.calibration(calibration())


def test_an_untrained_model_on_a_short_text_is_no_trouble(runs):
    write_run(runs, "0000000a", text=TEXT[:400], block_size=16)
    app = opened("0000000a")
    answer(app, "eval_sure_")
    write_run(runs, "0000000b", causal=False)
    assert words.PEEKS in said(opened("0000000b"))


# ---- Did it copy? ----


def copies(written, real, read=100):
    sample = {"beginning": "b", "text": "abcdef", "tokens": [[i, i + 1] for i in range(30)]}
    stretch = {"start": 1, "end": 4, "tokens": 20, "place": 0.5, "before": "x", "after": "y"}
    shares = {
        who: [[0.0, 0.0, share, 0.0, 0.0] for share in each]
        for who, each in (("written", written), ("real", real))
    }
    return {
        "samples": [sample | {"stretches": [stretch]}] * len(written),
        "lengths": [4, 8, 16, 32, 64],
        "shares": shares,
        **{"bytes": 100, "read": read},
    }


def test_stretches_are_asked_about_that_fit_well_into_every_sample():
    value = copies([0.5], [0.5])
    assert words.copy_length(value) == 16  # of 30 tokens
    assert "16 tokens or longer" in words.copy_question(value)
    for tokens, length in ((120, 64), (24, 16), (3, 4)):
        value["samples"][0]["tokens"] = [[i, i + 1] for i in range(tokens)]
        assert words.copy_length(value) == length


def test_copying_is_said_only_where_every_pair_shows_it():
    more = copies([0.8, 0.7, 0.9, 0.8], [0.1, 0.1, 0.2, 0.1])
    assert "points **more** than held-out text" in words.copy_finding(more)
    assert "How much more" not in words.copy_finding(more)
    wide = copies([0.9, 0.5, 0.9, 0.4], [0.1, 0.1, 0.2, 0.1])
    assert "So few samples don't say how much more" in words.copy_finding(wide)
    less = copies([0.1, 0.1, 0.2, 0.1], [0.8, 0.7, 0.9, 0.8])
    assert "points **less** than held-out text" in words.copy_finding(less)
    same = words.copy_finding(copies([0.8, 0.1, 0.9, 0.2], [0.1, 0.9, 0.3, 0.7]))
    assert "no difference to held-out text is shown" in same
    assert "too few samples" in words.copy_finding(copies([0.5], [0.5]))
    assert "nothing is found" in words.copy_finding(copies([0.0] * 4, [0.0] * 4))
    none = words.copy_finding(copies([0.0] * 4, [0.0, 0.9, 0.0, 0.6]))
    assert "nothing of what it wrote is found" in none and "in 2 of 4 samples" in none
    assert "What stands there word for word" in same and "word for word" not in none
    assert "So far: 40%" in words.copy_so_far(40, 100)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.9])
def test_the_copied_share_is_judged_by_the_mean(share):
    right = next(name for name, most in words.COPIED.items() if share <= most)
    for guess in words.COPIED:
        value = copies([share] * 3, [0.1] * 3)
        assert words.copy_judged(guess, value, True).right is (guess == right)
        assert words.copy_judged(guess, value, False).right is None
        assert f"{100 * share:.0f}% of its tokens" in words.copy_judged(guess, value, True).why


def test_a_sign_for_all_unknown_words_is_not_called_a_copy():
    assert "may be no copy" in words.shortest_match(16, unknown=True)
    assert "may be no copy" not in words.shortest_match(16, unknown=False)


def test_marked_are_the_stretches_that_are_long_enough():
    from pages.evaluation.copied import longest_rows, marked

    value = copies([0.5], [0.5])
    assert "a<mark>bcd</mark>ef" in marked(value["samples"], 20)
    assert "<mark>" not in marked(value["samples"], 21)
    overlapping = dict(value["samples"][0]["stretches"][0], start=3, end=5)
    value["samples"][0]["stretches"].append(overlapping)
    assert "a<mark>bcde</mark>f" in marked(value["samples"], 20)
    assert longest_rows(value["samples"])[0]["stands at"] == "50.00%"


def test_of_a_small_text_samples_are_looked_up_at_once(runs, monkeypatch):
    run = write_run(runs, "0000000a")
    app = opened("0000000a")
    assert "copied" not in "".join(h.value for h in app.get("html") if 'class="copied"' in h.value)
    answer(app, "eval_copy_")
    (markup,) = [h.value for h in app.get("html") if 'class="copied"' in h.value]
    *_, last = copying(run, {"temperature": 0.8, "seed": 1})
    assert html.escape(last.value["samples"][0]["text"][:20]) in markup
    assert "held-out text" in said(app)
    monkeypatch.setattr(copied, "training_text", None)  # for another seed it is still known
    app.number_input(key="eval_copy_seed").set_value(2).run()
    answer(app, "eval_copy_")
    assert markup not in [h.value for h in app.get("html")]


def test_what_is_recorded_of_the_bundled_model_is_shown_at_once():
    app = opened()
    assert "Recorded about the bundled model" in said(app)
    answer(app, "eval_copy_")
    value = load("copying_bundled")["value"]
    assert value["read"] == value["bytes"] == int(0.9 * 210_387_257)
    assert words.copy_finding(value) in said(app)


# ---- Side by side ----


def side(repeated, bits=1.0, passed=None):
    def share(value):
        return {"value": value, "low": value - 0.05, "high": value + 0.05}

    look = {name: share(0.5) for name in ("known", "distinct", "distinct_pairs")}
    its = {"look": look | {"repeated": share(repeated)}, "bits": share(bits)}
    its["passed"] = None if passed is None else share(passed)
    return {"written": its, "real": its, "words": 40, "texts": [str(repeated)]}


def test_sides_differ_only_where_their_intervals_are_apart():
    a, b = side(0.5, 1.0), side(0.2, 2.0)
    told = words.looks_finding(a, b)
    assert "**A** is higher in look 4." in told and "**B** is higher in look 5." in told
    assert "No difference is shown in looks 1, 2 and 3:" in told
    assert words.looks_judged("A", a, b).right and words.looks_judged("B", b, a).right
    assert words.looks_judged(words.LOOKS_OPTIONS[2], a, side(0.45)).right
    assert len(words.looks_table(a, b)) == 5
    assert len(words.looks_table(a, side(0.2, passed=0.5))) == 6


def test_two_sides_that_are_the_same_are_no_trouble():
    assert words.SAME_SIDES in said(opened(eval_tau_a="1.3"))


def test_samples_that_are_all_alike_prove_no_difference():
    a, b = side(0.5), side(0.2)
    for each in (a, b):
        each["written"]["look"]["repeated"] |= {"low": each["written"]["look"]["repeated"]["value"]}
    assert "**A** is higher in look 4." in words.looks_finding(a, b)
    a["written"]["look"]["repeated"]["high"] = 0.5
    assert "is higher in look 4" not in words.looks_finding(a, b)


def test_the_recorded_sides_are_there_and_another_setting_has_to_be_written():
    app = answer(opened(), "eval_looks_")
    rows = next(d for d in tables(app) if "look" in d)
    careful = load("look_careful")["value"]["written"]["passed"]["value"]
    assert rows["A"].iloc[-1].startswith(f"{100 * careful:.1f}%")
    app = opened(eval_tau_a="0.3")
    assert words.LOOKS_WAIT in said(app)
    assert [b for b in app.button if b.label.startswith("Write 24 samples A")]


# ---- The blind test ----


def test_the_score_is_that_of_the_answers():
    run_, app = Run.open(bundled_run_path()), opened()
    loaded = models.load(models.BUNDLED)
    right = 0
    for number in range(blind.ROUNDS):
        first = blind.model_is_first(loaded, number)
        shown = [h.value for h in app.get("html") if 'class="blind"' in h.value]
        pair = blind.rounds_of(loaded)[number]
        assert html.escape(pair.written) in shown[0 if first else 1]
        assert html.escape(pair.real) in shown[1 if first else 0]
        button = (0 if first else 1) if number < 7 else (1 if first else 0)
        right += number < 7
        app.button(key=f"eval_blind_{button}").click().run()
        assert f"**{right} of {number + 1}** right" in said(app)
    assert "not shown: chance" in said(app)
    assert not [b for b in app.button if b.key and b.key.startswith("eval_blind_")]
    pieces = held_out(run_, blind.ROUNDS, blind.GIVEN + blind.WRITTEN).pieces
    assert blind.rounds_of(loaded)[0].real in pieces[0].text


def test_chance_is_counted_by_hand():
    assert "**3 of 3** right" in words.blind_score([True] * 3, 10)
    assert "probability of 12.5%" in words.blind_score([True] * 3, 10)
    assert "You can tell them apart" in words.blind_score([True] * 10, 10)
    assert "take the model for the author" in words.blind_score([False] * 10, 10)


# ---- Shannon's game ----


def test_a_game_is_scored_by_its_guesses():
    game = shannon.Game("abcdefgh")  # four are known
    game.guess("xyE")
    game.guess("q")
    assert (game.ranks, game.tried) == ([3], "q")
    game.guess("f")
    game.give_up(26)
    game.guess("h")
    assert game.ranks == [3, 2, 26, 1] and game.over
    game.guess("z")
    assert game.ranks == [3, 2, 26, 1]


def test_guesses_on_the_page_give_bounds():
    app = opened()
    line, _ = shannon.line_of(models.load(models.BUNDLED))
    assert line in "".join(scene.text for scene in generate(1, 40, held_out=True))
    for place in range(3):
        app.text_input(key="eval_typed").set_value(line[shannon.GIVEN + place])
        next(b for b in app.button if b.label == "Guess").click().run()
        assert not app.exception
    assert "3 characters, 3 of them right at the first guess" in said(app)
    assert "bits per character**; with" not in said(app)  # of so few
    app.button(key="eval_tell").click().run()
    assert "4 characters, 3 of them right" in said(app)
    app.button(key="eval_again").click().run()
    assert "at the first guess" not in said(app)


def test_the_winner_is_named_only_outside_the_interval():
    ranks = [1, 1, 2, 1, 3] * 4
    found = bounds(ranks)
    assert "no winner yet" in words.game_finding(ranks, found, found.upper)
    assert "less than your interval" in words.game_finding(ranks, found, found.low - 0.01)
    assert "more than your interval" in words.game_finding(ranks, found, found.high + 0.01)
    few = [1, 2, 5, 9, 1]
    assert "said from 10 characters on" in words.game_finding(few, bounds(few), 1.0)
    assert "interval" not in words.game_finding(few, bounds(few), 1.0)
    assert "That is wide" in words.game_finding(few * 2, bounds(few), None)
    assert "That is wide" not in words.game_finding([1] * 20, bounds([1] * 20), None)


def test_while_answers_are_locked_the_games_tell_none():
    app = opened(lock="reveal")
    assert GAME_HIDDEN in said(app) and "Tell me" not in [button.label for button in app.button]
    app.button(key="eval_blind_0").click().run()
    assert words.blind_kept(1) in said(app)
    assert "of 1** right" not in said(app)


# ---- The race ----


def racer(name, *bits, unknown=0.0):
    return {"name": name, "bits": list(bits), "steps": [100], "vocabulary": 64, "unknown": unknown}


def test_who_leads_is_said_to_beat_only_whom_the_seeds_show():
    found = {"seconds": 5, "context": 64}
    racers = [racer("a", 1.0, 1.1, 1.05), racer("b", 2.0, 2.1, 2.05), racer("c", 0.9, 1.4, 1.1)]
    told = words.race_finding(found | {"racers": racers})
    assert "**a** leads" in told
    assert "to need less than *b*." in told
    assert "No difference is shown to *c*." in told
    named = [racer("a", 1.0, 1.1, 1.05), *(racer(f"BPE, {n}", 2.0, 2.1, 2.05) for n in (384, 512))]
    assert "*BPE, 384*; *BPE, 512*" in words.race_finding(found | {"racers": named})
    assert words.race_judged("a", found | {"racers": racers}).right
    assert words.race_judged("b", found | {"racers": racers}).right is False
    close = words.race_judged("c", found | {"racers": racers})
    assert close.right is None and "don't show that *c* needs more" in close.why
    few = [racer("a", 1.0), racer("b", 2.0, unknown=0.25)]
    told = words.race_finding(found | {"racers": few})
    assert "fewer than three seeds" in told
    assert "Of the bits of *b*, 0.25 are for spelling" in told


def test_the_recorded_race_is_behind_a_question():
    app = opened()
    assert "cut into" not in "".join(str(list(d)) for d in tables(app))
    answer(app, "eval_race")
    value = load("tokenizer_race")["value"]
    assert words.race_finding(value)[:40] in said(app)
    app.segmented_control(key="eval_race_seconds").set_value("2 s").run()
    assert not app.exception
    assert "2 s of one processor core: 0.6 minutes" in said(app)


def test_a_race_that_takes_longer_than_allowed_is_not_offered(monkeypatch):
    app = opened()
    answer(app, "eval_race")
    assert "Race, now" in [button.label for button in app.button]
    monkeypatch.setenv("GPT_PUBLIC", "1")
    app.run()
    assert "Race, now" not in [button.label for button in app.button]
    assert "at least 4 min 30 s" in said(app).replace("\xa0", " ")
    app.segmented_control(key="eval_race_seconds").set_value("2 s").run()
    assert "Race" in [button.label for button in app.button]


def test_unseen_scenes_cost_what_they_cost_in_every_lesson(bundled_numbers):
    """The model's recorded figure, of 500 scenes, lies in the interval of these."""
    found = clothes_of(models.load(models.BUNDLED)).per_character
    assert found.low <= bits_of_scenes() <= found.high
    assert found.high - found.low < 0.005


def test_most_of_a_scenes_bits_fall_on_its_beginning(bundled_numbers):
    """Training says so of the first 64 tokens, to explain its other number."""
    nats, _ = bundled_numbers
    first, whole = sum(n[:64].sum() for n in nats), sum(n.sum() for n in nats)
    assert 0.6 < first / whole < 0.72
    assert 0.17 < 64 / np.mean([len(n) for n in nats]) < 0.23


def test_lengths_below_the_shortest_match_that_is_looked_for_are_not_drawn():
    def found(width):
        tokens = [(at * width, (at + 1) * width) for at in range(50)]
        shares = {who: [[0.5, 0.4, 0.3, 0.2, 0.1]] for who in ("written", "real")}
        return {"samples": [{"tokens": tokens}], "lengths": [4, 8, 16, 32, 64], "shares": shares}

    of_characters = copied.long_enough(found(1))  # 16 bytes at least
    assert of_characters["lengths"] == [16, 32, 64]
    assert of_characters["shares"]["real"] == [[0.3, 0.2, 0.1]]
    assert copied.long_enough(found(4))["lengths"] == [4, 8, 16, 32, 64]


def test_a_text_as_dear_as_the_held_out_one_is_not_one_times_as_many():
    assert words.judged(words.LESS, 6.0, 6.0).why.endswith("as many.")
    close = words.judged(words.LESS, 6.001, 6.0)
    assert close.right and "1 times" not in close.why
    assert "2.5 times as many" in words.judged(words.SOME, 2.5, 1.0).why
