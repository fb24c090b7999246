"""The training service: a queue of runs, one worker process at a time, and their curves.

One service per app process. A visitor's runs are folders named by an unguessable id; who owns
them is written beside them, so that they are found again after the app was started anew.

The queue is first come, first served; classes take turns with everybody else, and their members
with each other (ui/services/queue_order.py). Every turn is of limited length. A run keeps its
place when its visitor closes the tab: coming back finds it further along, or finished.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from gpt_core.memory import free_memory
from gpt_core.training.run import Run
from gpt_core.training.run_files import ACTIVE, OUT_OF_MEMORY, RunError, RunFolder, Status
from ui.services.metrics import MetricsReader
from ui.services.models import RUN_ID, runs_root
from ui.services.processwide import once_per_process
from ui.services.queue_order import Turns, Waiting, in_order
from ui.services.runs import (
    PUBLIC_LIMITS,
    RESUMABLE,
    About,
    Limits,
    RunRequest,
    RunView,
    Setup,
    TrainingError,
    count_trained,
    tokens_per_step,
    work_of,
    worker_threads,
)
from ui.services.worker import STAYS, Command, MachineLock, Worker, training_command

logger = logging.getLogger(__name__)

OWNER_STOPPED = "Whoever runs this app stopped it."
_CURVES_KEPT = 64  # runs whose curves stay in memory
_DISK_FULL = "The disk is full: make room there, then resume."
_CRASHED = "The training process ended with an error; its worker.log says which."
_SEARCHING = "A search for settings is training (see Tuning); this run is next."
_ROOM = 1_000_000  # bytes; a disk with less than that is full
_GRACE = 60.0  # seconds a worker may take to save after it was told to
_LEAVE = 10.0  # and when the app ends
_WARM = 120.0  # seconds for which a process without a run is kept: it has 300 MB of memory


@dataclass
class _Entry:
    """A run as the service keeps it. reader and setup are None until somebody looks at it."""

    run_id: str
    folder: Path
    about: About
    state: str
    reason: str | None = None
    reader: MetricsReader | None = None
    setup: Setup | None = None
    looked_at: float = field(default_factory=time.monotonic)
    work: float = 0.0  # operations, where it is known

    @property
    def waiting(self) -> Waiting:
        """As one of the queue."""
        return Waiting(self.run_id, self.about.class_id, self.about.member, self.work)


@dataclass
class _Turn:
    """The run that trains now."""

    entry: _Entry
    worker: Worker
    started: float
    order: str | None = None  # the command it was given
    ordered: float = 0.0
    reason: str | None = None


@dataclass
class Errand:
    """What trains beside the page without being a run, a search for example: it has its turn among
    the runs.

    ready: set when it may begin. lock: held meanwhile, so that no run trains.
    """

    id: str
    ready: threading.Event = field(default_factory=threading.Event)
    lock: BinaryIO | None = None

    @property
    def waiting(self) -> Waiting:
        """As one of the queue, of nobody's class."""
        return Waiting(self.id, "", 0, 0.0)


