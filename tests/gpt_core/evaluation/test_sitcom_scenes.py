import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from corpus.sitcom import SEPARATOR, generate, small_fillers, split_scenes, whole_text
from corpus.sitcom.show import the_show
from gpt_core.evaluation.ngram import Ngram
from gpt_core.evaluation.sitcom_scenes import (
    Known,
    bits_of,
    by_model,
    by_ngram,
    measure,
    model_nats,
    ngram_nats,
    scene_ids,
    write_scenes,
)
from gpt_core.generate.sample import SampleConfig
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.text_source import rare_ids, separator_ids

TEXT = whole_text(1, 40)
SCENES = [scene.text for scene in generate(1, 40)]


@pytest.fixture(scope="module", params=["char", "word", "bpe"])
def tokenizer(request):
    return train_tokenizer(request.param, TEXT, None if request.param == "char" else 600)


def small(vocab_size=11, block_size=8, **settings):
    torch.manual_seed(0)
    return GPT(
        GPTConfig(
            vocab_size=vocab_size, block_size=block_size, n_layer=1, n_head=2, n_embd=8, **settings
        )
    ).eval()


# Scores ----------------------------------------------------------------------------------------


def test_scenes_are_cut_into_tokens_as_the_whole_text_is(tokenizer):
    ids, given = scene_ids(SCENES[:5], tokenizer)
    joined = [*ids[0], *(i for scene in ids[1:] for i in scene[given:])]
    around = SEPARATOR + SEPARATOR.join(SCENES[:5]) + SEPARATOR
    assert joined == tokenizer.encode(around + "INT. ")[: len(joined)]
    assert tokenizer.kind == "word" or tokenizer.decode(joined) == around
    assert ids[0][:given].tolist() == separator_ids(tokenizer)


@given(st.lists(st.integers(2, 40), min_size=1, max_size=5), st.integers(1, 9), st.integers(1, 3))
def test_every_token_is_scored_once(lengths, block_size, given):
    model = small(block_size=block_size)
    model.lm_head.weight.data.zero_()  # every token is equally likely
    sequences = [np.arange(length) % 11 for length in lengths]
    expected = [max(0, length - given) * math.log(11) for length in lengths]
    np.testing.assert_allclose(model_nats(model, sequences, given), expected, rtol=1e-5)


def test_a_sequence_that_fits_is_scored_with_all_that_came_before(monkeypatch):
    model = small(block_size=16)
    sequences = [np.array([1, 2, 3, 4, 5, 6]), np.array([7, 8, 9]), np.array([3, 1, 4, 1])]
    expected = []
    for ids in sequences:
        logp = torch.log_softmax(model(torch.tensor(ids)[None, :-1])[0][0], 1)
        expected.append(-sum(logp[t - 1, ids[t]].item() for t in range(2, len(ids))))
    np.testing.assert_allclose(model_nats(model, sequences, 2), expected, rtol=1e-5)
    monkeypatch.setattr("gpt_core.evaluation.sitcom_scenes.MOST_LOGITS", 1)  # one at a time
    np.testing.assert_allclose(model_nats(model, sequences, 2), expected, rtol=1e-5)


def test_bits_per_character_of_scenes():
    ngram = Ngram(np.array([0, 1, 0, 1]), 2, 1)
    nats = ngram_nats(ngram, [np.array([0, 1, 0])] * 2, 1)
    np.testing.assert_allclose(nats, 2 * math.log(2))
    found = bits_of(nats, ["a", "b"])  # 2 bits for 4 characters, the separator's too
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))


# Writing ---------------------------------------------------------------------------------------


def test_fillers_begin_what_a_scene_must_remember(tokenizer):
    found = [tokenizer.decode([i]) for i in rare_ids(tokenizer)]
    pools = the_show().pools
    names = ("day", "number", "price", "town", "animal", "job")
    assert small_fillers() == [filler for name in names for filler in pools[name]]
    assert all(any(f" {f}".startswith(token) for f in small_fillers()) for token in found)
    is_bpe = tokenizer.decode(tokenizer.encode(" two")[:1]) != " "
    assert len(found) > 20 if is_bpe else found == []


def test_scenes_end_where_the_next_begins(tokenizer):
    ngram = Ngram(np.array(tokenizer.encode(TEXT)), tokenizer.vocab_size, 4)
    config = SampleConfig(max_new_tokens=1_000, temperature=0.01, seed=5)
    scenes = list(write_scenes(by_ngram(ngram, tokenizer), tokenizer, 2, config))
    assert all(SEPARATOR not in scene and scene == scene.strip("\n") for scene in scenes)
    if tokenizer.kind == "word":
        assert any(scene.startswith(("INT. ", "EXT. ")) for scene in scenes)


def test_scenes_depend_on_seed_and_number_alone():
    tokenizer = train_tokenizer("bpe", TEXT, 300)
    model = small(300, 32)
    config = SampleConfig(max_new_tokens=20, seed=5)
    for go_on in (by_model(model, tokenizer), by_ngram(Ngram(np.arange(300), 300), tokenizer)):
        four = list(write_scenes(go_on, tokenizer, 4, config))
        assert len(set(four)) == 4 and list(write_scenes(go_on, tokenizer, 2, config)) == four[:2]
        other = SampleConfig(max_new_tokens=20, seed=6)
        assert not set(write_scenes(go_on, tokenizer, 4, other)) & set(four)


# Counts ----------------------------------------------------------------------------------------


def test_real_scenes_pass_and_a_planted_copy_is_found():
    known = Known.of(split_scenes(TEXT))
    unseen = [scene.text for scene in generate(1, 10, held_out=True)]
    found = measure(unseen, known)
    assert (found.scenes, found.passed.value, found.verbatim.value) == (10, 1, 0)
    assert found.repeated.value == 0 and not found.broken
    found = measure([*unseen[:8], SCENES[17], unseen[0]], known)
    assert (found.passed.value, found.verbatim.value, found.repeated.value) == (1, 0.1, 0.1)
    almost = SCENES[17].replace("the", "a", 1)
    assert measure([almost], known).verbatim.value == 0


def test_broken_rules_and_unknown_words_are_counted():
    known = Known.of(["INT. A - B\n\nOTTO: It's a dryer."])
    found = measure(["It's A flurb. A", "", "Otto! otto"], known)
    assert found.words.value == pytest.approx(5 / 6)
    assert found.passed.value == 0 and found.broken["format"] == 3
    assert measure([""], known).words.value == 0
