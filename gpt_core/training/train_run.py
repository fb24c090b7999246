"""Train a run's folder: from where it stands to its end, or until someone says stop.

The same loop serves the command line (a progress bar, Ctrl-C) and the app's worker process
(commands on stdin, everything else through files).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO

import torch

from corpus.command_line import on_request_to_end
from gpt_core.adapters.lora import merged
from gpt_core.adapters.ways import prepare
from gpt_core.generate.sample import SampleConfig, SampleError, generate
from gpt_core.model.settings import ConfigError
from gpt_core.model.weights import WeightsError
from gpt_core.tokenizers import TokenizerError
from gpt_core.training import data, distributed
from gpt_core.training.run import Run
from gpt_core.training.run_files import ENDED, LOCK, OUT_OF_MEMORY, Record, RunError, Status
from gpt_core.training.text_source import separator_ids, token_data
from gpt_core.training.trainer import DivergedError, StepRecord, Trainer

SAMPLE_TOKENS = 200


class Interruption:
    """Someone's wish that training end, from a signal, from stdin, or from a caller."""

    def __init__(self) -> None:
        self.state: str | None = None
        self.reason: str | None = None
        self.by_signal = False

    def set(self, state: str, reason: str) -> None:
        """Ask for an end in a state ("paused" or "stopped"); the first wish counts."""
        if self.state is None:
            self.state, self.reason = state, reason

    def by_signals(self) -> AbstractContextManager[None]:
        """While in this context, Ctrl-C, a polite kill or a lost connection pauses the run.

        A second Ctrl-C is a KeyboardInterrupt; the others may well come twice.
        """

        def hear(number: int) -> None:
            if self.state is not None and number == signal.SIGINT:
                raise KeyboardInterrupt
            self.by_signal = True
            self.set("paused", "Interrupted.")

        return on_request_to_end(hear)

    def obey(self, line: str) -> None:
        """An order from whoever started this process, as `corpus.command_line.listen` hears it."""
        if not line:
            self.set("paused", "The app that started this run was closed.")
        elif wish := _ORDERS.get(line.strip()):
            self.set(*wish)


_ORDERS = {"pause": ("paused", "Paused."), "stop": ("stopped", "Stopped.")}


def train_run(
    run: Run,
    interruption: Interruption,
    on_record: Callable[[StepRecord], None] = lambda record: None,
    device: str = "cpu",
) -> Status:
    """Train until the run is finished, interrupted or diverged; return its status.

    Everything is written to the run's folder: a record a step, evaluations, samples, snapshots,
    the newest weights, and what continuing needs. Under torchrun the first process writes.
    Raises RunError when the folder is damaged, when it was trained and has lost what continuing
    needs, or when another process trains it; OSError when it can't be written. However it ends, the
    status says so, and what was learned is saved if it can be.
    """
    if distributed.rank():
        return _Training(run, interruption, on_record, device).go()
    with _lock(run.path):
        run.check_can_train()  # before the text is read, which may take minutes
        try:
            return _Training(run, interruption, on_record, device).go()
        except KeyboardInterrupt:
            _say(run, "paused", "Interrupted before it was saved.")
            raise
        except Exception as error:
            _say(run, "failed", _sentence_of(error))
            raise


# Errors whose message is one sentence for people.
_TOLD = (RunError, ConfigError, TokenizerError, WeightsError, data.DataError)


def _sentence_of(error: Exception) -> str:
    """What a status says of an error; its own text may be anything, and goes to the log."""
    if isinstance(error, _TOLD):
        return str(error)
    if isinstance(error, OSError):
        what = f"{Path(error.filename).name} of the run" if error.filename else "The run"
        return f"{what} can't be written or read: {error.strerror or error}."
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return OUT_OF_MEMORY
    return f"Training ended with an error ({type(error).__name__})."


def _say(run: Run, state: str, reason: str) -> None:
    """Write how a run ended that could not end in order, as far as it can be written.

    A run that had ended stays what it was, and a status that can't be read is left alone: both say
    that there may be something to lose here.
    """
    with suppress(RunError, OSError):
        status = run.status()
        if status.state not in ENDED:
            run.set_status(state, status.step, reason)


