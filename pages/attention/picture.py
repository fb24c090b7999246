"""The Attention lesson's picture of all heads, as it is sent, and what is chosen in it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from gpt_core.interpret.attention import compare, written_length
from ui.app import address
from ui.app.study_bar import redraw_parts
from ui.components.attention_map import (
    IN_URL,
    Beside,
    Outcome,
    Selection,
    attention_map,
    pack,
    selected,
)
from ui.services.study import Study
from ui.services.traces import attention_of
from ui.services.turns import crowded
from ui.show.tokens import short

PICTURE = "attention_map"
# Of all heads together; a picture of GPT-2's 144 heads on 1,000 tokens would be 144 MB.
MOST_CELLS = 4_000_000
# Bytes. With more, a handout has the arithmetic of the locked head alone.
MOST_IN_HANDOUT = 12_000_000


def looked_at(study: Study) -> tuple[Study, Selection]:
    """The prompt's end, as much as a picture of all heads has room for, and what is chosen."""
    config = study.model.config
    study = study.last(math.isqrt(MOST_CELLS // (config.n_layer * config.n_head)))
    shape = (config.n_layer, config.n_head)
    return study, Selection.from_url(address.texts(*IN_URL), shape, len(study.ids))


def keep_in_url(side: str) -> None:
    """Whatever the visitor chooses in the picture is in the address, ready to be shared."""
    choice = selected(PICTURE + side)
    if choice:
        said = choice.in_url()
        if side:
            said.pop("off")  # what is off in B is chosen in the bar
        address.write(said)
        redraw_parts()  # what is said below is about the chosen head, too


def outcome(study: Study, off: tuple[tuple[int, int], ...]) -> Outcome:
    """The likeliest next tokens with all heads, and what becomes of them without some."""
    change = compare(study.ids, *(attention_of(study, heads).trace.logits for heads in ((), off)))
    best = change.before.topk(min(5, len(change.before))).indices.tolist()
    rows = [
        (short(study.tokenizer.token_text(i)), change.before[i].item(), change.after[i].item())
        for i in best
    ]
    before, after = (
        None if loss is None else loss / math.log(2)
        for loss in (change.loss_before, change.loss_after)
    )
    return Outcome(rows, before, after)


def show_picture(
    study: Study, chosen: Selection, side: str = "", beside: Beside | None = None
) -> None:
    """All heads, one of them large, and its arithmetic. side: A's or B's where B is compared."""
    config = study.model.config
    traced, next_tokens = attention_of(study, chosen.off), outcome(study, chosen.off)
    labels = [short(token.text) for token in study.tokens]

    def message(chosen: Selection) -> bytes:
        v = traced.trace.v[chosen.head]
        return pack(
            traced.trace,
            traced.small,
            written_length(study.model, *chosen.head, v),
            config.causal,
            labels,
            chosen,
            next_tokens,
            study.prompt,
            beside,
        )

    def others() -> dict[str, bytes]:
        heads = [(i, j) for i in range(config.n_layer) for j in range(config.n_head)]
        if len(heads) * len(first) > MOST_IN_HANDOUT:
            return {}
        return {f"[{i},{j}]": message(replace(chosen, head=(i, j), cell=None)) for i, j in heads}

    first = message(chosen)
    chosen_in = partial(keep_in_url, side)
    attention_map(first, PICTURE + side, chosen_in, ahead=not crowded(), others=others)
