"""The lesson on fine-tuning: what it says, against the recorded numbers and against others."""

import copy
import math
import re
from statistics import fmean

import pytest

from benchmarks.app_process import PROJECT
from gpt_core.adapters.ways import count_trained
from gpt_core.bundled.record import load
from gpt_core.evaluation.paired import Difference
from gpt_core.interpret.weight_change import weight_changes
from gpt_core.jobs.fine_tuning import RATES, WAYS
from gpt_core.model.weights import weights
from gpt_core.training.run import Run, Start
from gpt_core.training.train_run import Interruption, train_run
from pages.fine_tuning import figures, words
from pages.fine_tuning.results import changes_of
from tests.helpers import TEXT, said, tables, write_run

BITS = 1 / math.log(2)


@pytest.fixture
def found():
    return copy.deepcopy(load("fine_tuning")["value"])


def ended(found, way, side, *nats):
    """The same result, with other ends of a way's curves; one for each seed."""
    for curve, last in zip(found["curves"][way][side], nats, strict=True):
        curve[-1] = last
    return found


def truth(found):
    first = found["curves"]["all"]["old"][0][0]
    last, new = (fmean(c[-1] for c in found["curves"][w]["old"]) for w in ("all", "new"))
    if (last - first) * BITS <= words.LITTLE:
        return words.STAYS
    return words.ABOVE if last > new else words.RISES


def test_nothing_is_shown_before_a_guess_and_then_what_was_recorded(open_lesson, found):
    app = open_lesson("fine_tuning")
    assert "Learned." not in said(app) and not tables(app)
    app.radio[0].set_value(truth(found)).run()
    assert not app.exception
    (right,) = app.success
    last = fmean(c[-1] for c in found["curves"]["all"]["old"]) * BITS
    assert f"to {last:.2f} bits per token" in right.value
    shown = said(app)
    for way in ("all", "last", "lora", "new"):
        end = fmean(c[-1] for c in found["curves"][way]["new"]) * BITS
        assert f"{words.WAYS[way]} {end:.2f}" in shown
    assert "it took" in shown  # when it was recorded, and how long it took
    written = found["prompts"]["new"] + found["written"]["lora"]["new"]
    assert written.strip("\n") in [code.value for code in app.code]


def test_each_answer_can_be_the_right_one(found):
    first, other = 1.0, 5.0
    for last, right in ((1.0, words.STAYS), (3.0, words.RISES), (6.0, words.ABOVE)):
        for way, value in (("all", last), ("new", other)):
            ended(found, way, "old", value, value, value)
        for curve in found["curves"]["all"]["old"]:
            curve[0] = first
        assert [words.judged(g, found).right for g in words.GUESSES] == [
            guess == right for guess in words.GUESSES
        ]


def test_a_model_is_called_sure_and_wrong_of_the_new_text_only_where_the_loss_shows_it(found):
    guessing = math.log(found["vocabulary"])
    for excess, sure in ((0.3, False), (2.0, True)):  # nats; an untrained model has some, too
        for curve in found["curves"]["all"]["new"]:
            curve[0] = guessing + excess
        assert ("sure of what comes next, and wrong" in words.learned(found)) == sure


def test_whether_knowing_helps_is_read_from_pairs(found):
    ended(found, "new", "new", 3.0, 3.1, 3.2)
    assert "helps it here" in words.learned(ended(found, "all", "new", 2.0, 2.1, 2.2))
    assert "is no help here" in words.learned(ended(found, "all", "new", 4.0, 4.1, 4.2))
    assert "can't be told" in words.learned(ended(found, "all", "new", 2.0, 4.1, 3.2))
    alike = words.learned(ended(found, "all", "new", 3.001, 3.101, 3.2))
    assert "end alike, within 0.00" in alike and "hardly helps" in alike
    one = {w: {s: c[:1] for s, c in sides.items()} for w, sides in found["curves"].items()}
    assert words.ONE_SEED in words.learned(found | {"curves": one})
    assert words.ONE_SEED in words.lora_against_all(found | {"curves": one})


