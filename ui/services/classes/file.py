"""One class in one file: an SQLite database, whose every change is on the disk when it returns.

The journal is a file that is deleted (`journal_mode = DELETE`): a mounted disk knows no shared
memory, which the newer kind needs. The file goes when the class does, and with it all it holds.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ui.services.classes.limits import ClassError, ClassLimits, sentence_of

LEFT = 0  # in place of a member: nobody who is still in the class
_PAGE = 4096  # bytes
_PATIENCE = 2.0  # seconds to wait for another program that has locked the file
_TABLES = """
CREATE TABLE class (
    id TEXT NOT NULL, code TEXT NOT NULL, teacher TEXT NOT NULL, opened REAL NOT NULL,
    door INTEGER NOT NULL DEFAULT 1, held INTEGER NOT NULL DEFAULT 0,
    fixed INTEGER NOT NULL DEFAULT 0, vote TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 1, marks INTEGER NOT NULL DEFAULT 0,
    calls INTEGER NOT NULL DEFAULT 0, lesson TEXT NOT NULL DEFAULT 'classroom',
    query TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE members (
    number INTEGER PRIMARY KEY AUTOINCREMENT, secret TEXT NOT NULL UNIQUE, nickname TEXT NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0, named INTEGER NOT NULL DEFAULT 0, joined REAL NOT NULL
);
CREATE TABLE questions (
    id TEXT PRIMARY KEY, lesson TEXT NOT NULL, text TEXT NOT NULL, options TEXT NOT NULL,
    asked REAL NOT NULL, revealed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE answers (
    question TEXT NOT NULL, member INTEGER NOT NULL, choice INTEGER NOT NULL,
    PRIMARY KEY (question, member)
) WITHOUT ROWID;
CREATE TABLE items (
    number INTEGER PRIMARY KEY AUTOINCREMENT, member INTEGER NOT NULL, lesson TEXT NOT NULL,
    query TEXT NOT NULL, text TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class State:
    """What every screen of a class follows.

    version: one more for every change that members see. marks: one more for those of them that
    somebody sees, too, who looks around alone. calls: how often everybody was called back.
    lesson: its name in the address; "" is Home. query: what the address says besides. door:
    whether somebody may join. held: whether answers wait for the teacher to reveal them.
    fixed: whether members keep the teacher's model and prompt. vote: the id of the question that
    the class votes on or has voted on, "" for none.
    """

    version: int
    marks: int
    calls: int
    lesson: str
    query: Mapping[str, str]
    door: bool
    held: bool
    fixed: bool
    vote: str


@dataclass(frozen=True)
class Member:
    """Somebody in a class. named: whether they let their answers be shown with their nickname."""

    number: int
    nickname: str
    hidden: bool
    named: bool


@dataclass(frozen=True)
class Question:
    """A question that was answered in a class. counts: how many chose each option."""

    id: str
    lesson: str
    text: str
    options: tuple[str, ...]
    revealed: bool
    counts: tuple[int, ...]

    @property
    def answered(self) -> int:
        """How many have answered."""
        return sum(self.counts)


@dataclass(frozen=True)
class Item:
    """What a member has handed in: a view of a lesson, or a text (then `text` isn't empty)."""

    number: int
    member: int
    lesson: str
    query: Mapping[str, str]
    text: str


class ClassFile:
    """The database of one class. Every method may be called by any thread.

    All raise ClassError, with a sentence, when the file can't be read or written.
    """

    def __init__(self, path: Path, limits: ClassLimits) -> None:
        self.path, self._limits = path, limits
        self._lock = threading.RLock()
        with self._sentences():
            # Each statement is a transaction of its own, unless `_together` says otherwise.
            self._base = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            self._base.execute("PRAGMA journal_mode = DELETE")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.execute(f"PRAGMA max_page_count = {limits.bytes // _PAGE}")

    @classmethod
    def create(
        cls, path: Path, class_id: str, code: str, teacher: str, limits: ClassLimits
    ) -> ClassFile:
        """A new class, known by an id and a code. teacher: the hash of the teacher's secret."""
        file = cls(path, limits)
        with file._together():
            for statement in _TABLES.split(";"):
                file._base.execute(statement)
            file._base.execute(
                "INSERT INTO class (id, code, teacher, opened) VALUES (?, ?, ?, ?)",
                (class_id, code, teacher, time.time()),
            )
        return file

    def identity(self) -> tuple[str, str, str, float]:
        """Id, code, the hash of the teacher's secret, and when it was opened (Unix seconds)."""
        (row,) = self._rows("SELECT id, code, teacher, opened FROM class")
        return row

    def state(self) -> State:
        """What every screen follows."""
        names = "version, marks, calls, lesson, query, door, held, fixed, vote"
        (row,) = self._rows(f"SELECT {names} FROM class")
        version, marks, calls, lesson, query, door, held, fixed, vote = row
        switches = bool(door), bool(held), bool(fixed)
        return State(version, marks, calls, lesson, json.loads(query), *switches, vote)

    def change(self, *counters: str, **values: Any) -> State:
        """Set columns of the class, and add one to counters: "version", "marks", "calls"."""
        names = [f"{name} = :{name}" for name in values]
        names += [f"{name} = {name} + 1" for name in counters]
        with self._together():
            self._base.execute(f"UPDATE class SET {', '.join(names)}", values)
            return self.state()

    def members(self) -> list[tuple[str, Member]]:
        """All of them with the hashes of their secrets, in the order in which they came."""
        rows = self._rows(
            "SELECT secret, number, nickname, hidden, named FROM members ORDER BY number"
        )
        return [(secret, Member(n, name, bool(h), bool(d))) for secret, n, name, h, d in rows]

    def add_member(self, secret: str, nickname: str) -> int:
        """A new member's number; they count from 1. secret: its hash."""
        with self._together():
            row = self._base.execute(
                "INSERT INTO members (secret, nickname, joined) VALUES (?, ?, ?)",
                (secret, nickname, time.time()),
            )
            assert row.lastrowid is not None
            return row.lastrowid

    def change_member(self, number: int, **values: Any) -> None:
        """Set columns of a member."""
        names = ", ".join(f"{name} = :{name}" for name in values)
        with self._together():
            self._base.execute(
                f"UPDATE members SET {names} WHERE number = :number", values | {"number": number}
            )

    def remove_member(self, number: int) -> None:
        """A member goes, and their answers and what they have handed in with them."""
        with self._together():
            self._base.execute("DELETE FROM answers WHERE member = ?", (number,))
            self._base.execute("DELETE FROM items WHERE member = ?", (number,))
            self._base.execute("DELETE FROM members WHERE number = ?", (number,))

    def add_question(self, question: Question) -> None:
        """Keep a question, if it isn't known already."""
        self._change(
            "INSERT OR IGNORE INTO questions (id, lesson, text, options, asked) "
            "VALUES (?, ?, ?, ?, ?)",
            question.id,
            question.lesson,
            question.text,
            json.dumps(question.options),
            time.time(),
        )

    def questions_of_few(self, few: int) -> list[tuple[str, int, int]]:
        """Questions that at most so many members have answered, the oldest first.

        Each as often as there are members who did, with one of them and how many they are; once,
        with LEFT and 0, where those who did have left.
        """
        return self._rows(
            "SELECT id, coalesce(member, ?), "
            "(SELECT count(*) FROM answers WHERE question = id) AS answered "
            "FROM questions LEFT JOIN answers ON question = id "
            "WHERE revealed = 0 AND answered <= ? ORDER BY asked, id",
            LEFT,
            few,
        )

    def remove_question(self, question: str) -> None:
        """A question goes, and its answers with it."""
        with self._together():
            self._base.execute("DELETE FROM answers WHERE question = ?", (question,))
            self._base.execute("DELETE FROM questions WHERE id = ?", (question,))

    def answer(self, question: str, member: int, choice: int) -> None:
        """Keep a member's first answer; a later one is left."""
        self._change(
            "INSERT OR IGNORE INTO answers (question, member, choice) "
            "SELECT ?, number, ? FROM members WHERE number = ?",  # who was removed has none
            question,
            choice,
            member,
        )

    def reveal(self, question: str) -> State:
        """Let members see how many have chosen what."""
        with self._together():
            self._base.execute("UPDATE questions SET revealed = 1 WHERE id = ?", (question,))
            return self.change("version", "marks")

    def questions(self) -> list[Question]:
        """All of them with their counts, the newest first."""
        with self._lock:
            counts: dict[str, dict[int, int]] = {}
            for question, choice, number in self._rows(
                "SELECT question, choice, count(*) FROM answers GROUP BY question, choice"
            ):
                counts.setdefault(question, {})[choice] = number
            rows = self._rows(
                "SELECT id, lesson, text, options, revealed FROM questions ORDER BY asked DESC"
            )
        return [_question(row, counts.get(row[0], {})) for row in rows]

    def question(self, identity: str) -> Question | None:
        """One of them."""
        with self._lock:
            rows = self._rows(
                "SELECT id, lesson, text, options, revealed FROM questions WHERE id = ?", identity
            )
            counts = self._rows(
                "SELECT choice, count(*) FROM answers WHERE question = ? GROUP BY choice", identity
            )
        return _question(rows[0], dict(counts)) if rows else None

    def answers(self, question: str) -> dict[int, int]:
        """What each member has chosen, by their number."""
        return dict(self._rows("SELECT member, choice FROM answers WHERE question = ?", question))

    def add_item(self, member: int, lesson: str, query: Mapping[str, str], text: str) -> int:
        """Keep what a member hands in; its number."""
        with self._together():
            row = self._base.execute(
                "INSERT INTO items (member, lesson, query, text) VALUES (?, ?, ?, ?)",
                (member, lesson, json.dumps(dict(query)), text),
            )
            assert row.lastrowid is not None
            return row.lastrowid

    def items(self) -> list[Item]:
        """All that was handed in, the newest first."""
        rows = self._rows(
            "SELECT number, member, lesson, query, text FROM items ORDER BY number DESC"
        )
        return [Item(n, member, lesson, json.loads(q), text) for n, member, lesson, q, text in rows]

    def remove_item(self, number: int) -> None:
        """Take something off the board."""
        self._change("DELETE FROM items WHERE number = ?", number)

    def items_of(self, member: int) -> int:
        """How many things a member has on the board."""
        ((number,),) = self._rows("SELECT count(*) FROM items WHERE member = ?", member)
        return int(number)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        ((number,),) = self._rows(f"SELECT count(*) FROM {table}")
        return int(number)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    def delete(self) -> None:
        """The class is over: its file goes, and the journal beside it."""
        self.close()
        for path in (self.path, self.path.with_name(f"{self.path.name}-journal")):
            path.unlink(missing_ok=True)

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._lock, self._sentences():
            return self._base.execute(statement, values).fetchall()

    def _change(self, statement: str, *values: Any) -> None:
        with self._lock, self._sentences():
            self._base.execute(statement, values)

    @contextmanager
    def _together(self) -> Iterator[None]:
        """What happens inside is there as a whole or not at all."""
        with self._lock, self._sentences():
            if self._base.in_transaction:
                yield
                return
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ClassError(sentence_of(error, self._limits)) from error


def _question(row: tuple[Any, ...], counts: Mapping[int, int]) -> Question:
    identity, lesson, text, options, revealed = row
    names = tuple(json.loads(options))
    numbers = tuple(counts.get(choice, 0) for choice in range(len(names)))
    return Question(identity, lesson, text, names, bool(revealed), numbers)