class TrainingService:
    """Queues, starts, follows and ends training runs. Every method may be called by any thread."""

    def __init__(
        self,
        root: Path,
        limits: Limits | None = None,
        *,
        lock_path: Path | None = None,
        command: Command = training_command,
    ) -> None:
        self.root = root
        self.limits = limits or Limits.here()
        self._command = command
        self._machine = MachineLock(lock_path)
        self._lock = threading.RLock()
        self._submitting = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._speed: float | None = None
        self._queue: list[str] = []  # in the order in which they came
        self._turns = Turns()
        self._turn: _Turn | None = None
        self._idle: Worker | None = None  # ready for the next run
        self._needed = -_WARM  # when it was, or somebody was about to need it
        self._entries: dict[str, _Entry] = {}
        self._errands: dict[str, Errand] = {}  # that wait, or have their turn
        self._find_runs()
        self._thread = threading.Thread(target=self._supervise, name="training", daemon=True)
        self._thread.start()

    def submit(self, visitor: str, request: RunRequest, guest: bool = False) -> str:
        """Queue a new run and return its id. guest: see `About`.

        Raises TrainingError when a limit is reached, RunError when the text is too short.
        """
        self.check(request, guest)
        with self._submitting:  # writing a large text takes a while; views don't wait for it
            with self._lock:
                self._make_room(visitor, request, guest)
            run_id = secrets.token_hex(8)
            folder = self._create(run_id, visitor, request, guest)
        with self._lock:
            about = _read_about(folder)
            self._entries[run_id] = _Entry(run_id, folder, about, "queued", work=work_of(request))
            self._queue.append(run_id)
        self._wake.set()
        return run_id

    def warm_up(self) -> None:
        """Have a process ready: somebody is about to start a run."""
        with self._lock:
            self._needed = time.monotonic()
            start = STAYS and not (self._idle or self._turn or self._queue or self._closed)
        if start:
            self._wake.set()

    def queue_errand(self) -> Errand:
        """Let something that is no run wait for its turn; see `Errand` and `end_errand`."""
        errand = Errand(secrets.token_hex(8))
        with self._lock:
            self._errands[errand.id] = errand
            self._queue.append(errand.id)
        self._wake.set()
        return errand

    def end_errand(self, errand: Errand) -> None:
        """It has ended, or won't begin: the next in the queue may."""
        with self._lock:
            self._errands.pop(errand.id, None)
            if errand.id in self._queue:
                self._queue.remove(errand.id)
            if errand.lock:
                errand.lock.close()
        self._wake.set()

    def before_errand(self, errand: Errand) -> int:
        """How many have their turns before it; 0 if it has its own."""
        with self._lock:
            if errand.id not in self._queue:
                return 0
            return self._order().index(errand.id) + bool(self._turn or self._errand_now())

    def limits_for(self, guest: bool) -> Limits:
        """What holds for the owner of this computer, or for those who reach it from others."""
        return self.limits.tightened(PUBLIC_LIMITS) if guest else self.limits

    def check(self, request: RunRequest, guest: bool = False) -> None:
        """Raise TrainingError, with one sentence, when a run is larger than is allowed here."""
        limits, train = self.limits_for(guest), request.train
        tokens = tokens_per_step(request.model, train)
        if train.steps > limits.steps:
            raise TrainingError(f"A run may have at most {limits.steps:,} steps here.")
        self._check_size(request, limits)
        if tokens > limits.tokens_per_step:
            raise TrainingError(
                f"One step would read {tokens:,} tokens; at most {limits.tokens_per_step:,} are "
                f"allowed here. Choose a smaller batch or a shorter context."
            )

    def _check_size(self, request: RunRequest, limits: Limits) -> None:
        """Raise TrainingError for too many trained parameters, or too little memory for them."""
        most, train = limits.parameters, request.train
        if request.start is None:
            if request.parameters > most:
                raise TrainingError(
                    f"This model has {request.parameters:,} parameters; at most {most:,} are "
                    f"allowed here. Make it narrower or less deep."
                )
            return
        trained = count_trained(request.model, train.tune, train.lora_rank)
        if trained > most:
            raise TrainingError(
                f"{trained:,} parameters would be trained; at most {most:,} are allowed here. "
                f"Train the last block, or choose LoRA, with a lower rank if need be."
            )
        from gpt_core.training.estimate import estimate

        need = estimate(request.model, train, 1.0).memory_bytes
        free = min(limits.memory_bytes, free_memory() or limits.memory_bytes)
        if need > free:
            raise TrainingError(
                f"This would take about {need / 1e9:.1f} GB of memory, and there are "
                f"{free / 1e9:.1f} GB for it: {(need - free) / 1e9:.1f} GB are missing. Choose a "
                f"smaller batch, the last block alone, LoRA, or a smaller model."
            )

    def pause(self, visitor: str, run_id: str) -> None:
        """Let it save and make room for the next run; resume() goes on from the same step."""
        self._end(visitor, run_id, "pause")

    def stop(self, visitor: str, run_id: str) -> None:
        """End it early; what it has learned is kept, and it may be resumed."""
        self._end(visitor, run_id, "stop")

    def resume(self, visitor: str, run_id: str) -> None:
        """Queue a paused, stopped or failed run again, behind everybody who is waiting.

        Raises TrainingError when there is nothing in its folder that it could go on from.
        """
        with self._lock:
            entry = self._owned(visitor, run_id)
            if entry.state not in RESUMABLE:
                raise TrainingError("This run is finished, or going on already.")
            self._check_active(visitor, entry.about, entry.about.guest)
            try:
                Run.open(entry.folder).check_can_train()
            except RunError as error:
                raise TrainingError(_without_path(str(error), entry.folder)) from None
            entry.state, entry.reason = "queued", None
            self._queue.append(run_id)
        self._wake.set()

    def delete(self, visitor: str, run_id: str) -> None:
        """Remove a run and its folder, ending its worker if it has one."""
        with self._lock:
            self._remove(self._owned(visitor, run_id))
        self._wake.set()

    def end_class(self, class_id: str) -> None:
        """Remove all runs that were made in a class and that nobody has kept."""
        with self._lock:
            of_class = [e for e in self._entries.values() if e.about.class_id == class_id]
            for entry in of_class if class_id else ():
                self._remove(entry)
            self._turns.forget(class_id)
        self._wake.set()

    def keep(self, visitor: str, run_id: str) -> None:
        """Let a run outlive the class that it was made in. It is then a run like any other."""
        with self._lock:
            entry = self._owned(visitor, run_id)
            about = replace(entry.about, class_id="", member=0)
            try:
                RunFolder(entry.folder).write_notes(asdict(about))
            except OSError as error:
                raise TrainingError(f"This can't be noted: {error.strerror}.") from None
            entry.about = about

    def hand_over(self, earlier: str, visitor: str) -> None:
        """What was started under an earlier id is the visitor's; what can't be noted isn't."""
        old, new = _hash(earlier), _hash(visitor)
        with self._lock:
            for entry in self._entries.values():
                if entry.about.owner == old:
                    about = replace(entry.about, owner=new)
                    with suppress(OSError):
                        RunFolder(entry.folder).write_notes(asdict(about))
                        entry.about = about

    def names_of_class(self, class_id: str) -> dict[str, str]:
        """Names by id of the runs that a class has made together and that have weights."""
        with self._lock:
            runs = [e for e in self._entries.values() if _is_of_class(e, class_id)]
        runs.sort(key=lambda e: e.about.created, reverse=True)
        return {e.run_id: e.about.name for e in runs if RunFolder(e.folder).has_model()}

    def runs_of_class(self, class_id: str) -> list[RunView]:
        """The runs that a class makes together, newest first."""
        with self._lock:
            runs = [e for e in self._entries.values() if _is_of_class(e, class_id)]
            runs.sort(key=lambda e: e.about.created, reverse=True)
            return [self._view(entry) for entry in runs]

    def runs(self, visitor: str) -> list[RunView]:
        """The visitor's runs, newest first."""
        owner = _hash(visitor)
        with self._lock:
            mine = [e for e in self._entries.values() if e.about.owner == owner]
            mine.sort(key=lambda e: e.about.created, reverse=True)
            return [self._view(entry) for entry in mine]

    def names(self, visitor: str) -> dict[str, str]:
        """Names by id of the visitor's runs that have weights to look at, newest first."""
        owner = _hash(visitor)
        with self._lock:
            mine = [e for e in self._entries.values() if e.about.owner == owner]
        mine.sort(key=lambda e: e.about.created, reverse=True)
        return {e.run_id: e.about.name for e in mine if RunFolder(e.folder).has_model()}

    def view(self, run_id: str) -> RunView:
        """A run by its id, whoever owns it: the id is what makes it private, or shared.

        Raises TrainingError when there is no such run.
        """
        with self._lock:
            return self._view(self._entry(run_id))

    def going(self, visitor: str) -> tuple[str, int] | None:
        """The visitor's run that trains or is next of theirs, and its place: 0 while it trains."""
        owner = _hash(visitor)
        with self._lock:
            if self._turn and self._turn.entry.about.owner == owner:
                return self._turn.entry.run_id, 0
            for place, run_id in enumerate(self._order(), start=1):
                if run_id in self._entries and self._entries[run_id].about.owner == owner:
                    return run_id, place
        return None

    def waiting(self) -> tuple[RunView | None, list[RunView]]:
        """The run that trains and those that wait for it, whoever's: for the owner's eyes."""
        with self._lock:
            now = self._view(self._turn.entry) if self._turn else None
            places = {each: place for place, each in enumerate(self._order(), start=1)}
            runs = [(self._entries[each], n) for each, n in places.items() if each in self._entries]
            return now, [self._view(entry, place) for entry, place in runs]

    def all_runs(self) -> list[RunView]:
        """Every visitor's runs, newest first: for the owner's eyes."""
        with self._lock:
            entries = sorted(self._entries.values(), key=lambda e: -e.about.created)
            return [self._view(entry) for entry in entries]

    def stop_any(self, run_id: str) -> None:
        """End somebody's run; what it has learned is kept. For the owner alone."""
        with self._lock:
            entry = self._entry(run_id)
            if self._turn and self._turn.entry is entry:
                self._give_order("stop", OWNER_STOPPED)
            elif entry.state == "queued":
                self._queue.remove(run_id)
                self._settle(entry, "stopped", OWNER_STOPPED)
        self._wake.set()

    def delete_any(self, run_id: str) -> None:
        """Remove somebody's run with its folder. For the owner alone."""
        with self._lock:
            self._remove(self._entry(run_id))
        self._wake.set()

    def find(self, run_id: str) -> RunView | None:
        """A run by its id, or None when there is no such run."""
        with self._lock:
            return self._view(self._entries[run_id]) if self.knows(run_id) else None

    def speed(self) -> float:
        """Floating point operations a second that training reaches on this machine.

        Of the last run that was seen training; before the first, of a quick measurement.
        """
        if self._speed is None:
            from gpt_core.training.estimate import measure_speed

            self._speed = measure_speed()
        return self._speed

    def knows(self, run_id: str) -> bool:
        """Whether there is such a run."""
        with self._lock:
            return isinstance(run_id, str) and run_id in self._entries

    def owns(self, visitor: str, run_id: str) -> bool:
        """Whether this visitor started that run."""
        with self._lock:
            entry = self._entries.get(run_id)
            return entry is not None and entry.about.owner == _hash(visitor)

    def place(self, run_id: str) -> int | None:
        """1 for the next run to start, 2 for the one after it …; None for one that isn't queued."""
        with self._lock:
            return self._order().index(run_id) + 1 if run_id in self._queue else None

    def open(self, run_id: str) -> Run:
        """The run's folder as gpt_core knows it. Raises TrainingError or RunError."""
        with self._lock:
            folder = self._entry(run_id).folder
        return Run.open(folder)

    def archive_files(self, run_id: str) -> list[Path]:
        """The files to hand out: all but the optimizer's state, the snapshots and who owns it."""
        with self._lock:
            folder = self._entry(run_id).folder
        try:
            return RunFolder(folder).files_to_hand_out()
        except OSError:
            raise TrainingError("This run's folder can't be read any more.") from None

    def close(self) -> None:
        """Stop the worker, which saves first. The service can't be used afterwards."""
        with self._lock:
            self._closed = True
            turn, self._turn = self._turn, None
            self._drop_idle()
            for errand in self._errands.values():
                if errand.lock:
                    errand.lock.close()
        self._wake.set()
        if turn:
            turn.worker.close(_LEAVE)

    # --- what pages don't call ---------------------------------------------------------------

    def _find_runs(self) -> None:
        """Take up the runs of an earlier app process. What it was training is now paused."""
        try:
            folders = [folder for folder in self.root.iterdir() if RUN_ID.fullmatch(folder.name)]
        except FileNotFoundError:
            return
        except OSError as error:
            logger.warning("The runs in %s can't be listed: %s", self.root, error)
            return
        for folder in folders:
            try:
                about = _read_about(folder)
            except RunError as error:
                logger.info("%s is no run of this service: %s", folder, error)
                continue
            status = _read_status(folder)
            state, reason = status.state, status.reason
            if state in ACTIVE:
                state, reason = "paused", "The app was closed meanwhile."
            self._entries[folder.name] = _Entry(folder.name, folder, about, state, reason)

    def _order(self) -> list[str]:
        entries = (self._entries.get(each) or self._errands[each] for each in self._queue)
        return in_order((entry.waiting for entry in entries), self._turns)

    def _errand_now(self) -> Errand | None:
        """The errand that has its turn."""
        return next((each for each in self._errands.values() if each.lock), None)

    def _make_room(self, visitor: str, request: RunRequest, guest: bool) -> None:
        now = time.time()
        for entry in list(self._entries.values()):
            days = self.limits_for(entry.about.guest).days
            if entry.about.created < now - days * 86_400 and entry.state not in ACTIVE:
                self._remove(entry)
        self._check_active(visitor, request, guest)
        owner, limits = _hash(visitor), self.limits_for(guest)
        if sum(e.about.owner == owner for e in self._entries.values()) >= limits.stored_runs:
            raise TrainingError(
                f"You already keep {limits.stored_runs} runs; delete one to start another."
            )
        if len(self._entries) >= limits.all_runs:
            raise TrainingError("This server has no room for another run; try again tomorrow.")

    def _check_active(self, visitor: str, who: RunRequest | About, guest: bool) -> None:
        """Raise TrainingError where no more may wait: of one visitor or member, group, or all."""
        owner, limits = _hash(visitor), self.limits_for(guest)
        active = [e for e in self._entries.values() if e.state in ACTIVE]
        of_group = [e for e in active if e.about.class_id == who.class_id]
        if who.class_id:  # a member is admitted once, whatever id their browser shows
            mine = [e for e in of_group if e.about.member == who.member]
        else:
            mine = [e for e in of_group if e.about.owner == owner]
        if len(mine) >= limits.active_runs:
            raise TrainingError(
                f"You have {limits.active_runs} runs waiting or training already; wait for one, "
                f"or stop it."
            )
        if len(active) >= limits.waiting or len(of_group) >= limits.waiting // 2:
            raise TrainingError(
                f"{len(active)} runs are waiting already, more than this server takes; try again "
                f"later."
            )

    def _create(self, run_id: str, visitor: str, request: RunRequest, guest: bool) -> Path:
        folder = self.root / run_id
        about = About(
            name=request.name,
            owner=_hash(visitor),
            created=time.time(),
            bar_bits=request.bar_bits,
            characters_per_token=request.characters_per_token,
            token_bits=request.token_bits,
            threads=worker_threads(request),
            class_id=request.class_id,
            member=request.member,
            guest=guest,
        )
        try:
            Run.create(
                self.root,
                model_config=request.model,
                train_config=request.train,
                tokenizer=request.tokenizer,
                text=request.text,
                corpus_name=request.corpus_name,
                name=run_id,
                start=request.start,
            )
            RunFolder(folder).write_notes(asdict(about))
        except (OSError, RunError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, RunError):
                raise RunError(_without_path(str(error), folder)) from None
            raise TrainingError(f"The run can't be written: {error.strerror}.") from None
        return folder

    def _entry(self, run_id: str) -> _Entry:
        # Ids come from URLs. They are only ever looked up, and never made into a path.
        entry = self._entries.get(run_id) if isinstance(run_id, str) else None
        if entry is None:
            raise TrainingError("There is no such run here; it may have been deleted.")
        return entry

    def _owned(self, visitor: str, run_id: str) -> _Entry:
        entry = self._entry(run_id)
        if not secrets.compare_digest(entry.about.owner, _hash(visitor)):
            raise TrainingError("This run is somebody else's; only they can change it.")
        return entry

    def _end(self, visitor: str, run_id: str, order: str) -> None:
        with self._lock:
            entry = self._owned(visitor, run_id)
            if self._turn and self._turn.entry is entry:
                self._give_order(order)
            elif entry.state == "queued":
                self._queue.remove(run_id)
                self._settle(entry, {"pause": "paused", "stop": "stopped"}[order])
            elif entry.state == "paused" and order == "stop":
                self._settle(entry, "stopped")
            else:
                raise TrainingError("This run isn't training any more.")
        self._wake.set()

    def _give_order(self, order: str, reason: str | None = None) -> None:
        turn = self._turn
        if turn and turn.order is None:
            turn.order, turn.ordered, turn.reason = order, time.monotonic(), reason
            turn.worker.process.send(order)

    def _settle(self, entry: _Entry, state: str, reason: str | None = None) -> None:
        """Write what became of a run that has no worker, as far as it can be written.

        A status that can't be read stays as it is: nobody knows what it would say.
        """
        entry.state, entry.reason = state, reason
        try:
            files = RunFolder(entry.folder)
            step = max(files.status().step, self._reader(entry).curves.last_step)
            files.set_status(state, step, reason)
        except (OSError, RunError) as error:
            logger.warning("The status of run %s could not be written: %s", entry.run_id, error)

    def _remove(self, entry: _Entry) -> None:
        if self._turn and self._turn.entry is entry:
            self._turn.worker.close()
            self._turn = None
        if entry.run_id in self._queue:
            self._queue.remove(entry.run_id)
        del self._entries[entry.run_id]
        shutil.rmtree(entry.folder, ignore_errors=True)

    def _view(self, entry: _Entry, place: int | None = None) -> RunView:
        """place: where it is known already; to find it out takes the whole queue."""
        turn = self._turn if self._turn and self._turn.entry is entry else None
        reader, fault = self._reader(entry), None
        if entry.setup is None:
            try:
                entry.setup = Setup.of(Run.open(entry.folder))
            except RunError as error:
                fault = _without_path(str(error), entry.folder)
        return RunView(
            run_id=entry.run_id,
            about=entry.about,
            setup=entry.setup or Setup(),
            state=entry.state,
            reason=entry.reason or reader.fault or fault,
            place=place or self.place(entry.run_id),
            saving=bool(turn and turn.order),
            curves=reader.curves.copy(),
            has_model=RunFolder(entry.folder).has_model(),
        )

    def _reader(self, entry: _Entry) -> MetricsReader:
        entry.looked_at = time.monotonic()
        reader = entry.reader
        if reader is None:
            entry.reader = reader = MetricsReader(entry.folder)
            reader.read()
            self._forget_curves()
        return reader

    def _forget_curves(self) -> None:
        """Keep only the curves that were looked at last."""
        kept = [e for e in self._entries.values() if e.reader and e.state not in ACTIVE]
        kept.sort(key=lambda e: e.looked_at)
        for entry in kept[:-_CURVES_KEPT]:
            entry.reader = None

    # --- the supervising thread ---------------------------------------------------------------

    def _supervise(self) -> None:
        while not self._closed:
            self._wake.wait(timeout=self._rest())
            self._wake.clear()
            with self._lock:
                if self._closed:
                    return
                self._follow()
                self._start_next()
                self._keep_warm()

    def _rest(self) -> float | None:
        """Seconds until there is something to look at; None to wait for a call."""
        if self._turn:
            return 0.2
        if self._queue:
            return 1.0  # another app's worker may end
        return _WARM / 4 if self._idle else None

    def _keep_warm(self) -> None:
        """Start a process for the next run, or let it go where nobody has needed it for a while."""
        needed = time.monotonic() - self._needed < _WARM
        if self._idle and (not needed or self._idle.process.exit_code is not None):
            self._drop_idle()
        elif needed and not (self._idle or self._turn or self._queue):
            try:
                self._idle = Worker(self._machine.open(), command=self._command)
            except OSError as error:
                logger.info("No process for the next run could be started: %s", error)
                self._needed = -_WARM

    def _drop_idle(self) -> None:
        if self._idle:
            self._idle.close()
            self._idle = None

    def _start_next(self) -> None:
        if self._turn or not self._queue:
            return
        first = self._order()[0]
        entry, errand = self._entries.get(first), self._errands.get(first)
        if self._errand_now():
            if entry:
                entry.reason = _SEARCHING
            return
        lock = self._machine_for(entry)
        if lock is None:
            return
        if errand:
            self._queue.remove(errand.id)
            self._turns.had(errand.waiting)
            errand.lock = lock
            errand.ready.set()
        elif entry:
            self._train(entry, lock)

    def _machine_for(self, entry: _Entry | None) -> BinaryIO | None:
        """The machine's lock for whoever is next; None, and the run says why, if there is none.

        A run's is that of the process which waits for one, if it is alive.
        """
        if self._idle and self._idle.process.exit_code is not None:
            self._drop_idle()
        idle = self._idle if entry else None
        try:
            lock, reason = self._machine.acquire(idle.lock if idle else None), ""
        except OSError as error:  # nothing to do with this run; it waits until somebody helps
            lock, reason = (
                None,
                f"{error.strerror} Whoever runs this app can help; this run is next.",
            )
            if entry is None or entry.reason != reason:
                logger.warning("Nothing can be trained: %s", error)
        if lock is None and entry:
            entry.reason = reason or "Another app on this computer is training; this run is next."
        return lock

    def _train(self, entry: _Entry, lock: BinaryIO) -> None:
        """Start the worker of a run whose turn it is."""
        self._queue.remove(entry.run_id)
        self._turns.had(entry.waiting)
        entry.state, entry.reason = "running", None
        try:
            worker = self._worker_for(entry, lock)
        except (OSError, ValueError) as error:
            logger.warning("The worker of run %s could not be started: %s", entry.run_id, error)
            why = getattr(error, "strerror", None) or "an error of the server"
            self._settle(entry, "failed", f"The training process could not be started: {why}.")
            return
        entry.reader = MetricsReader(entry.folder)
        self._turn = _Turn(entry, worker, time.monotonic())

    def _worker_for(self, entry: _Entry, lock: BinaryIO) -> Worker:
        """The process that trains this run: the one that waits, or a new one. Raises OSError."""
        idle = self._idle
        if idle is None or idle.lock is not lock:
            self._drop_idle()
            return Worker(lock, entry.folder, entry.about.threads, self._command)
        try:
            idle.train(entry.folder, entry.about.threads)
        except OSError:
            idle.rest()
            raise
        self._idle = None
        return idle

    def _follow(self) -> None:
        turn = self._turn
        if turn is None:
            return
        try:
            self._look_after(turn)
        except Exception:  # whatever is wrong is wrong with this run: the next ones go on
            logger.exception("Run %s could not be followed; it was ended.", turn.entry.run_id)
            self._turn = None
            turn.worker.close()
            self._settle(turn.entry, "failed", _CRASHED)

    def _look_after(self, turn: _Turn) -> None:
        worker = turn.worker
        # Before the last read, so that nothing is missed.
        done, exit_code = worker.has_done(), worker.process.exit_code
        if turn.entry.reader:
            turn.entry.reader.read()
        now = time.monotonic()
        if exit_code is not None or done:
            self._turn = None
            if exit_code is None:
                worker.rest()
                self._idle, self._needed = worker, now
            else:
                worker.close()
            self._finish(turn.entry, turn, 0 if done else exit_code or 0)
            self._learn_speed(turn.entry)
        elif turn.order and now - turn.ordered > _GRACE:
            worker.process.kill()
        elif now - turn.started > (most := self.limits_for(turn.entry.about.guest).turn_seconds):
            minutes = most / 60
            self._give_order(
                "pause", f"Its turn of {minutes:.0f} minutes is over. Resume to queue again."
            )

    def _learn_speed(self, entry: _Entry) -> None:
        """Remember how fast this machine trains, for the next estimate."""
        from gpt_core.training.estimate import speed_reached

        elapsed = self._reader(entry).curves.elapsed[-50:]
        if len(elapsed) == 50 and (seconds := (elapsed[-1] - elapsed[0]) / 49) > 0:
            with suppress(RunError):
                run = Run.open(entry.folder)
                self._speed = speed_reached(run.model_config, run.train_config, seconds)

    def _finish(self, entry: _Entry, turn: _Turn, exit_code: int) -> None:
        """Say what became of the run whose worker has ended."""
        status = _read_status(entry.folder)
        if told := turn.worker.process.error:  # whether or not it could write it down
            told = _DISK_FULL if "make room" in told else told
            self._settle(entry, "failed", _without_path(told, entry.folder))
        elif status.state == "failed":
            entry.state, entry.reason = "failed", status.reason or _CRASHED
        elif status.state == "diverged" or (exit_code == 0 and status.state not in ACTIVE):
            entry.state, entry.reason = status.state, turn.reason if turn.order else status.reason
        elif turn.order:  # it was killed while it saved
            self._settle(entry, {"pause": "paused", "stop": "stopped"}[turn.order], turn.reason)
        else:
            self._settle(entry, "failed", _why(exit_code, entry.folder))
        if entry.state == "failed":
            logger.warning("Run %s failed (code %s): %s", entry.run_id, exit_code, entry.reason)