@pytest.mark.parametrize(
    ("new", "old", "says"),
    [
        (1.0, -1.0, ("it learns less (+1.44", "it forgets less (−1.44", "as well")),
        (-1.0, 1.0, ("it even learns more", "it forgets more", "don't show both")),
        (
            0.0,
            0.0,
            ("it learns more, less or as much: that can't", "it forgets more, less", "show both"),
        ),
        (
            0.004,
            0.004,
            ("it learns as much, within 0.04 bits", "forgets as much", "don't show both"),
        ),
    ],
)
def test_lora_against_all_weights(found, new, old, says):
    for side, by in (("new", new), ("old", old)):
        ended(found, "all", side, 3.0, 3.1, 3.2)
        scatter = (0.1, -0.1, 0.0) if not by else (0.01, -0.01, 0.0)
        ended(found, "lora", side, *(3.0 + i / 10 + by + s for i, s in enumerate(scatter)))
    told = words.lora_against_all(found)
    assert all(each in told for each in says)
    assert f"{found['trained']['lora']:,} numbers instead of {found['trained']['all']:,}" in told


def test_no_guess_is_called_wrong_where_the_seeds_don_t_show_which_is_higher(found):
    ended(found, "all", "old", 5.0, 6.2, 5.6)
    ended(found, "new", "old", 5.6, 5.5, 5.6)
    assert words.judged(words.STAYS, found).right is False
    for guess in (words.RISES, words.ABOVE):
        answer = words.judged(guess, found)
        assert answer.right is None and "Which of the two is higher can't be told (" in answer.why
    one = {w: {s: c[:1] for s, c in sides.items()} for w, sides in found["curves"].items()}
    assert words.judged(words.STAYS, found | {"curves": one}).right is False
    answer = words.judged(words.ABOVE, found | {"curves": one})
    assert answer.right is None and "can't be told by one seed" in answer.why


def test_how_the_rates_were_chosen_is_what_the_trial_measured():
    docs = (PROJECT / "docs" / "measurements.md").read_text()
    row = r"^\| (\w+) \| ([\d.]+) \| (\*{0,2})[\d.]+\*{0,2} \| (.*) \| *(yes|) *\|$"
    found = [match for match in re.findall(row, docs, re.MULTILINE) if match[0] in WAYS]
    shown = {way: (float(rate), above) for way, rate, _, above, own in found if own}
    assert {way: rate for way, (rate, _) in shown.items()} == RATES
    assert [way for way, _, strong, _, own in found if strong and own] == ["last", "lora", "new"]
    mean, low, high = (float(n) for n in re.findall(r"[-+]?[\d.]+", shown["all"][1]))
    assert Difference(mean, low, high) == words.BEHIND


def test_a_rate_is_called_behind_only_where_the_interval_says_so():
    assert "another was better still, by 0.051 bits" in words.how_rates(
        Difference(0.051, 0.006, 0.095)
    )
    alike = words.how_rates(Difference(0.002, -0.004, 0.008))
    assert "did as well, within a hundredth of a bit" in alike and "better still" not in alike
    assert "can't be told from the best (at most 0.040" in words.how_rates(
        Difference(0.01, -0.02, 0.04)
    )


def test_an_imported_model_is_not_said_to_have_begun_with_random_weights():
    assert "was trained from new weights" in words.no_own(False)
    assert "random" not in words.no_own(True) and "already trained" in words.no_own(True)


def test_nothing_forgotten_is_said_as_well(found):
    for way in ("all", "last", "lora"):
        ended(found, way, "old", *(c[0] for c in found["curves"][way]["old"]))
    assert "nothing worth speaking of was forgotten" in words.forgot(found)
    assert "neither forgets anything" in words.lora_against_all(found)


