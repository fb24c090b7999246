"""A training run as a folder: what went in, how it went, what came out.

    config.json          model and training settings, which corpus, when
    tokenizer.json       the trained tokenizer
    corpus.txt           the text
    metrics.jsonl        one JSON object a line: steps, evaluations, samples
    status.json          {"state", "step", "reason"}; it and metrics.jsonl: see run_files
    snapshots/           weights along the way, matrices in bytes
    model.safetensors    the newest weights; adapters are merged into them
    state.safetensors    all that continuing needs, in one file
    start.safetensors    of a run that goes on from another model: that model's weights

Files are replaced whole, by renaming; metrics.jsonl only grows, a whole line at a time. So killing
the process at any moment leaves a folder that loads and continues. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.files import is_file
from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import ConfigError
from gpt_core.tokenizers import Tokenizer, TokenizerError, load_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run_files import (
    BUNDLED,
    CONFIG,
    COPYING,
    IMPORTED,
    METRICS,
    SNAPSHOTS,
    START,
    STATE,
    RunError,
    RunFolder,
    printable,
    read_json,
    write_json,
)
from gpt_core.training.text_source import SitcomText, TextFile, TextSource, recipe_of

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.model.gpt import GPT

FORMAT = 1
CORPUS, TOKENIZER = "corpus.txt", "tokenizer.json"
# Snapshots of one run never take more than this, nor are there more of them.
MAX_SNAPSHOTS = 65
MAX_SNAPSHOT_BYTES = 300_000_000
# Most of what a run learns, it learns in its first steps: more snapshots are kept there.
EARLY_SNAPSHOTS = (16, 32, 64, 128, 256)
LONGEST_NAME = 100  # characters of a folder's name
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]')
_TAKEN = {"CON", "PRN", "AUX", "NUL", *(f"{port}{i}" for port in ("COM", "LPT") for i in range(10))}
# What settings of training are called in older folders, and what they are called here.
RENAMED = {"whole_scenes": "document_starts", "filler_weight": "rare_token_weight"}


@contextmanager
def _appearing_as(path: Path, unfinished: Path) -> Iterator[None]:
    """What is written into one folder meanwhile appears as another, whole, or not at all."""
    try:
        yield
        unfinished.rename(path)
    except OSError as error:
        raise RunError(f"{path} can't be written: {error.strerror}.") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@dataclass(frozen=True)
class Start:
    """A trained model that a new run goes on from: its name for people, and itself."""

    name: str
    model: GPT


@dataclass(frozen=True)
class Run(RunFolder):
    """One run's folder. Make one with `create`, read one with `open`.

    corpus: {"name", "sha256", "characters"} of the text; of a generated one also its recipe, which
    stands in for a corpus.txt that was left out. created: when, in ISO 8601, UTC. start: the name
    of the model that it goes on from; None for one that began with random weights.
    """

    model_config: GPTConfig
    train_config: TrainConfig
    corpus: dict[str, Any]
    created: str
    start: str | None = None

    @classmethod
    def create(
        cls,
        root: str | os.PathLike[str],
        *,
        model_config: GPTConfig,
        train_config: TrainConfig,
        tokenizer: Tokenizer,
        text: str,
        corpus_name: str,
        name: str | None = None,
        recipe: TextSource | None = None,
        start: Start | None = None,
    ) -> Run:
        """Make the folder root/name (a new name by default), in state "queued".

        recipe: what the text was made by, if a program wrote it. start: what it goes on from, a
        model of that config.

        It appears whole or not at all. Raises RunError when it exists already or can't have that
        name, when the model's vocabulary isn't the tokenizer's, when the text is too short for
        block_size, or when only a part of random weights would be trained.
        """
        if start is None and train_config.tune != "all":
            raise RunError(
                f"tune is {train_config.tune!r}: that trains a part of a model that has learned "
                f"something, and this run has none to go on from."
            )
        if model_config.vocab_size != tokenizer.vocab_size:
            raise RunError(
                f"The model has {model_config.vocab_size} tokens and the tokenizer "
                f"{tokenizer.vocab_size}; they must be the same."
            )
        created = datetime.now(UTC)
        if name is None:
            name = f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        path = check_new(Path(root), name)
        source = recipe or TextFile(path / CORPUS)
        run = cls(
            path.with_name(f".{name}.{secrets.token_hex(3)}.tmp"),
            model_config,
            train_config,
            {"name": corpus_name, "sha256": _sha256(text), "characters": len(text)}
            | source.describe(),
            created.isoformat(timespec="seconds"),
            start.name if start is not None else None,
        )
        with _appearing_as(path, run.path):
            run._write_inputs(tokenizer, text)
            if start is not None:
                run._write_start(start.model)
            run._check_length(text)
        return cls.open(path)

    def _write_inputs(self, tokenizer: Tokenizer, text: str) -> None:
        (self.path / SNAPSHOTS).mkdir(parents=True)
        config = {
            "format": FORMAT,
            "model": self.model_config.to_dict(),
            "train": self.train_config.to_dict(),
            "corpus": self.corpus,
            "created": self.created,
        }
        if self.start is not None:
            config["start"] = self.start
        write_json(self.path / CONFIG, config)
        tokenizer.save(self.path / TOKENIZER)
        (self.path / CORPUS).write_bytes(text.encode("utf-8", "surrogatepass"))
        self.set_status("queued", 0)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Run:
        """Read a folder's settings. Raises RunError when it is no run, or a damaged one."""
        path = Path(path)
        if not is_file(path / CONFIG):
            raise RunError(f"There is no run in {path}; config.json is missing.")
        config = read_json(path / CONFIG)
        if config.get("format") != FORMAT:
            raise RunError(f"{path.name} was written in a format that this version can't read.")
        train = config.get("train")
        if isinstance(train, dict):
            train = {RENAMED.get(name, name): value for name, value in train.items()}
        try:
            model_config = GPTConfig.from_dict(config.get("model"))
            train_config = TrainConfig.from_dict(train)
        except ConfigError as error:
            raise RunError(f"config.json of {path.name} is damaged: {error}") from None
        corpus: Any = config.get("corpus")
        created = config.get("created")
        name = corpus.get("name") if isinstance(corpus, dict) else None
        if not isinstance(name, str) or not isinstance(created, str):
            raise RunError(f"config.json of {path.name} doesn't name its corpus and date.")
        corpus = corpus | {"name": printable(name)}
        start: Any = config.get("start")
        if not isinstance(start, str | None):
            raise RunError(f"config.json of {path.name} names no model that it could go on from.")
        start = start and printable(start)
        return cls(path, model_config, train_config, corpus, printable(created), start)

    # What went in ---------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """What tells it from others, also from an earlier one in the same folder."""
        return f"{self.path} {self.created}"

    def tokenizer(self) -> Tokenizer:
        """The run's tokenizer. Raises RunError when it is damaged or not the model's."""
        if not is_file(self.path / TOKENIZER):
            raise RunError(f"tokenizer.json of {self.name} is missing.")
        try:
            tokenizer = load_tokenizer(self.path / TOKENIZER)
        except TokenizerError as error:
            raise RunError(str(error)) from None
        if tokenizer.vocab_size != self.model_config.vocab_size:
            raise RunError(
                f"tokenizer.json has {tokenizer.vocab_size} tokens and the model "
                f"{self.model_config.vocab_size}; they don't belong together."
            )
        return tokenizer

    def tokenizer_kind(self) -> str:
        """What its tokens are, see `gpt_core.tokenizers.KINDS`. Raises RunError."""
        return printable(str(read_json(self.path / TOKENIZER).get("kind")))

    def recipe(self) -> SitcomText | None:
        """What its sitcom was made by, None for any other text.

        Raises RunError when the recipe is damaged, or asks for more than anybody would wait for.
        """
        return SitcomText.from_description(self.corpus)

    def has_text(self) -> bool:
        """Whether its text lies here as a file."""
        return (self.path / CORPUS).exists()

    def text(self, recipe: TextSource | None = None, progress: Callable[..., Any] = iter) -> str:
        """The corpus: its file, or where that was left out, what its recipe makes.

        recipe: for a run that has none of its own. Raises RunError when there is neither file nor
        recipe, or the text is not the one that the run began with.
        """
        made_by = recipe_of(self.corpus) or recipe
        source = TextFile(self.path / CORPUS) if self.has_text() or not made_by else made_by
        text = source.text(progress)
        if _sha256(text) != self.corpus.get("sha256"):
            raise RunError(f"{source} is not the text that the run began with.")
        return text

    def tokens(self) -> tuple[np.ndarray, np.ndarray]:
        """The corpus as token ids, split in two: (train, validation). Raises RunError."""
        return self.tokens_of(self.text())

    def tokens_of(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The same of a text that was read already."""
        from gpt_core.training import data

        try:
            train, val = data.split(data.encode_to_array(self.tokenizer(), text))
            for tokens in (train, val):
                data.batch(tokens, 0, batch_size=1, block_size=self.block_size, seed=0)
        except data.DataError as error:
            raise RunError(str(error)) from None
        return train, val

    def _check_length(self, text: str) -> None:
        """Raise RunError for a text that is too short to train on.

        If the beginning of a long one has twice as many tokens as are needed, the rest is not cut
        into tokens, which could take seconds.
        """
        enough = 20 * (self.block_size + 1)  # in a tenth of these there are two contexts
        beginning = text[: 20 * enough]
        if len(self.tokenizer().encode(beginning)) < enough:
            self.tokens_of(text)

    @property
    def block_size(self) -> int:
        """The model's context, in tokens."""
        return self.model_config.block_size

    # What came out --------------------------------------------------------------------------

    def load_model(self, step: int | None = None) -> GPT:
        """The trained model in eval mode: the newest weights, or those of a snapshot.

        Raises RunError when they are missing, damaged, or of another shape than config.json says
        (checked before any memory is taken).
        """
        return self._model_of(self.weights_path(step))

    def new_model(self) -> GPT:
        """The model that training begins with: random, or that which the run goes on from.

        Random weights are drawn from PyTorch's own generator. Raises RunError when the weights to
        go on from are missing or damaged.
        """
        from gpt_core.model.gpt import GPT

        if self.start is None:
            return GPT(self.model_config)
        return self._model_of(self.path / START)

    def _model_of(self, path: Path) -> GPT:
        from gpt_core.model.gpt import GPT
        from gpt_core.model.shapes import shapes_of
        from gpt_core.model.weights import WeightsError, load_tensors, load_weights, weights

        expected = weights(shapes_of(self.model_config))
        try:
            tensors, _ = load_tensors(path, expected)
            model = GPT(self.model_config)
            load_weights(model, tensors)
        except WeightsError as error:
            raise RunError(f"The weights of {self.name} can't be loaded: {error}") from None
        return model.eval()

    def save_model(self, model: GPT, step: int) -> None:
        """Publish weights as the newest."""
        from gpt_core.adapters.lora import merged
        from gpt_core.model.weights import save_tensors, weights

        with merged(model):
            save_tensors(self.weights_path(), weights(model), {"step": str(step)})

    def derive(self, folder: str | os.PathLike[str], tensors: dict[str, Tensor], how: str) -> Run:
        """Make a finished run of other weights for the same design, with the same text and curves.

        tensors: as a file has them, see `load_tensors`. how: the reason in its status. It appears
        whole or not at all. Raises RunError when the folder exists or can't be made.
        """
        from gpt_core.model.weights import save_tensors

        path = check_new(Path(folder).parent, Path(folder).name)
        new = RunFolder(path.with_name(f".{path.name}.{secrets.token_hex(3)}.tmp"))
        step = self.steps_taken()
        with _appearing_as(path, new.path):
            new.path.mkdir(parents=True)
            for name in (TOKENIZER, METRICS, CORPUS):
                if is_file(self.path / name):
                    shutil.copyfile(self.path / name, new.path / name)
            created = datetime.now(UTC).isoformat(timespec="seconds")
            write_json(new.path / CONFIG, read_json(self.path / CONFIG) | {"created": created})
            save_tensors(new.weights_path(), tensors, {"step": str(step)})
            # That nobody here knows what it learned is as true of what is made from it.
            new.set_status("finished", step, IMPORTED if self.was_imported() else how)
        return Run.open(path)

    def save_snapshot(self, model: GPT, step: int) -> None:
        """Keep weights for good, matrices in bytes."""
        from gpt_core.adapters.lora import merged
        from gpt_core.model.weights import quantize, save_tensors, weights

        (self.path / SNAPSHOTS).mkdir(exist_ok=True)
        with merged(model):
            save_tensors(self.weights_path(step), quantize(weights(model)), {"step": str(step)})

    def _write_start(self, model: GPT) -> None:
        """Keep the weights that training begins with."""
        from gpt_core.model.weights import save_tensors, weights

        if model.config != self.model_config:
            raise RunError("The model to go on from has another design than the run's.")
        save_tensors(self.path / START, weights(model), {})

    def snapshot_steps(self) -> list[int]:
        """After which steps a snapshot is kept, in order: none, or at least the first and the last.

        They are snapshot_interval apart, or further where they would take too much disk; some come
        before, where the disk has room for them.
        """
        from gpt_core.model.shapes import shapes_of
        from gpt_core.model.weights import weights

        steps, asked = self.train_config.steps, self.train_config.snapshot_interval
        if not asked:
            return []
        size = sum(t.numel() for t in weights(shapes_of(self.model_config)).values())
        room = min(MAX_SNAPSHOTS, MAX_SNAPSHOT_BYTES // size)
        early = EARLY_SNAPSHOTS if room > 2 * len(EARLY_SNAPSHOTS) else ()
        interval = max(asked, math.ceil(steps / max(1, room - len(early))))
        regular = [*range(0, steps, interval), steps]
        return sorted({*regular, *(step for step in early if step * 1.5 <= min(interval, steps))})

    def save_state(self, state: dict[str, Tensor]) -> None:
        """Save what continuing needs; see `Trainer.state_dict`."""
        from gpt_core.model.weights import save_tensors

        save_tensors(self.path / STATE, state, {})

    def load_state(self, expected: dict[str, Tensor]) -> dict[str, Tensor] | None:
        """What was saved, or None for a run that never began.

        expected: tensors of the names and shapes that it must have. Raises RunError when the state
        is damaged, or is missing from a run that began; see `check_can_train`.
        """
        from gpt_core.model.weights import WeightsError, load_tensors

        self.check_can_train()
        path = self.path / STATE
        if not os.path.lexists(path):
            return None
        try:
            state = load_tensors(path, expected)[0]
        except WeightsError as error:
            raise RunError(f"{self.name} can't continue: {error}") from None
        if state["progress"][0].item() not in range(self.train_config.steps + 1):
            raise RunError(f"{self.name} can't continue: the saved step is not one of this run.")
        return state

    def check_can_train(self) -> None:
        """Raise RunError for a run that has begun and has lost what continuing needs.

        Beginning again would replace what it has learned. Training saves its state before its first
        step, so that this is never what becomes of a run whose process was killed.
        """
        if os.path.lexists(self.path / STATE):
            return
        try:
            begun = self._is_finished() or self.steps_taken() > 0
        except RunError as error:
            raise RunError(
                f"{self.name} can't be trained, because nobody can tell whether it was already: "
                f"{str(error)[:-1]}; copy the whole folder again, or start a new run."
            ) from None
        if begun:
            raise RunError(
                f"{self.name} was trained already, and {STATE}, which going on needs, is missing "
                f"(a downloaded or imported run has none); you can write with it, evaluate it and "
                f"open it in every lesson, or begin a new run from it."
            )

    def _is_finished(self) -> bool:
        try:
            return self.status().state == "finished"
        except RunError:
            return False

    def steps_taken(self) -> int:
        """How many steps the folder's files speak of, whichever says most; 0 if it never began.

        Raises RunError when none speaks of any, and one that would is damaged or missing.
        """
        told, doubts = self.snapshots(), []
        # Metrics come last: another process of this run may be writing its first files.
        for look in (lambda: self.status().step, self._published_step, self._last_measured_step):
            try:
                told.append(look())
            except RunError as error:
                doubts.append(error)
        if doubts and not any(told):
            raise doubts[0]
        return max(told)

    def _published_step(self) -> int:
        """The step that the newest weights name in their file's header."""
        path = self.weights_path()
        if not os.path.lexists(path):
            return 0
        if not is_file(path):
            raise RunError(f"{path.name} of {self.name} is no file.")
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                step = (file.metadata() or {}).get("step", "")
        except (SafetensorError, OSError) as error:
            raise RunError(f"{path.name} of {self.name} can't be read: {error}.") from None
        if not (step.isdecimal() and len(step) < 9):
            raise RunError(f"{path.name} of {self.name} doesn't say its step.")
        return int(step)

    def _last_measured_step(self) -> int:
        """The last step in the metrics, which training writes before it writes any weights."""
        if self.was_imported():  # nobody measured its training
            return 0
        if not os.path.lexists(self.path / METRICS) and os.path.lexists(self.weights_path()):
            raise RunError(f"{METRICS} of {self.name} is missing.")
        return max((record.step for record in self.metrics()), default=0)

    def remove_temporary_files(self) -> None:
        """Remove what a killed process left half-written."""
        for pattern in ("*.tmp", ".tmp*"):  # ours, and those of safetensors
            for path in self.path.rglob(pattern):
                if path.is_file():
                    path.unlink(missing_ok=True)


def check_new(root: Path, name: str) -> Path:
    """The folder root/name, if a run can be made there. Raises RunError.

    The name must be one that every system can have and every page can show.
    """
    said = f"A run can't be called {name!r}"
    if name.startswith("."):
        raise RunError(f"{said}: a name that begins with a dot is hidden; leave the dot out.")
    if not name.isprintable() or _NOT_IN_NAMES.search(name) or name != name.strip(" .") or not name:
        raise RunError(
            f'{said}: use letters, digits, dashes and spaces, none of / \\ : * ? " < > |, and '
            f"no space or dot at an end."
        )
    if len(name) > LONGEST_NAME or len(name.encode()) > 2 * LONGEST_NAME:
        raise RunError(f"{said}: it is too long; {LONGEST_NAME} characters are allowed.")
    if name.split(".")[0].upper() in _TAKEN or name in (BUNDLED, COPYING):
        device = name not in (BUNDLED, COPYING)
        of = "a device on Windows" if device else "a model that comes with the app"
        raise RunError(f"{said}: that is the name of {of}; choose another.")
    path = root / name
    if os.path.lexists(path):
        raise RunError(f"The folder {path} exists already; choose another name.")
    return path


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
