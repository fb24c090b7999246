"""The classes of this server: who is in them, and who may do what.

Whoever acts shows a seat: a class's id and a secret. What the secret stands for, the teacher or a
member, is looked up here each time; what a page shows or hides gives nobody a right.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from ui.services.classes.codes import (
    LONGEST_NICKNAME,
    clean_code,
    hashed,
    new_code,
    new_secret,
    suggested,
)
from ui.services.classes.file import LEFT, ClassFile, Item, Member, Question, State
from ui.services.classes.limits import (
    GONE,
    NO_CLASS,
    NOT_YOURS,
    ClassError,
    ClassLimits,
    too_large,
    too_many_classes,
    too_many_items,
    too_many_items_of_one,
    too_many_members,
    too_many_questions,
)
from ui.services.models import runs_root
from ui.services.processwide import once_per_process
from ui.services.training import training_service

logger = logging.getLogger(__name__)

FOLDER, ENDING = "classes", ".sqlite"
_ID = re.compile(r"[0-9a-f]{16}")
_LESSON = re.compile(r"[a-z_0-9]{0,40}")
_LONGEST_ADDRESS = 20_000  # characters of what a teacher's address says
_POINTS = 0.15  # seconds between two movements of a pointer that are passed on
_LONGEST_NAME = 200  # characters of what is pointed at
_FEW = 4  # a question that at most one member in so many has answered may make room
_LOOK = 30.0  # seconds between two looks at which classes are over

CONSOLE, BOARD = "classroom", "board"  # there the address says what of the board is shown

T = TypeVar("T")
Listener = Callable[[], None]
Watcher = Callable[[str], None]


@dataclass(frozen=True)
class Seat:
    """What somebody in a class shows: the class's id, and a secret that only they have."""

    class_id: str
    secret: str

    @classmethod
    def read(cls, text: object) -> Seat | None:
        """As a browser keeps it, `id.secret`; None for anything else. Written by strangers."""
        if not isinstance(text, str) or len(text) > 100 or "." not in text:
            return None
        class_id, _, secret = text.partition(".")
        return cls(class_id, secret) if _ID.fullmatch(class_id) else None

    @property
    def text(self) -> str:
        """As a browser keeps it."""
        return f"{self.class_id}.{self.secret}"

    @property
    def ticket(self) -> str:
        """What a member shows where only the class is told something: it gives no other right."""
        return ticket_of(hashed(self.secret))


@dataclass(frozen=True)
class Waiting:
    """A member who waits to be told something. ticket: see `Seat`."""

    class_id: str
    ticket: str


@dataclass(frozen=True)
class Spot:
    """Where on a page somebody points.

    on: what the browser calls the panel or the picture. x, y: parts of its width and height.
    """

    lesson: str
    on: str
    x: float
    y: float


@dataclass(frozen=True)
class Shown:
    """What a teacher's console has put on the screen. number: how often it has put something."""

    number: int = 0
    lesson: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """What a seat stands for. member: None for the teacher."""

    class_id: str
    code: str
    opened: float
    member: Member | None

    @property
    def teacher(self) -> bool:
        """Whether it is the teacher's."""
        return self.member is None


@dataclass
class _Class:
    """A class as this process has it. members: by the hash of their secret."""

    file: ClassFile
    id: str
    code: str
    teacher: str
    opened: float
    state: State
    members: dict[str, Member]
    questions: set[str]
    answered: int = 0  # counts answers and items: what a teacher's console redraws for
    # Each with the ticket of the member who waits.
    listeners: dict[Listener, str] = field(default_factory=dict)
    watchers: dict[Watcher, str] = field(default_factory=dict)
    pointed: float = 0.0  # when (monotonic)
    shown: Shown = Shown()


