"""What a training run is to the app: what is asked for, what is allowed, what a page sees."""

from __future__ import annotations

import os
import re
from dataclasses import MISSING, astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

from gpt_core.training.run_files import ACTIVE, NOTES, RunError, is_number, printable
from ui.services.caches import shared
from ui.services.machine import processors
from ui.services.metrics import Curves
from ui.show.numbers import counted

if TYPE_CHECKING:
    from gpt_core.adapters.ways import Tune
    from gpt_core.model.config import GPTConfig
    from gpt_core.tokenizers import Tokenizer
    from gpt_core.training.config import TrainConfig
    from gpt_core.training.run import Run, Start

RESUMABLE = ("paused", "stopped", "failed")


class TrainingError(ValueError):
    """Something a visitor can put right; the message says how."""


@dataclass(frozen=True)
class Limits:
    """What one visitor may ask for. Sizes keep memory and disk in bounds, turns keep it fair.

    waiting: runs that wait or train, in all; a class, and all who are in none, may have half of it.
    """

    active_runs: int = 5
    waiting: int = 400
    stored_runs: int = 50
    all_runs: int = 2_000
    days: float = 365.0
    turn_seconds: float = 2 * 3600.0
    steps: int = 20_000
    parameters: int = 50_000_000
    tokens_per_step: int = 65_536
    memory_bytes: float = 8e9

    @classmethod
    def here(cls) -> Limits:
        """A laptop's limits, or the tighter ones of a public deployment (GPT_PUBLIC=1)."""
        return PUBLIC_LIMITS if is_public() else cls()

    def tightened(self, other: Limits) -> Limits:
        """Of each limit the smaller one of both."""
        mine, theirs = astuple(self), astuple(other)
        return Limits(*map(min, mine, theirs))


def is_public() -> bool:
    """Whether whoever runs the app has made it a server for strangers (GPT_PUBLIC=1)."""
    return os.environ.get("GPT_PUBLIC") == "1"


PUBLIC_LIMITS = Limits(
    active_runs=2,
    waiting=100,
    stored_runs=8,
    all_runs=400,
    days=2.0,
    turn_seconds=300.0,
    steps=3_000,
    parameters=6_000_000,
    tokens_per_step=8_192,
    memory_bytes=2e9,
)


@dataclass(frozen=True)
class RunRequest:
    """Everything a new run needs.

    bar_bits: what counting n-grams of order 0, 1, 2 reaches on the validation part, in bits per
    character; characters_per_token: of that part; token_bits: what counting tokens reaches on it,
    in bits per token, None where tokens are characters. They serve to draw bars beside the curves.
    start: the trained model that it goes on from; None for new weights. class_id, member: of whom
    it is made in a class, see About.
    """

    name: str
    corpus_name: str
    text: str
    tokenizer: Tokenizer
    model: GPTConfig
    train: TrainConfig
    parameters: int
    bar_bits: tuple[float, ...] = ()
    characters_per_token: float = 1.0
    token_bits: float | None = None
    start: Start | None = None
    class_id: str = ""
    member: int = 0


@dataclass(frozen=True)
class About:
    """What the service notes of a run that its own files don't say.

    bar_bits, characters_per_token, token_bits: see RunRequest. threads: of its worker; sums in
    another order would make a resumed run differ in the last bits. class_id: the class that it was
    made in and goes with; "" for none. member: who made it there; 0 for the class itself. guest: it
    was asked for from another computer than the one that runs the app, so a public server's limits
    hold for it.
    """

    name: str
    owner: str
    created: float
    bar_bits: tuple[float, ...]
    characters_per_token: float
    threads: int = 1
    token_bits: float | None = None
    class_id: str = ""
    member: int = 0
    guest: bool = False

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> About:
        """The inverse of asdict, for values that anybody may have written; unknown ones are left.

        Raises RunError when one is missing, or can't be meant.
        """
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        bits = known.get("bar_bits")
        if isinstance(bits, list):
            known["bar_bits"] = tuple(bits)
        missing = {f.name for f in fields(cls) if f.default is MISSING} - known.keys()
        wrong = [name for name, value in known.items() if not _fits(name, value)]
        if missing or wrong:
            raise RunError(f"{NOTES} is damaged: look at {min([*missing, *wrong])}.")
        known |= {name: printable(v) for name, v in known.items() if isinstance(v, str)}
        return cls(**known)


_TEXTS = {
    "owner": re.compile(r"[0-9a-f]{64}"),
    "name": re.compile(r"(?s).{0,1000}"),
    "class_id": re.compile(r"([0-9a-f]{16})?"),
}
_MOST = {"created": 1e11, "threads": 1024}  # seconds: some 3,000 years


