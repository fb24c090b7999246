"""Where a run's text comes from, and what training may know of it beside its tokens.

A text is kept as a file, or made again by its recipe. Of the modules that train, this one alone
knows the texts here that programs write. Of the sitcom it also knows what stands between two of its
documents (scenes), and which of its words are rare and matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gpt_core.model.settings import ConfigError
from gpt_core.tokenizers import Tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run_files import RunError, open_file

if TYPE_CHECKING:
    from gpt_core.training.data import TokenData

# A recipe that asks for more scenes or lists than this is taken for damaged.
MOST_SCENES = 1_000_000


class TextSource(Protocol):
    """Gives a text, and describes itself so that the same text can be had again.

    str(source) names it in a sentence.
    """

    def text(self, progress: Callable[..., Any] = iter) -> str:
        """The whole text; progress: see `corpus.sitcom.whole_text`. Raises RunError."""

    def describe(self) -> dict[str, Any]:
        """What config.json says of it beside its name and length, as plain JSON values."""


@dataclass(frozen=True)
class TextFile:
    """A text that is kept as it stands."""

    path: Path

    def text(self, progress: Callable[..., Any] = iter) -> str:
        """Read it. Raises RunError when it is missing or no text."""
        try:
            with open_file(self.path) as file:
                return file.read().decode("utf-8", "surrogatepass")
        except (OSError, UnicodeDecodeError):
            raise RunError(f"{self} is missing or no text.") from None

    def describe(self) -> dict[str, Any]:
        """Nothing: the file is all there is."""
        return {}

    def __str__(self) -> str:
        return f"{self.path.name} of {self.path.parent.name}"


@dataclass(frozen=True)
class SitcomText:
    """A recipe: so many scenes of the generated sitcom, the same ones for the same seed."""

    seed: int
    scenes: int

    @classmethod
    def from_description(cls, corpus: dict[str, Any]) -> SitcomText | None:
        """The inverse of `describe`, None for other texts. Raises RunError for a damaged one."""
        found = _numbers(corpus, "sitcom", "scenes")
        return cls(*found) if found else None

    def text(self, progress: Callable[..., Any] = iter) -> str:
        """Make it, which takes a second for every 1,500 scenes or so."""
        from corpus.sitcom import whole_text

        return whole_text(self.seed, self.scenes, progress=progress)

    def beginning(self, scenes: int) -> str:
        """Its first scenes, at most so many."""
        return replace(self, scenes=min(scenes, self.scenes)).text()

    def describe(self) -> dict[str, Any]:
        """{"sitcom": {"seed", "scenes"}}."""
        return {"sitcom": asdict(self)}

    def __str__(self) -> str:
        return f"The sitcom of {self.scenes:,} scenes and seed {self.seed}, by today's plots,"


@dataclass(frozen=True)
class ListsText:
    """A recipe: so many lists, each read out twice, the same ones for the same seed."""

    seed: int
    count: int

    @classmethod
    def from_description(cls, corpus: dict[str, Any]) -> ListsText | None:
        """The inverse of `describe`, None for other texts. Raises RunError for a damaged one."""
        found = _numbers(corpus, "lists", "count")
        return cls(*found) if found else None

    def text(self, progress: Callable[..., Any] = iter) -> str:
        """Make it, which is a matter of a second."""
        from corpus.lists import lists

        return lists(self.seed, self.count)

    def describe(self) -> dict[str, Any]:
        """{"lists": {"seed", "count"}}."""
        return {"lists": asdict(self)}

    def __str__(self) -> str:
        return f"The text of {self.count:,} lists and seed {self.seed}, by today's words,"


def recipe_of(corpus: dict[str, Any]) -> TextSource | None:
    """What makes a text, by its description; None if no program wrote it. Raises RunError."""
    return SitcomText.from_description(corpus) or ListsText.from_description(corpus)


def _numbers(corpus: dict[str, Any], kind: str, size: str) -> tuple[int, int] | None:
    """Seed and size of a recipe of that kind."""
    if (recipe := corpus.get(kind)) is None:
        return None
    values: list[Any] = []
    if isinstance(recipe, dict):
        values = [recipe.get("seed"), recipe.get(size)]
    if [type(n) for n in values] != [int, int] or not 1 <= values[1] <= MOST_SCENES:
        raise RunError("config.json has a damaged recipe of the run's text.")
    return values[0], values[1]


def separator_ids(tokenizer: Tokenizer) -> list[int]:
    """What stands between documents, as tokens (byte pairs may cut it otherwise before others)."""
    from corpus.sitcom import HEADING, SEPARATOR

    return tokenizer.encode(SEPARATOR + HEADING)[: -len(tokenizer.encode(HEADING))]


def rare_ids(tokenizer: Tokenizer) -> list[int]:
    """The tokens that the small fillers of the sitcom (days, numbers, towns …) begin with.

    Of byte pairs, whose tokens hold the space before a word; none where the space is a token.
    """
    from corpus.sitcom import small_fillers

    firsts = {tokenizer.encode(f" {filler}")[0] for filler in small_fillers()}
    return sorted(i for i in firsts if tokenizer.decode([i]) != " ")


def token_data(
    splits: tuple[np.ndarray, np.ndarray], tokenizer: Tokenizer, config: TrainConfig
) -> TokenData:
    """Tokens (train, validation) with what the settings ask to know of them.

    Raises DataError when no document begins in one of them, ConfigError when rare tokens are to
    count more and there are none.
    """
    from gpt_core.training import data

    starts = weights = None
    if config.document_starts:
        train, val = (data.starts_of(tokens, separator_ids(tokenizer)) for tokens in splits)
        starts = train, val
    if config.rare_token_weight != 1.0:
        weights, rare = np.ones(tokenizer.vocab_size), rare_ids(tokenizer)
        weights[rare] = config.rare_token_weight
        if not np.isin(splits[0], rare).any():
            raise ConfigError(
                "rare_token_weight is for the generated sitcom in byte pairs; there are no tokens "
                "of its days, numbers and towns here; use rare_token_weight 1."
            )
    return data.TokenData(*splits, starts, weights)
