import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gpt_core.evaluation.held_out import Piece, held_out, windows_of
from gpt_core.evaluation.reading import predictions, read
from gpt_core.training.run import Run
from tests.helpers import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs"), "0000000a", tokenizer="bpe")


@pytest.fixture(scope="module")
def pieces(run):
    return held_out(run, 5, 20).pieces


def test_bits_confidence_and_hits_are_those_of_torch(run, pieces):
    model = run.load_model()
    found = read(model, pieces, temperature=1.5)
    for number, piece in enumerate(pieces):
        here = found.piece == number
        logits = model(torch.tensor([piece.ids]))[0][0, :-1] / 1.5
        nats = F.cross_entropy(logits, torch.tensor(piece.ids[1:]), reduction="none")
        assert found.bits[here].tolist() == pytest.approx(
            (nats / math.log(2)).tolist(), rel=1e-4, abs=1e-6
        )
        confidence, best = logits.softmax(-1).max(-1)
        assert found.confidence[here].tolist() == pytest.approx(confidence.tolist(), rel=1e-4)
        assert found.right[here].tolist() == (best == torch.tensor(piece.ids[1:])).tolist()
        assert found.before[here].tolist() == list(range(1, len(piece.ids)))
        assert found.characters[here].sum() == piece.characters


def test_losses_are_means_over_tokens_and_characters(run, pieces):
    found = read(run.load_model(), pieces)
    tokens, characters = len(found.bits), sum(piece.characters for piece in pieces)
    assert found.per_token.value == pytest.approx(found.bits.sum() / tokens)
    assert found.per_character.value == pytest.approx(found.bits.sum() / characters)
    assert found.per_token.low < found.per_token.value < found.per_token.high


def test_ranges_of_context_hold_every_token_once(run, pieces):
    found = read(run.load_model(), pieces)
    ranges = found.by_context((1, 2, 4, 8, 1000))
    assert [(low, high) for low, high, _ in ranges] == [(1, 2), (2, 4), (4, 8), (8, 1000)]
    second = found.before == 1
    by_hand = found.bits[second].sum() / found.characters[second].sum()
    assert ranges[0][2].value == pytest.approx(by_hand)
    assert found.by_context((500, 600)) == []


def test_predictions_are_the_logits_before_each_token(run, pieces, monkeypatch):
    model = run.load_model()
    logits, came = predictions(model, pieces)
    nats = F.cross_entropy(logits, came, reduction="sum").item()
    assert nats / math.log(2) == pytest.approx(read(model, pieces).bits.sum(), rel=1e-4)
    monkeypatch.setattr("gpt_core.evaluation.reading.MOST_LOGITS", 25 * model.config.vocab_size)
    assert len(predictions(model, pieces)[1]) == 25


def test_the_bytes_of_one_character_count_once(run):
    text = "é duck"
    tokens = tuple(run.tokenizer().tokenize(text))
    assert tokens[0].end == tokens[1].end == 1  # é is two bytes, and two tokens
    found = read(run.load_model(), [Piece(text, tokens)])
    assert found.characters[0] == 0
    assert found.characters.sum() == len(text) - 1


def test_windows_of_a_sitcom_begin_anywhere_and_hold_held_out_scenes(tmp_path):
    from corpus.sitcom import SEPARATOR, generate, whole_text

    text = whole_text(3, 40)
    made = write_run(tmp_path, "0000000b", text=text, tokenizer="bpe", block_size=64)
    sitcom = Run.open(made.path)
    sitcom.corpus["sitcom"] = {"seed": 3, "scenes": 40}
    pieces = windows_of(sitcom, 30).pieces
    assert len(pieces) == 30
    assert all(len(piece.ids) == 64 for piece in pieces)
    scenes = SEPARATOR.join(scene.text for scene in generate(1, 32, held_out=True))
    assert "".join(piece.text for piece in pieces) in scenes
    assert all(piece.tokens[0].start == 0 for piece in pieces)
    tokenizer = sitcom.tokenizer()
    assert all(tokenizer.decode(piece.ids) == piece.text for piece in pieces)


def test_windows_of_any_other_text_are_its_validation_split(run):
    assert windows_of(run, 5, 20) == held_out(run, 5, 20)
    assert np.isfinite(read(run.load_model(), windows_of(run, 3).pieces).bits).all()
