"""The part of the form for a run that goes on from a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from gpt_core.model.settings import ConfigError
from gpt_core.training.config import TrainConfig, tuning_config
from gpt_core.training.run import Start
from pages.training import words
from pages.training.preparing import known_to, prepare_for, rhythm
from pages.training.request import request_of
from ui.app import widgets
from ui.app.client import own_limits
from ui.app.study_bar import current_study, model_names
from ui.services.runs import RunRequest, TrainingError
from ui.show.names import as_text

if TYPE_CHECKING:
    from corpus import Corpus
    from ui.services.models import LoadedModel

TOKENS = 4096  # that a step reads, unless told otherwise


def tuning_request(corpus: Corpus, problems: list[str]) -> RunRequest | None:
    """The widgets of such a run; the run as described, or None and a sentence in the problems."""
    study = current_study()
    loaded, name = study.loaded, model_names()[study.run_key]
    known = known_to(corpus.text, loaded)
    st.markdown(words.kept(as_text(name), loaded.tokenizer.kind, loaded.tokenizer.vocab_size))
    if known.unknown:
        st.warning(words.unknown_characters(known), icon=":material/help:")
    if known.share > words.MOST_UNKNOWN:
        problems.append(words.TOO_MUCH_UNKNOWN)
    try:
        return _request(corpus, loaded, name, problems)
    except (ConfigError, TrainingError) as error:
        problems.append(str(error))
        return None


def _settings(loaded: LoadedModel) -> TrainConfig:
    """What is trained, and how."""
    config = loaded.model.config
    name = words.WAYS.__getitem__
    way = widgets.segmented_control(
        "What is trained", list(words.WAYS), "all", key="tune", format_func=name
    )
    st.caption(words.ABOUT_WAYS[way])
    chosen: dict[str, Any] = {"tune": way}
    if way == "lora":
        most = min(config.n_embd, 64)
        chosen["lora_rank"] = widgets.number_input(
            "Rank", 1, most, min(8, most), key="tune_rank", help=words.RANK_HELP
        )
    columns = st.expander("How it learns", icon=":material/tune:").columns(2)
    preset = tuning_config(config.n_embd, **chosen)
    most_steps = own_limits().steps
    batch = max(1, min(12, TOKENS // config.block_size))
    boxes = [
        ("steps", "Steps", 1, most_steps, min(preset.steps, most_steps)),
        ("batch_size", "Batch", 1, 512, batch),
        ("learning_rate", "Learning rate", 1e-7, 1.0, preset.learning_rate),
        ("seed", "Seed", 0, 99_999, preset.seed),
    ]
    if config.ngrams and way == "all":  # the others leave the vectors of runs as they are
        rate = ("ngram_lr", "Learning rate of runs' vectors", 1e-7, 1.0, preset.ngram_lr)
        boxes.append(rate)
    for number, (field, label, low, high, start) in enumerate(boxes):
        look: dict[str, Any] = {"help": widgets.help_of(TrainConfig, field)}
        if isinstance(start, float):
            look |= {"format": "%g", "step": start / 5}
        chosen[field] = widgets.number_input(
            label, low, high, start, key=f"tune_{field}", container=columns[number % 2], **look
        )
    return tuning_config(config.n_embd, **chosen, **rhythm(chosen["steps"]))


def _request(
    corpus: Corpus, loaded: LoadedModel, name: str, problems: list[str]
) -> RunRequest | None:
    train, prepared = _settings(loaded), prepare_for(corpus.text, loaded)
    kind = f"tuned on {corpus.name}, {words.WAYS[train.tune]}"
    start = Start(name, loaded.model)
    return request_of(corpus, prepared, kind, loaded.model.config, train, problems, start)