def test_what_was_never_known_is_not_said_to_be_kept(found):
    """A model that was worse than guessing, and got better: LoRA by less."""
    guessing = math.log(found["vocabulary"])
    for way, last in (("all", 1.0), ("last", 1.5), ("lora", 2.0)):
        for nats in found["curves"][way]["old"]:
            nats[0] = guessing + 3.0
        ended(found, way, "old", *(guessing + last + i / 100 for i in range(3)))
        ended(found, way, "new", *(guessing + last + i / 100 for i in range(3)))
    told = words.forgot(found)
    assert "There was nothing to forget" in told and "worth speaking of" not in told
    told = words.lora_against_all(found)
    assert "it learns less" in told and "neither forgets anything" in told
    assert "forgets more" not in told and "as well" not in told
    assert "sure of what comes next" not in words.forgot(found)
    ended(found, "all", "old", *(guessing + 9.0 + i / 100 for i in range(3)))
    told = words.forgot(found)  # worse than before, but nothing that it had known
    assert "There was nothing to forget" in told and "sure of what comes next, and wrong" in told
    assert "**forgetting**" not in told


def test_a_loss_that_rose_on_the_new_text_is_not_called_learned(found):
    assert "nothing" not in words.learned(found)
    for curve in found["curves"]["all"]["new"]:
        curve[0] = 2.0
    for way, last in (("all", 2.5), ("last", 1.9), ("lora", 2.1)):
        ended(found, way, "new", last, last, last)
    assert "so **nothing** of it was learned: all weights, LoRA. " in words.learned(found)


def test_the_unknown_is_not_called_easy(found):
    assert "doesn't know" not in words.about_rates(found)
    assert "the loss on the new text is too low" in words.about_rates(found | {"unknown": 0.02})


def test_where_the_change_is(found):
    for way, told in found["changes"].items():
        changes = changes_of(told)
        most = max((c for c in told if c["relative"] > 0), key=lambda c: c["relative"])
        said_of = words.where(changes, way)
        assert f"{100 * most['relative']:.1f}% of its length" in said_of
        assert ("LoRA can't" in said_of) == (way == "lora")
        heat = figures.size_map(changes)["data"][0]
        assert len(heat["z"]) == 6 and len(heat["z"][0]) == 4
    assert "Nothing has changed" in words.where([], "all")


def test_a_rank_costs_what_it_says(open_lesson):
    app = open_lesson("fine_tuning", design={})
    app.slider(key="tuned_rank").set_value(3).run()
    config = Run.open(next(iter(app_runs(app)))).model_config
    assert f"**{count_trained(config, 'lora', 3):,}**" in said(app)
    assert f"3 · ({config.n_embd} + {3 * config.n_embd}) = {12 * config.n_embd}" in said(app)
    assert "was trained from new weights" in said(app)  # nothing of one's own to show yet
    assert words.RUN_IT in said(app)


def app_runs(_app):
    from ui.services.models import runs_root

    return [path for path in runs_root().iterdir() if path.is_dir()]


def test_a_run_of_one_s_own_shows_where_it_changed(tmp_path, open_at):
    from gpt_core.training.config import tuning_config

    old = write_run(tmp_path, "old")
    tuned = Run.create(
        tmp_path,
        model_config=old.model_config,
        train_config=tuning_config(32, tune="last", steps=3, batch_size=2, eval_batches=1),
        tokenizer=old.tokenizer(),
        text=TEXT,
        corpus_name="test",
        name="0000000b",
        start=Start("an _old_ one", old.load_model()),
    )
    train_run(tuned, Interruption())
    app = open_at("fine_tuning", model="0000000b")
    changes = weight_changes(weights(old.load_model()), weights(tuned.load_model()))
    most = max(changes, key=lambda c: c.relative)
    assert most.layer == 1 and "an \\_old\\_ one" in said(app)
    assert f"{words.place(most)}**, by {100 * most.relative:.2g}%" in said(app)
    (tuned.path / "start.safetensors").unlink()
    from ui.services.caches import RESULTS

    RESULTS.clear()
    assert words.START_GONE in said(open_at("fine_tuning", model="0000000b"))