class _Training:
    """One stretch of work on a run."""

    def __init__(
        self,
        run: Run,
        interruption: Interruption,
        on_record: Callable[[StepRecord], None],
        device: str,
    ) -> None:
        self.run, self.interruption, self.on_record = run, interruption, on_record
        self.writes = distributed.rank() == 0
        self.tokenizer = run.tokenizer()
        torch.manual_seed(run.train_config.seed)
        model, config = run.new_model().to(device), run.train_config
        rank, alpha = config.lora_rank, config.lora_alpha
        prepare(model, config.tune, rank=rank, alpha=alpha, seed=config.seed)
        tokens = token_data(run.tokens(), self.tokenizer, run.train_config)
        # Samples begin as the pieces of text do.
        begins = separator_ids if tokens.starts else lambda tokenizer: tokenizer.encode("\n")
        self.start = begins(self.tokenizer) or [0]
        self.trainer = Trainer(model, tokens, run.train_config)
        self.snapshot_steps = run.snapshot_steps()
        self.trainer.evaluate_at = self.snapshot_steps  # the loss of what will be looked at

    def go(self) -> Status:
        """Train; see train_run."""
        trainer = self.trainer
        try:
            self._begin()
            while trainer.step < trainer.config.steps and not self._interrupted():
                record = next(trainer)
                try:
                    self._write_step(record)
                    self.on_record(record)
                except Exception:  # a full disk, say: the step itself is whole
                    with suppress(OSError, DivergedError):
                        self._save("running")
                    raise
            if trainer.step == trainer.config.steps:
                self._end("finished")
            else:
                self._end(self.interruption.state or "paused", self.interruption.reason)
        except DivergedError as error:
            if self.writes:
                self.run.set_status("diverged", trainer.step, str(error))
        return self.run.status()

    def _begin(self) -> None:
        """Continue from the saved state, or write down how the untrained model does."""
        run, trainer = self.run, self.trainer
        state = run.load_state(trainer.state_dict())
        if state is not None:
            trainer.load_state_dict(state)
        if not self.writes:
            return
        run.remove_temporary_files()
        run.keep_metrics(trainer.step if state is not None else -1)
        run.set_status("running", trainer.step)
        if state is None:
            before = trainer.evaluate()
            told = Record(0, train_loss=before["train_loss"], val_loss=before["val_loss"])
            run.append_metrics(told)
            self._publish(0)
            if self.snapshot_steps:
                run.save_snapshot(trainer.model, 0)
            run.save_state(trainer.state_dict())  # before any step: see Run.check_can_train

    def _write_step(self, record: StepRecord) -> None:
        """Write all that is due after a step, the state last: it vouches for the rest."""
        if not self.writes:
            return
        run, config, step = self.run, self.trainer.config, record.step
        names = ("step", "loss", "lr", "grad_norm", "tokens_per_s", "elapsed")
        run.append_metrics(Record(**{name: getattr(record, name) for name in names}))
        if record.val_loss is not None:
            told = Record(step, train_loss=record.train_loss, val_loss=record.val_loss)
            run.append_metrics(told)
            self._publish(step)
        last = step == config.steps
        if _due(step, config.sample_interval, last):
            self._write_sample(step)
        if step in self.snapshot_steps:
            run.save_snapshot(self.trainer.model, step)
        if _due(step, config.checkpoint_interval, last):
            run.save_state(self.trainer.state_dict())

    def _publish(self, step: int) -> None:
        self.run.save_model(self.trainer.model, step)
        self.run.set_status("running", step)

    def _end(self, state: str, reason: str | None = None) -> None:
        """Save, and say how it ended."""
        self._save(state, reason)
        distributed.wait()

    def _save(self, state: str, reason: str | None = None) -> None:
        if self.writes:
            step = self.trainer.step
            self.run.save_state(self.trainer.state_dict())
            self.run.save_model(self.trainer.model, step)
            self.run.set_status(state, step, reason)

    def _interrupted(self) -> bool:
        wanted = self.interruption.state is not None
        return distributed.any_process(wanted, self.trainer.device)

    def _write_sample(self, step: int) -> None:
        """What the model writes now, after a line break or as a new document."""
        config = SampleConfig(max_new_tokens=SAMPLE_TOKENS, temperature=0.8)
        try:
            with merged(self.trainer.model.eval()) as model:
                sampled = list(generate(model, self.start, config))
        except SampleError:
            return  # scores that are not numbers: the next step says where they come from
        text = self.tokenizer.decode([s.token for s in sampled])
        self.run.append_metrics(Record(step, sample=text))


def _due(step: int, interval: int, last: bool) -> bool:
    """Whether something that happens every so many steps happens now (never, for 0)."""
    return interval > 0 and (step % interval == 0 or last)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Let only one process train a folder; the system frees the lock when the process dies."""
    try:
        file = os.fdopen(os.open(path / LOCK, _LOCK_FLAGS, 0o666), "r+b")
    except OSError as error:
        raise RunError(
            f"{path.name} can't be trained by this user: its file “lock” can't be opened "
            f"({error.strerror}); make its folder one that you may write to."
        ) from None
    with file:
        for wait in (0.1,) * 50 + (0.0,):  # a process that is just leaving needs a moment
            try:
                _lock_file(file)
                break
            except OSError:
                if not wait:
                    raise RunError(f"Another process is training {path.name} already.") from None
                time.sleep(wait)
        yield


# Not through a link, nor waiting for the other end of a pipe.
_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

if sys.platform == "win32":
    import msvcrt

    def _lock_file(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock_file(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def find_device(name: str | None) -> str:
    """Where to train: as asked for, or this process's GPU, or the CPU. Raises RunError."""
    if name is None:
        return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"
    try:
        torch.ones(1, device=name).item()
    except (RuntimeError, AssertionError, NotImplementedError):
        raise RunError(f"This machine has no device {name!r}; leave out --device.") from None
    return name


def flush_subnormals() -> None:
    """For a process that trains, before its first computation: what is below 1e-38 becomes zero.

    A hidden unit that has died gets no gradient, and the optimizer's memory of it shrinks by a
    factor each step. Arithmetic with such tiny numbers made steps five times as slow after 1,700
    of them. Threads that exist already don't follow.
    """
    torch.set_flush_denormal(True)


def lower_priority() -> None:
    """Leave the processor to whoever else wants it; one thread where that can't be asked for."""
    if hasattr(os, "nice"):
        os.nice(max(0, 19 - os.nice(0)))
        # Linux may share time out between sessions first (man 7 sched, "autogroup"); in a session
        # of its own, as the app starts it, a nice process would yield to nobody outside.
        if os.getsid(0) == os.getpid():
            _lower_priority_of_session()
    else:
        torch.set_num_threads(1)


def _lower_priority_of_session() -> None:
    for _ in range(10):
        try:
            Path("/proc/self/autogroup").write_text("19")
            return
        except BlockingIOError:  # one change in 0.1 s is allowed, whoever asks for it
            time.sleep(0.05)
        except OSError:  # no Linux, or no such groups
            return
