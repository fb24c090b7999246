import pytest

from gpt_core.evaluation.continuations import continuations
from gpt_core.evaluation.held_out import held_out
from gpt_core.evaluation.samples import look
from gpt_core.generate.sample import SampleConfig, generate
from tests.helpers import write_run

KNOWN = {"the", "duck", "quacks", "and", "again"}


def test_shares_by_hand():
    found = look(["The duck quacks and the duck QUACKS and quarks", "The duck"], KNOWN)
    assert found.words == 11
    assert found.known.value == pytest.approx(10 / 11)
    assert found.distinct.value == pytest.approx((5 + 2) / 11)
    # the duck, duck quacks, quacks and, and the, and quarks; of 8 pairs, and 1 of 1
    assert found.distinct_pairs.value == pytest.approx(6 / 9)
    # six runs of four: "the duck quacks and" comes twice
    assert found.repeated.value == pytest.approx(1 / 6)


def test_only_the_first_words_count_if_so_many_are_asked_for():
    long, short = "the duck " * 50, "the duck " * 2
    assert look([long], KNOWN, 4) == look([short], KNOWN)
    assert look([long], KNOWN).repeated.value > 0.9


def test_samples_without_words_are_no_trouble():
    found = look(["…!", ""], KNOWN)
    assert (found.words, found.known.value, found.repeated.value) == (0, 0, 0)


def test_both_go_on_from_the_same_beginning(tmp_path):
    run = write_run(tmp_path, "0000000a")
    model, tokenizer, pieces = run.load_model(), run.tokenizer(), held_out(run, 3, 20).pieces
    config = SampleConfig(seed=5)
    found = list(continuations(model, tokenizer, pieces, 8, config))
    assert len(found) == 3
    for piece, each in zip(pieces, found, strict=True):
        assert each.beginning + each.real == piece.text
        assert len(each.beginning) == 8
        assert len(each.written) == len(each.real) == 12
    assert len({each.written for each in found}) == 3
    assert found == list(continuations(model, tokenizer, pieces, 8, config))
    greedy = SampleConfig(temperature=0)
    (first, *_) = continuations(model, tokenizer, pieces, 8, greedy)
    steps = generate(model, pieces[0].ids[:8], SampleConfig(max_new_tokens=12, temperature=0))
    assert first.written == tokenizer.decode([step.token for step in steps])
    assert not list(continuations(model, tokenizer, pieces, 20, config))
