"""What is being looked at: one model and one prompt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ui.services import models

if TYPE_CHECKING:
    from gpt_core.model.gpt import GPT
    from gpt_core.tokenizers import Token, Tokenizer


@dataclass(frozen=True)
class Study:
    """What is being looked at: one model and one prompt.

    prompt: as it is read, see `as_prompt`. ids and tokens are its last block_size tokens; left_out
    says how many were cut from its beginning.
    """

    run_key: str
    prompt: str
    loaded: models.LoadedModel
    ids: tuple[int, ...]
    tokens: tuple[Token, ...]
    left_out: int

    @property
    def model(self) -> GPT:
        """The model, in eval mode. Shared with other visitors: never change its weights."""
        return self.loaded.model

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the model was trained on."""
        return self.loaded.tokenizer

    def last(self, count: int) -> Study:
        """The same with only the last `count` tokens of the prompt; left_out counts the others."""
        cut = max(0, len(self.ids) - count)
        return replace(
            self, ids=self.ids[cut:], tokens=self.tokens[cut:], left_out=self.left_out + cut
        )

    def on(self, loaded: models.LoadedModel) -> Study:
        """The same tokens for another version of the model: with a head off."""
        return replace(self, loaded=loaded)

    @property
    def key(self) -> tuple[str, str, tuple[int, ...]]:
        """What tells it from other studies: the weights, the prompt, the tokens that are looked at.

        See `ui.services.caches.shared`.
        """
        return self.loaded.fingerprint, self.prompt, self.ids

    @property
    def fingerprint(self) -> str:
        """A key for caches: changes whenever the weights change."""
        return self.loaded.fingerprint


def study_of(key: str, prompt: str) -> Study:
    """The study of a model and a prompt, which may be empty. Raises RunError."""
    loaded = models.load(key)
    from gpt_core.tokenizers import as_prompt

    prompt = as_prompt(loaded.tokenizer, prompt)
    tokens = loaded.tokenizer.tokenize(prompt)
    kept = tokens[-loaded.model.config.block_size :]
    ids = tuple(token.id for token in kept)
    return Study(key, prompt, loaded, ids, tuple(kept), len(tokens) - len(kept))
