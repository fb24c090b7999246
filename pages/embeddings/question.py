"""The Embeddings lesson's question: which of the prompt's tokens lies nearest to one of them."""

from __future__ import annotations

from collections.abc import Sequence

from gpt_core.interpret.embeddings import cosine_spread
from pages.embeddings import words
from ui.app.lesson import Answer, ask
from ui.services.study import Study
from ui.show.tokens import code

OPTIONS = 4


def guessed(study: Study, ids: Sequence[int]) -> bool:
    """Ask about the first of some tokens. Whether its neighbours may be shown.

    They may, too, where there are no two others to choose from.
    """
    token, *others = ids[: OPTIONS + 1]
    if len(others) < 2:
        return True
    text = study.tokenizer.token_text
    table = study.model.wte.weight
    options = {code(text(i)): i for i in sorted(others)}

    def judge(choice: str) -> Answer:
        cosines = [(text(i), _cosine(study, token, i)) for i in options.values()]
        spread = cosine_spread(table, token)
        return words.judged(text(token), text(options[choice]), cosines, *spread)

    case = "_".join(map(str, (token, *others)))
    return ask(f"emb_near_{case}", words.question(text(token)), list(options), judge)


def _cosine(study: Study, one: int, other: int) -> float:
    a, b = study.model.wte.weight[[one, other]].float()
    return ((a @ b) / (a.norm() * b.norm()).clamp(min=1e-12)).item()
