"""Did the model copy? Its samples, and held-out text, against all of its training text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gpt_core.evaluation.continuations import Continuation, continuations
from gpt_core.evaluation.copying import CopyFinder, Stretch, copied
from gpt_core.evaluation.held_out import Piece, held_out
from gpt_core.evaluation.training_text import training_text
from gpt_core.generate.sample import SampleConfig
from gpt_core.jobs import JobError, Progress, choice, whole
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import Tokenizer
from gpt_core.training.run import Run

TEMPERATURES = (0.5, 0.8, 1.0, 1.5)
SAMPLES, GIVEN, WRITTEN = 8, 8, 120  # samples, and tokens of each that are given and written
LENGTHS = (4, 8, 16, 32, 64)  # tokens that a stretch must have at least
MOST_SEED = 9999
_OFTEN = 8  # megabytes of text between two partial results


def copying(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"temperature", "seed"}: how the model writes.

    It goes on from the beginnings of held-out pieces; the same pieces' own continuations are looked
    up as well, to show how much is only language.

    Value: {"samples": [{"beginning", "text", "tokens": [[start, end], …], "stretches": [{"start",
    "end", "tokens", "place", "before", "after"}, …]}, …], "lengths", "shares": {"written", "real"},
    "bytes", "read"}. place: a share of the training text, 0 to 1. shares: for each sample, for each
    of lengths, the share of its tokens in stretches that are as long. Raises JobError, RunError.
    """
    if run is None:
        raise JobError("Choose a model: this looks for what it copied.")
    tokenizer = run.tokenizer()
    pairs = _written(run.load_model(), tokenizer, beginnings(run), settings)
    text = training_text(run)
    total = 1 + text.size // (1 << 20)
    finder = _finder(pairs)
    shown = -1
    for read in finder.read(text.pieces):
        done = min(total - 1, read >> 20)
        due = read < 1 << 20 or done // _OFTEN > shown
        if due:
            shown = done // _OFTEN
        yield Progress(
            done, total, _found(pairs, finder, tokenizer, text.size, read) if due else None
        )
    yield Progress(total, total, _found(pairs, finder, tokenizer, text.size, text.size))


def beginnings(run: Run) -> list[Piece]:
    """The held-out pieces that the model goes on from. Raises RunError."""
    return held_out(run, SAMPLES, min(GIVEN + WRITTEN, run.block_size)).pieces


def copied_from(
    text: bytes, pieces: Sequence[Piece], model: GPT, tokenizer: Tokenizer, settings: dict[str, Any]
) -> dict[str, Any]:
    """The same value for a training text that is at hand. pieces: see `beginnings`."""
    pairs = _written(model, tokenizer, pieces, settings)
    finder = _finder(pairs)
    for _ in finder.read([text]):
        pass
    return _found(pairs, finder, tokenizer, len(text), len(text))


def _written(
    model: GPT, tokenizer: Tokenizer, pieces: Sequence[Piece], settings: dict[str, Any]
) -> list[Continuation]:
    temperature = choice(settings, "temperature", TEMPERATURES)
    config = SampleConfig(temperature=temperature, seed=whole(settings, "seed", 1, MOST_SEED))
    given = min(GIVEN, min(GIVEN + WRITTEN, model.config.block_size) // 2)
    return list(continuations(model, tokenizer, pieces, given, config))


def _finder(pairs: Sequence[Continuation]) -> CopyFinder:
    return CopyFinder([*(p.written for p in pairs), *(p.real for p in pairs)])


def _found(
    pairs: Sequence[Continuation], finder: CopyFinder, tokenizer: Tokenizer, size: int, read: int
) -> dict[str, Any]:
    stretches = finder.stretches()
    samples, written, real = [], [], []
    for number, pair in enumerate(pairs):
        spans = _spans(tokenizer, pair.written)
        own = [each for each in stretches if each.sample == number]
        samples.append(
            {
                **{"beginning": pair.beginning, "text": pair.written, "tokens": spans},
                "stretches": [
                    told
                    for each in own
                    if (told := _told(each, spans, size))["tokens"] >= min(LENGTHS)
                ],
            }
        )
        written.append(_shares(spans, own))
        others = [each for each in stretches if each.sample == number + len(pairs)]
        real.append(_shares(_spans(tokenizer, pair.real), others))
    shares = {"written": written, "real": real}
    value = {"samples": samples, "lengths": list(LENGTHS), "shares": shares}
    return value | {"bytes": size, "read": read}


def _spans(tokenizer: Tokenizer, text: str) -> list[tuple[int, int]]:
    return [(token.start, token.end) for token in tokenizer.tokenize(text)]


def _shares(spans: Sequence[tuple[int, int]], stretches: Sequence[Stretch]) -> list[float]:
    """Of the tokens, the share in stretches of each of LENGTHS."""
    if not spans:
        return [0.0] * len(LENGTHS)
    return [round(float(copied(spans, stretches, n).mean()), 4) for n in LENGTHS]


def _told(stretch: Stretch, spans: Sequence[tuple[int, int]], size: int) -> dict[str, Any]:
    inside = sum(a >= stretch.start and b <= stretch.end and b > a for a, b in spans)
    value: dict[str, Any] = {"start": stretch.start, "end": stretch.end, "tokens": inside}
    value |= {"place": round(stretch.place / max(1, size), 6)}
    return value | {"before": stretch.before, "after": stretch.after}
