"""What every head looks at, on texts that the model did not learn from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from gpt_core.interpret.attention import Head
from gpt_core.interpret.head_roles import (
    RoleScores,
    clear_roles,
    gather,
    mark,
    patterns_of,
    score_text,
)
from gpt_core.interpret.induction import random_tokens, repeat_test
from gpt_core.jobs import Progress, whole
from gpt_core.jobs.head_value import FEWEST_PIECES, pieces_for
from gpt_core.training.run import Run

MOST_FLOPS = 5e11
LONGEST = 400  # tokens: a pattern takes T × T numbers a head
REPEATED_SEED = 0  # of the random tokens that are repeated


def head_roles(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"texts"}, how many pieces of unseen text at most, 8 to 60.

    Result: {"what", "texts": how many, "roles": {name: texts that have it}, "heads": [{"head":
    [layer, head], "roles": clear ones, "repeated": whether it also looks after earlier copies where
    random tokens repeat (None: the context is too short), "scores": {name: [share of attention,
    chance, t]}}]}.
    """
    texts = whole(settings, "texts", FEWEST_PIECES, 60)
    model = run.load_model()
    config = model.config
    read = pieces_for(run, model, texts, passes=1, flops=MOST_FLOPS, longest=LONGEST)
    scores: list[dict[str, Tensor]] = []
    for piece in read.pieces:
        yield Progress(len(scores), len(read.pieces))
        text = mark(piece.tokens, piece.text)
        scores.append(score_text(patterns_of(model, text.ids), text, config.causal))
    roles, repeated = gather(scores), None
    if config.block_size >= 4:
        repeated = repeat_test(model, random_tokens(model, REPEATED_SEED)).passed()
    heads = [(layer, head) for layer in range(config.n_layer) for head in range(config.n_head)]
    result = {
        "what": read.what,
        "texts": len(scores),
        "roles": {name: role.texts for name, role in roles.items()},
        "heads": [
            {
                **{"head": list(head), "roles": clear_roles(roles, head)},
                "repeated": None if repeated is None else bool(repeated[head]),
                "scores": {name: _numbers(role, head) for name, role in roles.items()},
            }
            for head in heads
        ],
    }
    yield Progress(len(scores), len(scores), result)


def _numbers(role: RoleScores, head: Head) -> list[float]:
    both = [round(x[head].item(), 4) for x in (role.share, role.chance)]
    return [*both, round(role.t[head].item(), 1)]