class ClassService:
    """Opens, keeps and ends classes. Every method may be called by any thread.

    All raise ClassError, with a sentence, for what can't be done.
    """

    def __init__(
        self,
        root: Path,
        limits: ClassLimits | None = None,
        ended: Callable[[str], None] = lambda class_id: None,
    ) -> None:
        """Take up the classes of an earlier process. ended: called with the id of each that ends"""
        self._root, self.limits, self._ended = root / FOLDER, limits or ClassLimits(), ended
        self._lock = threading.RLock()
        self._classes: dict[str, _Class] = {}
        self._closed = threading.Event()
        self._find_classes()
        threading.Thread(target=self._look_after, name="classes", daemon=True).start()

    # ---- Coming in ----

    def open(self) -> Seat:
        """A new class; the seat is its teacher's."""
        with self._lock:
            self._end_old()
            if len(self._classes) >= self.limits.classes:
                raise ClassError(too_many_classes(self.limits))
            class_id, secret = secrets.token_hex(8), new_secret()
            codes = {one.code for one in self._classes.values()}
            code = next(c for c in iter(new_code, None) if c not in codes)
            try:
                self._root.mkdir(parents=True, exist_ok=True)
                path = self._root / f"{class_id}{ENDING}"
                file = ClassFile.create(path, class_id, code, hashed(secret), self.limits)
            except OSError:
                raise ClassError(too_large(self.limits)) from None
            self._classes[class_id] = _taken_up(file)
            return Seat(class_id, secret)

    def join(self, typed: str, nickname: str) -> Seat:
        """Come into the class with this code; without a nickname one gets a harmless one.

        Another's nickname gets a number behind it.
        """
        with self._lock:
            found = self._find(typed)
            if found is None or not found.state.door:
                raise ClassError(NO_CLASS)
            if len(found.members) >= self.limits.members:
                raise ClassError(too_many_members(self.limits))
            secret = new_secret()
            name = _free_name(nickname, found)
            number = found.file.add_member(hashed(secret), name)
            found.members[hashed(secret)] = Member(number, name, False, False)
            found.answered += 1
            return Seat(found.id, secret)

    def is_any_open(self) -> bool:
        """Whether there is a class on this server."""
        with self._lock:
            return any(not self._is_old(found) for found in self._classes.values())

    def role(self, seat: Seat | None) -> Role | None:
        """What a seat stands for; None if for nothing here (any more)."""
        with self._lock:
            found = self._classes.get(seat.class_id) if seat else None
            if found is None or seat is None or self._is_old(found):
                return None
            member = found.members.get(hashed(seat.secret))
            if member is None and not _is_teacher(found, seat):
                return None
            return Role(found.id, found.code, found.opened, member)

    def leave(self, seat: Seat) -> None:
        """Go, and take along all answers and what was handed in."""
        with self._lock:
            found, member = self._member(seat)
            self._remove(found, member.number)

    # ---- What everybody in a class sees ----

    def state(self, seat: Seat) -> State:
        """What every screen follows."""
        return self._seated(seat).state

    def members(self, seat: Seat) -> list[Member]:
        """Who is there, in the order in which they came."""
        found = self._seated(seat)
        with self._lock:
            return sorted(found.members.values(), key=lambda member: member.number)

    def activity(self, seat: Seat) -> tuple[int, int]:
        """Two numbers that change when there is something new for the teacher."""
        found = self._seated(seat)
        return found.state.version, found.answered

    def question(self, seat: Seat, identity: str) -> Question | None:
        """A question with its counts: for the teacher, and once it is revealed for everybody."""
        found = self._seated(seat)
        known = found.file.question(identity) if identity in found.questions else None
        return known if known and (known.revealed or _is_teacher(found, seat)) else None

    def vote(self, seat: Seat) -> Question | None:
        """What the class votes on, or has voted on; members see no counts before it is decided."""
        found = self._seated(seat)
        asked = found.file.question(found.state.vote) if found.state.vote else None
        if asked and not (asked.revealed or _is_teacher(found, seat)):
            return replace(asked, counts=())
        return asked

    def vote_of(self, seat: Seat) -> int | None:
        """Which option of the vote a member has chosen; None for none."""
        with self._lock:
            found, member = self._member(seat)
            return found.file.answers(found.state.vote).get(member.number)

    def item(self, seat: Seat, number: int) -> Item | None:
        """Something on the board."""
        items = self._seated(seat).file.items()
        return next((item for item in items if item.number == number), None)

    # ---- What members do ----

    def answer(
        self, seat: Seat, lesson: str, case: str, text: str, options: Sequence[str], choice: int
    ) -> str:
        """Hand in an answer; the question's id. Whoever answers again has answered as before."""
        with self._lock:
            found, member = self._member(seat)
            question = asked(lesson, case, text, options)
            if not 0 <= choice < len(question.options) or question.id == found.state.vote:
                raise ClassError(GONE)
            if question.id not in found.questions:
                self._add_question(found, question, member.number)
            found.file.answer(question.id, member.number, choice)
            found.answered += 1
            return question.id

    def cast(self, seat: Seat, choice: int) -> None:
        """Vote; the first vote counts. Nothing happens where none is open."""
        with self._lock:
            found, member = self._member(seat)
            vote = found.file.question(found.state.vote) if found.state.vote else None
            if vote is None or vote.revealed:
                return
            if not 0 <= choice < len(vote.options):
                raise ClassError(GONE)
            found.file.answer(vote.id, member.number, choice)
            found.answered += 1

    def hand_in(self, seat: Seat, lesson: str, query: Mapping[str, str], text: str = "") -> int:
        """Put a view of a lesson, or a text, on the board; its number."""
        with self._lock:
            found, member = self._member(seat)
            if found.file.count("items") >= self.limits.items:
                raise ClassError(too_many_items(self.limits))
            if found.file.items_of(member.number) >= self.limits.items_each:
                raise ClassError(too_many_items_of_one(self.limits))
            lesson, query = _checked(lesson, query)
            number = found.file.add_item(member.number, lesson, query, text[: self.limits.item])
            found.answered += 1
            return number

    def call_oneself(self, seat: Seat, nickname: str) -> str:
        """Take another nickname, as far as it is free."""
        with self._lock:
            found, member = self._member(seat)
            return self._rename(found, member.number, nickname)

    def show_name(self, seat: Seat, shown: bool) -> None:
        """Let one's answers be shown with one's nickname, or not any more."""
        with self._lock:
            found, member = self._member(seat)
            self._change_member(found, member.number, named=shown)

    # ---- What only the teacher does ----

    def steer(self, seat: Seat, lesson: str, query: Mapping[str, str]) -> State:
        """What the teacher looks at, and so everybody who follows."""
        with self._lock:
            found = self._taught(seat)
            lesson, query = _on_board(found, *_checked(lesson, query))
            if (lesson, query) == (found.state.lesson, dict(found.state.query)):
                return found.state
            return self._seen(
                found, found.file.change("version", lesson=lesson, query=json.dumps(query))
            )

    def point(self, seat: Seat, spot: Spot) -> None:
        """Show everybody who follows where the teacher points; it is kept nowhere."""
        found, now = self._taught(seat), time.monotonic()
        inside = 0 <= spot.x <= 1 and 0 <= spot.y <= 1 and len(spot.on) <= _LONGEST_NAME
        if not (_LESSON.fullmatch(spot.lesson) and inside):
            raise ClassError(GONE)
        with self._lock:
            if now - found.pointed < _POINTS:
                return
            found.pointed = now
            watchers = [*found.watchers]
        for watcher in watchers:
            watcher(json.dumps(asdict(spot)))

    def show(self, seat: Seat, lesson: str, query: Mapping[str, str]) -> int:
        """Put a view on all screens, the projector's and of who follows. Its number.

        The page that asks for it stays where it is.
        """
        with self._lock:
            found = self._taught(seat)
            found.shown = Shown(found.shown.number + 1, *_checked(lesson, query))
            self.steer(seat, lesson, query)
            return found.shown.number

    def shown(self, seat: Seat) -> Shown:
        """What the teacher has put on the screen last."""
        return self._taught(seat).shown

    def call(self, seat: Seat) -> None:
        """Everybody here: whoever looks around on their own follows again."""
        with self._lock:
            found = self._taught(seat)
            self._seen(found, found.file.change("version", "marks", "calls"))

    def set_door(self, seat: Seat, is_open: bool) -> None:
        """Whether anybody else may come in."""
        with self._lock:
            found = self._taught(seat)
            self._seen(found, found.file.change(door=int(is_open)))

    def hold(self, seat: Seat, held: bool) -> None:
        """Whether answers wait until the teacher reveals them."""
        with self._lock:
            found = self._taught(seat)
            self._seen(found, found.file.change("version", "marks", held=int(held)))

    def fix(self, seat: Seat, fixed: bool) -> None:
        """Whether members keep the teacher's model and prompt."""
        with self._lock:
            found = self._taught(seat)
            self._seen(found, found.file.change("version", "marks", fixed=int(fixed)))

    def reveal(self, seat: Seat, question: str) -> None:
        """Let everybody see how many have chosen what."""
        with self._lock:
            found = self._taught(seat)
            self._seen(found, found.file.reveal(question))

    def ask_vote(self, seat: Seat, text: str, options: Sequence[str]) -> None:
        """Let the class vote on something."""
        with self._lock:
            found = self._taught(seat)
            question = asked("training", secrets.token_hex(8), text, options)
            self._add_question(found, question)
            self._seen(found, found.file.change("version", "marks", vote=question.id))

    def decide_vote(self, seat: Seat) -> Question | None:
        """Nobody votes any more, and everybody sees the counts."""
        with self._lock:
            found = self._taught(seat)
            if found.state.vote:
                self._seen(found, found.file.reveal(found.state.vote))
            return self.vote(seat)

    def forget_vote(self, seat: Seat) -> None:
        """What was voted on is done; the answers stay among the others."""
        with self._lock:
            found = self._taught(seat)
            self._seen(found, found.file.change("version", "marks", vote=""))

    def questions(self, seat: Seat) -> list[Question]:
        """All that was asked and answered, the newest first."""
        return self._taught(seat).file.questions()

    def answers(self, seat: Seat, question: str) -> list[tuple[Member, int]]:
        """Each answer with who gave it."""
        found = self._taught(seat)
        members = {member.number: member for member in self.members(seat)}
        given = found.file.answers(question)
        return [(members[number], choice) for number, choice in given.items() if number in members]

    def items(self, seat: Seat) -> list[Item]:
        """The board, the newest first."""
        return self._taught(seat).file.items()

    def take_off(self, seat: Seat, number: int) -> None:
        """Take something off the board, and off every screen that shows it."""
        with self._lock:
            found = self._taught(seat)
            found.file.remove_item(number)
            self._all_look(found)

    def remove(self, seat: Seat, member: int) -> None:
        """Somebody goes, and their answers with them."""
        with self._lock:
            found = self._taught(seat)
            self._remove(found, member)

    def rename(self, seat: Seat, member: int, nickname: str) -> str:
        """Give somebody another nickname."""
        with self._lock:
            found = self._taught(seat)
            name = self._rename(found, member, nickname)
            self._all_look(found)
            return name

    def hide(self, seat: Seat, member: int, hidden: bool) -> None:
        """Show somebody's nickname on no screen, or show it again."""
        with self._lock:
            found = self._taught(seat)
            self._change_member(found, member, hidden=hidden)
            self._all_look(found)

    def reissue(self, seat: Seat) -> Seat:
        """A new secret for the teacher; the old one is worth nothing from now on."""
        with self._lock:
            found, secret = self._taught(seat), new_secret()
            found.file.change(teacher=hashed(secret))
            found.teacher = hashed(secret)
            return Seat(found.id, secret)

    def end(self, seat: Seat) -> None:
        """The class is over, and all that it holds is deleted."""
        with self._lock:
            self._end(self._taught(seat))

    # ---- For the route that browsers wait at ----

    def counters(self, member: Waiting) -> tuple[int, int] | None:
        """`version` and `marks` of what members see; None for who is no member of any class."""
        with self._lock:
            found = self._class_of(member)
            return (found.state.version, found.state.marks) if found else None

    def listen(self, member: Waiting, listener: Listener) -> bool:
        """Call a function when the version grows or the class ends. Whether there is room for it.

        The function may be called by any thread.
        """
        with self._lock:
            found = self._class_of(member)
            return found is not None and self._admit(found.listeners, listener, member)

    def forget(self, member: Waiting, listener: Listener) -> None:
        """The inverse of `listen`."""
        with self._lock:
            if found := self._classes.get(member.class_id):
                found.listeners.pop(listener, None)

    def watch_pointer(self, member: Waiting, watcher: Watcher) -> bool:
        """Call a function with each spot that the teacher points at. Whether there is room."""
        with self._lock:
            found = self._class_of(member)
            return found is not None and self._admit(found.watchers, watcher, member)

    def look_away(self, member: Waiting, watcher: Watcher) -> None:
        """The inverse of `watch_pointer`."""
        with self._lock:
            if found := self._classes.get(member.class_id):
                found.watchers.pop(watcher, None)

    def close(self) -> None:
        """Let go of all files; the classes are there again when the app starts."""
        self._closed.set()
        with self._lock:
            for found in self._classes.values():
                found.file.close()

    # ---- What pages don't call ----

    def _class_of(self, member: Waiting) -> _Class | None:
        """The class that a member is in; None for who isn't in one. With the lock."""
        found = self._classes.get(member.class_id)
        if found is None or member.ticket not in map(ticket_of, found.members):
            return None
        return found

    def _admit(self, those: dict[T, str], one: T, member: Waiting) -> bool:
        """Add one of those who wait, if there is room: in all, and of what each may have."""
        # A browser that has just gone is noticed a moment later, so twice as many fit.
        of_member = sum(ticket == member.ticket for ticket in those.values())
        if len(those) > 2 * self.limits.members or of_member >= self.limits.tabs:
            return False
        those[one] = member.ticket
        return True

    def _add_question(self, found: _Class, question: Question, member: int = 0) -> None:
        """Keep a new question of a member, or of the teacher (0).

        Of those that nobody but one member has answered, as many are kept as one may have. Where
        there is no room, one goes that few of the class have answered, so that a few who work
        together don't fill it: of those who have left, or of the member's who has the most.
        """
        few = max(1, len(found.members) // _FEW)
        by_member: dict[int, list[str]] = {}
        alone: list[str] = []
        for identity, whose, answered in found.file.questions_of_few(few):
            if identity == found.state.vote:
                continue
            by_member.setdefault(whose, []).append(identity)
            if whose == member and answered <= 1:
                alone.append(identity)
        goes = alone[0] if len(alone) >= self.limits.questions_each else None
        if goes is None and len(found.questions) >= self.limits.questions:
            if not by_member:
                raise ClassError(too_many_questions(self.limits))
            goes = by_member[max(by_member, key=lambda one: (one == LEFT, len(by_member[one])))][0]
        if goes:
            found.file.remove_question(goes)
            found.questions.discard(goes)
        found.file.add_question(question)
        found.questions.add(question.id)

    def _find(self, typed: str) -> _Class | None:
        code = clean_code(typed)
        return next(
            (f for f in self._classes.values() if f.code == code and not self._is_old(f)), None
        )

    def _seated(self, seat: Seat) -> _Class:
        with self._lock:
            if self.role(seat) is None:
                raise ClassError(GONE)
            return self._classes[seat.class_id]

    def _taught(self, seat: Seat) -> _Class:
        found = self._seated(seat)
        if not _is_teacher(found, seat):
            raise ClassError(NOT_YOURS)
        return found

    def _member(self, seat: Seat) -> tuple[_Class, Member]:
        found = self._seated(seat)
        member = found.members.get(hashed(seat.secret))
        if member is None:
            raise ClassError(GONE)
        return found, member

    def _seen(self, found: _Class, state: State) -> State:
        found.state = state
        found.answered += 1
        for listener in [*found.listeners]:
            listener()
        return state

    def _all_look(self, found: _Class) -> None:
        """Every member's page is drawn again, also of who looks around alone."""
        _, query = _on_board(found, found.state.lesson, dict(found.state.query))
        self._seen(found, found.file.change("version", "marks", query=json.dumps(query)))

    def _change_member(self, found: _Class, number: int, **values: str | bool) -> None:
        found.file.change_member(number, **values)
        found.members = dict(found.file.members())
        found.answered += 1

    def _rename(self, found: _Class, number: int, nickname: str) -> str:
        name = _free_name(nickname, found, number)
        self._change_member(found, number, nickname=name)
        return name

    def _remove(self, found: _Class, number: int) -> None:
        found.file.remove_member(number)
        found.members = dict(found.file.members())
        self._all_look(found)

    def _end(self, found: _Class) -> None:
        del self._classes[found.id]
        with suppress(OSError, ClassError):
            found.file.delete()
        for listener in [*found.listeners]:
            listener()
        self._ended(found.id)

    def _is_old(self, found: _Class) -> bool:
        return time.time() - found.opened > 3600 * self.limits.hours

    def _end_old(self) -> None:
        with self._lock:
            for found in [*self._classes.values()]:
                if self._is_old(found):
                    self._end(found)

    def _look_after(self) -> None:
        while not self._closed.wait(_LOOK):
            try:
                self._end_old()
            except Exception:
                logger.exception("The classes could not be looked after.")

    def _find_classes(self) -> None:
        with suppress(OSError):
            for path in sorted(self._root.glob(f"*{ENDING}")):
                if _ID.fullmatch(path.stem):
                    self._take_up(path)
        self._end_old()

    def _take_up(self, path: Path) -> None:
        try:
            found = _taken_up(ClassFile(path, self.limits))
        except ClassError as error:
            logger.warning("The class in %s can't be taken up: %s", path, error)
            if time.time() - path.stat().st_mtime > 3600 * self.limits.hours:
                path.unlink(missing_ok=True)
                self._ended(path.stem)
            return
        self._classes[found.id] = found


def _taken_up(file: ClassFile) -> _Class:
    class_id, code, teacher, opened = file.identity()
    members = dict(file.members())
    questions = {question.id for question in file.questions()}
    return _Class(file, class_id, code, teacher, opened, file.state(), members, questions)


def ticket_of(secret: str) -> str:
    """What a member shows where they wait. secret: its hash."""
    return secret[:16]


def _is_teacher(found: _Class, seat: Seat) -> bool:
    return secrets.compare_digest(found.teacher, hashed(seat.secret))


def _free_name(nickname: str, found: _Class, number: int | None = None) -> str:
    """A nickname that nobody else in the class has."""
    taken = {m.nickname for m in found.members.values() if m.number != number}
    wanted = "".join(c for c in nickname if c.isprintable()).strip()[:LONGEST_NICKNAME]
    wanted = wanted or suggested(taken)
    names = (f"{wanted} {n}" if n > 1 else wanted for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def asked(lesson: str, case: str, text: str, options: Sequence[str]) -> Question:
    """A question as it is kept. Two are the same if all that makes it up is."""
    kept = tuple(str(option)[:200] for option in options[:20])
    parts = (lesson[:40], case[:4000], text[:2000], *kept)
    identity = hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()[:16]
    return Question(identity, lesson[:40], text[:2000], kept, False, ())


def _checked(lesson: str, query: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    if not _LESSON.fullmatch(lesson) or sum(len(k) + len(v) for k, v in query.items()) > (
        _LONGEST_ADDRESS
    ):
        raise ClassError(GONE)
    return lesson, dict(query)


def _on_board(found: _Class, lesson: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
    """A view as the class follows it: it names nothing that isn't on the board (any more)."""
    asked = query.get(BOARD) if lesson == CONSOLE else None
    if asked is None or asked in {str(item.number) for item in found.file.items()}:
        return lesson, query
    return lesson, {name: text for name, text in query.items() if name != BOARD}


@once_per_process(close=ClassService.close)
def class_service() -> ClassService:
    """The one service of this app process. A class's runs go with it."""
    return ClassService(runs_root(), ended=lambda one: training_service().end_class(one))