def _fits(name: str, value: Any) -> bool:
    """Whether a value can be that field of About."""
    if name in _TEXTS:
        return isinstance(value, str) and _TEXTS[name].fullmatch(value) is not None
    if name == "guest":
        return isinstance(value, bool)
    if name == "bar_bits":
        return isinstance(value, tuple) and len(value) <= 8 and all(map(is_number, value))
    if name == "token_bits" and value is None:
        return True
    if not is_number(value) or not 0 <= value <= _MOST.get(name, 1e15):
        return False
    if name in ("created", "characters_per_token", "token_bits"):
        return name != "characters_per_token" or value > 0
    return isinstance(value, int) and (value > 0 or name == "member")


@dataclass(frozen=True)
class Setup:
    """What a run was made of, as its own files say; "?" and 1 where they can't be read.

    start: the name of the model that it went on from; None where it began with new weights.
    """

    corpus_name: str = "?"
    tokenizer: str = "?"
    design: str = "?"
    vocab_size: int = 1
    steps: int = 1
    tokens_per_step: int = 1
    model: GPTConfig | None = None
    train: TrainConfig | None = None
    start: str | None = None

    @classmethod
    def of(cls, run: Run) -> Setup:
        """What an opened run was made of. Raises RunError when its tokenizer is damaged."""
        model, train = run.model_config, run.train_config
        return cls(
            run.corpus["name"],
            run.tokenizer_kind(),
            describe(model),
            model.vocab_size,
            train.steps,
            tokens_per_step(model, train),
            model,
            train,
            run.start,
        )

    @property
    def parameters(self) -> int:
        """How many numbers its model learns."""
        return count_parameters(self.model) if self.model else 0

    @property
    def trained(self) -> int:
        """How many of them this run changes, or how many its adapters have."""
        if self.model is None or self.train is None:
            return 0
        return count_trained(self.model, self.train.tune, self.train.lora_rank)


@dataclass(frozen=True)
class RunView:
    """A run as a page sees it: one consistent copy, cheap to take.

    state: queued, running, paused, stopped, finished, diverged or failed. saving: it was told to
    pause or stop, and is writing its state. place: 1 is the next to start; None unless queued.
    """

    run_id: str
    about: About
    setup: Setup
    state: str
    reason: str | None
    place: int | None
    saving: bool
    curves: Curves
    has_model: bool

    @property
    def active(self) -> bool:
        """Whether anything is going to change without anybody doing something."""
        return self.state in ACTIVE

    @property
    def step(self) -> int:
        """Steps trained so far."""
        return self.curves.last_step

    @property
    def steps_per_s(self) -> float | None:
        """The speed of the last steps; None before there are two."""
        steps, elapsed = self.curves.step[-50:], self.curves.elapsed[-50:]
        if len(elapsed) < 2 or elapsed[-1] <= elapsed[0]:
            return None
        seconds = elapsed[-1] - elapsed[0]
        return (steps[-1] - steps[0]) / seconds  # not every step may be on record

    @property
    def tokens_per_s(self) -> float | None:
        """Training speed over the last steps."""
        return self.steps_per_s and self.steps_per_s * self.setup.tokens_per_step

    @property
    def seconds_left(self) -> float | None:
        """At the present speed; None while nothing is known."""
        return self.steps_per_s and (self.setup.steps - self.step) / self.steps_per_s


def tokens_per_step(model: GPTConfig, train: TrainConfig) -> int:
    """Tokens that one optimizer step reads."""
    return train.batch_size * model.block_size


@shared()
def count_parameters(model: GPTConfig) -> int:
    """How many numbers a model of this shape learns; nothing is allocated to find out."""
    from gpt_core.model.shapes import shapes_of

    return shapes_of(model).num_parameters()


@shared()
def count_trained(model: GPTConfig, tune: Tune, rank: int) -> int:
    """How many numbers a way of tuning trains; see `gpt_core.adapters.ways`."""
    from gpt_core.adapters import ways

    return ways.count_trained(model, tune, rank)


def work_of(request: RunRequest) -> float:
    """About how many operations a run takes."""
    return request.train.steps * _operations_of_step(request)


def worker_threads(request: RunRequest) -> int:
    """Two threads where there is enough to compute; below that they only wait for each other."""
    return min(2, processors()) if _operations_of_step(request) > 1e9 else 1


def _operations_of_step(request: RunRequest) -> float:
    """Vectors that are looked up are no work, however many a model has."""
    from gpt_core.model.shapes import shapes_of

    tokens = tokens_per_step(request.model, request.train)
    return tokens * shapes_of(request.model).flops_per_token()


def describe(model: GPTConfig) -> str:
    """A model's shape in a few words, for tables."""
    layers, heads = counted(model.n_layer, "layer"), counted(model.n_head, "head")
    return f"{layers} × {heads} × {model.n_embd} wide"
