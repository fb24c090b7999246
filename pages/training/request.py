"""What the form asks the training service for, whatever the run starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.data.text_tables import guessing_bars
from pages.training import words
from pages.training.preparing import Prepared
from ui.app.client import is_guest
from ui.services.runs import RunRequest, count_parameters
from ui.services.training import training_service

if TYPE_CHECKING:
    from corpus import Corpus
    from gpt_core.model.config import GPTConfig
    from gpt_core.training.config import TrainConfig
    from gpt_core.training.run import Start


def request_of(
    corpus: Corpus,
    prepared: Prepared,
    name: str,
    model: GPTConfig,
    train: TrainConfig,
    problems: list[str],
    start: Start | None = None,
) -> RunRequest | None:
    """The run as described, or None where there are problems; one is added for too short a text.

    Raises TrainingError for a run that this server doesn't allow.
    """
    request = RunRequest(
        name=f"{name}, {train.steps:,} steps",
        corpus_name=corpus.name,
        text=corpus.text,
        tokenizer=prepared.tokenizer,
        model=model,
        train=train,
        parameters=count_parameters(model),
        bar_bits=tuple(guessing_bars(corpus.text)["bits, on unseen text"]),
        characters_per_token=prepared.characters_per_token,
        token_bits=prepared.token_bits,
        start=start,
    )
    training_service().check(request, is_guest())
    if prepared.val_tokens <= model.block_size:
        problems.append(words.too_short(prepared.val_tokens, model.block_size))
    return None if problems else request
