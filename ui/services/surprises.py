"""How surprised a model is by each token of a prompt, computed once for all visitors."""

from __future__ import annotations

from torch import Tensor

from gpt_core.evaluation.surprise import token_bits
from ui.services.caches import shared
from ui.services.study import Study
from ui.services.traces import recorded
from ui.show.surprise_strip import Surprises

LIKELIEST = 5


@shared()
def surprises_of(study: Study) -> Surprises:
    """One forward pass over the prompt."""
    logits = recorded(study.loaded, study.ids).logits
    shares, ids = logits[:-1].softmax(-1).topk(min(LIKELIEST, logits.shape[-1]))
    name = study.tokenizer.token_text
    likeliest = tuple(
        tuple((name(i), share) for i, share in zip(row, its_shares, strict=True))
        for row, its_shares in zip(ids.tolist(), shares.tolist(), strict=True)
    )
    bits = token_bits(logits, study.ids).clamp(min=0).tolist()  # no −0
    return Surprises(tuple(bits), likeliest)


@shared()
def after_all(study: Study) -> Tensor:
    """The probabilities (V,) of what comes after the prompt."""
    return recorded(study.loaded, study.ids).logits[-1].softmax(-1)