def _why(exit_code: int, folder: Path) -> str:
    """What a visitor is told of a worker that ended without a word."""
    if exit_code in (-9, 137):
        return OUT_OF_MEMORY
    with suppress(OSError):
        if shutil.disk_usage(folder).free < _ROOM:
            return _DISK_FULL
    return _CRASHED


def _without_path(sentence: str, folder: Path) -> str:
    """A sentence that doesn't tell visitors where on the server a run lies."""
    sentence = sentence.replace(f"{folder}{os.sep}", "").replace(str(folder), "its folder")
    sentence = sentence.replace(folder.name, "this run")
    begins = sentence.startswith(("its ", "this "))
    return sentence[0].upper() + sentence[1:] if begins else sentence


def _is_of_class(entry: _Entry, class_id: str) -> bool:
    return bool(class_id) and entry.about.class_id == class_id and not entry.about.member


def _hash(visitor: str) -> str:
    return hashlib.sha256(visitor.encode()).hexdigest()


def _read_about(folder: Path) -> About:
    return About.from_dict(RunFolder(folder).notes())


def _read_status(folder: Path) -> Status:
    try:
        return RunFolder(folder).status()
    except RunError as error:
        return Status("failed", 0, _without_path(str(error), folder))


@once_per_process(close=TrainingService.close)
def training_service() -> TrainingService:
    """The one service of this app process; its worker ends with it."""
    return TrainingService(runs_root())
