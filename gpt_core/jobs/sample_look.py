"""What can be counted about samples of a model, written with one setting, beside held-out text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from corpus.sitcom import check, generate
from gpt_core.evaluation.continuations import continuations
from gpt_core.evaluation.held_out import SCENES_SEED, held_out
from gpt_core.evaluation.intervals import Estimate, ratio, wilson
from gpt_core.evaluation.samples import look, words_of
from gpt_core.evaluation.sitcom_scenes import by_model, model_nats, scene_ids, write_scenes
from gpt_core.generate.sample import SampleConfig
from gpt_core.jobs import JobError, Progress, choice, whole
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import Tokenizer
from gpt_core.training.data import encode_to_array
from gpt_core.training.run import Run

TEMPERATURES = (0.3, 0.5, 0.7, 1.0, 1.3, 1.7)
TOP_PS = (0.5, 0.8, 0.9, 1.0)
SAMPLES, GIVEN, WRITTEN = 24, 8, 160
MOST_SEED = 9999
_LONGEST_SCENE = 500  # tokens
_SCENES = 2_000  # of the training text, from which words are known
_FEWEST_WORDS = 8  # of each sample that are looked at, if it has them


def sample_look(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"temperature", "top_p", "seed"}.

    Of a generated sitcom it writes whole scenes, of any other text continuations of held-out
    pieces. Value: {"written", "real": each {"look", "bits", "passed"}, "texts": the samples,
    "words": of each sample that were looked at, the same for both}. look: as `Look`; bits: per
    character, by the model itself; passed: the share of scenes that pass the checker, or None.
    Raises JobError, RunError.
    """
    if run is None:
        raise JobError("Choose a model: this looks at what it writes.")
    config = SampleConfig(
        temperature=choice(settings, "temperature", TEMPERATURES),
        top_p=choice(settings, "top_p", TOP_PS),
        seed=whole(settings, "seed", 1, MOST_SEED),
    )
    model, tokenizer = run.load_model(), run.tokenizer()
    written: list[str] = []
    real: list[str] = []
    for ours, theirs in _samples(run, model, tokenizer, config):
        written.append(ours)
        real.append(theirs)
        yield Progress(len(written), SAMPLES + 1)
    known = _known_words(run)
    most = _common_length([*written, *real])
    value: dict[str, Any] = {"texts": written, "words": most}
    scenes = run.recipe() is not None
    for name, texts in (("written", written), ("real", real)):
        found = asdict(look(texts, known, most))
        passed = wilson(sum(check(t).passed for t in texts), len(texts)) if scenes else None
        value[name] = {"look": found, "bits": asdict(_bits(model, tokenizer, texts, scenes))}
        value[name]["passed"] = asdict(passed) if passed else None
    yield Progress(SAMPLES + 1, SAMPLES + 1, value)


def _samples(
    run: Run, model: GPT, tokenizer: Tokenizer, config: SampleConfig
) -> Iterator[tuple[str, str]]:
    """SAMPLES texts that the model writes, each with one that it did not learn from."""
    if run.recipe():
        scenes = [scene.text for scene in generate(SCENES_SEED, SAMPLES, held_out=True)]
        config = replace(config, max_new_tokens=_LONGEST_SCENE)
        ours = write_scenes(by_model(model, tokenizer), tokenizer, SAMPLES, config)
        yield from zip(ours, scenes, strict=True)
        return
    longest = min(GIVEN + WRITTEN, run.block_size)
    pieces = held_out(run, SAMPLES, longest).pieces
    for pair in continuations(model, tokenizer, pieces, min(GIVEN, longest // 2), config):
        yield pair.written, pair.real


def _known_words(run: Run) -> set[str]:
    recipe = run.recipe()
    if recipe:
        return set(words_of(recipe.beginning(_SCENES)))
    return set(words_of(run.tokenizer().decode(run.tokens()[0].tolist())))


def _common_length(texts: Sequence[str]) -> int:
    """How many words nine of ten samples have; at least a few."""
    counts = sorted(len(words_of(text)) for text in texts)
    return max(_FEWEST_WORDS, counts[len(counts) // 10])


def _bits(model: GPT, tokenizer: Tokenizer, texts: Sequence[str], scenes: bool) -> Estimate:
    """Bits per character of texts, by the model itself; scenes after the sign between two."""
    if scenes:
        ids, given = scene_ids(texts, tokenizer)
        characters = [len(text) for text in texts]
    else:
        kept = [text for text in texts if len(tokenizer.encode(text)) > 1]
        if not kept:
            return Estimate(0.0, 0.0, 0.0)
        ids, given = [encode_to_array(tokenizer, text) for text in kept], 1
        characters = [len(text) - tokenizer.tokenize(text)[0].end for text in kept]
    return ratio(model_nats(model, ids, given) / math.log(2), characters)
