"""The Embeddings lesson's second table, against hand-made numbers and the model's own rows."""

import pytest

from gpt_core.evaluation.paired import Difference, paired
from gpt_core.model.config import GPTConfig
from gpt_core.model.ngrams import MULTIPLIER, PRIME
from gpt_core.training.run import Run
from pages.embeddings import runs, words
from tests.helpers import said
from tests.pages.conftest import OWN
from ui.show.numbers import number

PROMPT = "OTTO: A duck?"
WITH = {"ngrams": 3, "ngram_rows": 50}


def test_a_run_s_row_is_the_remainder_of_its_number():
    found = runs.runs_of((4, 0, 4), 3, 7)
    assert [(run.place, run.length, run.ids) for run in found] == [
        (0, 2, (-1, 4)), (0, 3, (-1, -1, 4)), (1, 2, (4, 0)), (1, 3, (-1, 4, 0)),
        (2, 2, (0, 4)), (2, 3, (4, 0, 4)),
    ]  # fmt: skip
    for run in found:
        by_hand = 0
        for token in run.ids:
            by_hand = (by_hand * MULTIPLIER + token + 1) % PRIME
        assert run.row == by_hand % 7


def test_only_different_runs_share_a_row():
    one, two = runs.Run(3, 2, (1, 2), 5), runs.Run(9, 2, (1, 2), 5)
    assert runs.shared_rows([one, two]) == {}
    other = runs.Run(4, 2, (7, 7), 5)
    assert runs.shared_rows([one, two, other]) == {(2, 5): [(1, 2), (7, 7)]}
    assert runs.shared_rows([one, runs.Run(3, 3, (0, 1, 2), 5)]) == {}  # another length's row


@pytest.mark.parametrize("design", [{}, WITH], ids=["without", "with"])
def test_rows_are_shown_after_the_guess_for_either_kind_of_model(open_lesson, design, tmp_path):
    app = open_lesson("embeddings", prompt=PROMPT, design=design)
    assert ("This model has such a table" in said(app)) is bool(design)
    assert "run_rows_shown" not in [slider.key for slider in app.select_slider]
    radio = next(r for r in app.radio if r.key.startswith("runs_"))
    radio.set_value("yes").run()
    assert not app.exception
    slider = app.select_slider(key="run_rows_shown")
    assert ("At the last token" in said(app)) is bool(design)
    if design:
        assert slider.value == 50
    slider.set_value(16).run()
    assert not app.exception
    run = Run.open(tmp_path / OWN)
    ids, longest = run.tokenizer().encode(PROMPT), design.get("ngrams", runs.LONGEST)
    rows: dict = {}
    for end in range(len(ids)):
        for length in range(2, longest + 1):
            whole = [-1] * length + ids[: end + 1]
            mixed = 0
            for token in whole[-length:]:
                mixed = (mixed * MULTIPLIER + token + 1) % PRIME
            rows.setdefault((length, mixed % 16), set()).add(tuple(whole[-length:]))
    several = sum(len(each) > 1 for each in rows.values())
    assert f"**{several} rows are shared**" in said(app)


def test_the_lengths_at_the_last_token_are_the_table_s(open_lesson, tmp_path):
    app = open_lesson("embeddings", prompt="NA", design=WITH)
    next(r for r in app.radio if r.key.startswith("runs_")).set_value("no").run()
    run = Run.open(tmp_path / OWN)
    first, second = run.tokenizer().encode("NA")
    model = run.load_model()
    table = model.ngrams.table.weight
    pair = ((first + 1) * MULTIPLIER + second + 1) % PRIME % 50
    length = table[pair].norm().item()
    assert f"{number(length)} (last 2)" in said(app)
    assert f"has length {number(model.wte.weight[second].norm().item())}" in said(app)


def test_nothing_is_added_by_runs_that_training_never_met():
    assert "All are still zero" in words.added(1.0, [0.0, 0.0])
    assert "The run of 3 adds more" in words.added(1.0, [0.5, 1.5])
    assert "No run adds as much" in words.added(1.0, [0.5, 0.25])


def test_the_birthday_problem_is_judged_by_the_rows():
    assert words.judged_runs("yes", 12, 128, [["ab", "cd"]]).right
    told = words.judged_runs("yes", 12, 128, [])
    assert not told.right and "in 41 of 100 prompts" in told.why and "66 pairs" in told.why
    assert runs.even_chance(12) == 128  # 23 people, 365 days: the textbook's even chance
    assert abs(runs.even_chance(23) - 365) < 200


def test_what_runs_bring_is_claimed_only_where_the_seeds_agree():
    plain, with_runs, steps, gain = runs.in_a_minute()
    said_ = words.runs_bring(plain, with_runs, steps, gain)
    assert "2.33 bits" in said_ and "2.23**" in said_ and "no luck" in said_
    assert "what chance does" in words.runs_bring(plain, plain, steps, Difference(0, -1, 1))
    assert "did harm" in words.runs_bring(plain, plain, steps, Difference(-2, -3, -1))
    assert paired(plain, with_runs) == gain


def test_the_cost_is_that_of_the_table():
    config = GPTConfig(65, n_embd=96, n_head=3, ngrams=5, ngram_rows=16_384)
    told = words.runs_cost(config, 5, 16_384)
    assert "4 × 16,384 × 96 = **6,291,456 numbers**: 25.2 MB" in told and "This model's" in told
    assert "As wide as" in words.runs_cost(GPTConfig(65), 5, 16_384)
    assert "1,008 times the table of tokens" in told
