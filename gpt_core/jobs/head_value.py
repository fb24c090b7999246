"""What every head is worth: the validation loss without it, with noise bands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpt_core.evaluation.held_out import HeldOut, held_out
from gpt_core.evaluation.intervals import rounded
from gpt_core.interpret.head_importance import affordable, losses_without, values
from gpt_core.jobs import Progress, whole
from gpt_core.model.gpt import GPT
from gpt_core.training.evaluate import bits_per_character
from gpt_core.training.run import Run

MOST_FLOPS = 1e12  # about a minute
FEWEST_PIECES = 8


def head_value(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"texts"}, how many pieces of unseen text at most, 8 to 400.

    A large model reads less, so that it takes no more than about a minute; "tokens" says how much.
    Result: {"what", "tokens", "bits_per_nat", "loss", "heads": [{"head": [layer, head], "zero":
    [value, low, high], "mean": …}]}, losses in nats per token; times bits_per_nat they are bits
    per character.
    """
    texts = whole(settings, "texts", FEWEST_PIECES, 400)
    model = run.load_model()
    heads = model.config.n_layer * model.config.n_head
    read = pieces_for(run, model, texts, passes=heads + 3, flops=MOST_FLOPS)
    ids = [piece.ids for piece in read.pieces]
    tokens = [len(piece) - 1 for piece in ids]
    losses = []
    for one in losses_without(model, ids, mean=True):
        losses.append(one)
        yield Progress(len(losses) - 1, heads + 1)
    found = values(losses, tokens)
    characters = sum(piece.characters for piece in read.pieces)
    result = {
        **{"what": read.what, "tokens": sum(tokens)},
        "bits_per_nat": bits_per_character(1.0, sum(tokens), characters),
        "loss": round(float(losses[0].zero.sum()) / sum(tokens), 5),
        "heads": [
            {"head": list(v.head), "zero": rounded(v.zero), "mean": v.mean and rounded(v.mean)}
            for v in found
        ],
    }
    yield Progress(heads + 1, heads + 1, result)


def pieces_for(
    run: Run, model: GPT, texts: int, *, passes: float, flops: float, longest: int = 1 << 20
) -> HeldOut:
    """As much unseen text as can be read so many times: fewer pieces, then shorter ones.

    Raises RunError when the text is missing.
    """
    tokens = affordable(model, passes, flops)
    length = min(longest, run.block_size)
    count = max(FEWEST_PIECES, min(texts, tokens // length))
    return held_out(run, count, max(16, min(length, tokens // count)))
