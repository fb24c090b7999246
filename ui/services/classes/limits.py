"""How much a class may be, and what is said where it is too much."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


class ClassError(ValueError):
    """Something that can't be done in a class; the message is for whoever tried."""


@dataclass(frozen=True)
class ClassLimits:
    """Limits on totals: of a server, and of one class. None counts what a visitor's id has done.

    questions_each: that nobody else has answered, of one member. items_each: of one member. tabs:
    of one member, that wait for what the teacher does. bytes: of a class's file. item: characters
    of one thing that is handed in.
    """

    classes: int = 20
    members: int = 200
    questions: int = 400
    questions_each: int = 40
    items: int = 300
    items_each: int = 30
    tabs: int = 4
    item: int = 4_000
    bytes: int = 8_000_000
    hours: float = 12.0


NO_CLASS = (
    "There is no class with this code, or its door is closed. Check its six letters, or ask your "
    "teacher."
)
NOT_YOURS = "Only the teacher of this class can do that."
GONE = "This class has ended."
LOCKED = "Another program is using the class's file. Try again in a moment."
DAMAGED = "The class's file can't be read or written any more: {}."


def too_many_classes(limits: ClassLimits) -> str:
    """Said to who wants to open one more."""
    return (
        f"This server holds {limits.classes} classes at a time, and that many are open. One ends "
        f"when its teacher ends it, or after {limits.hours:g} hours."
    )


def too_many_members(limits: ClassLimits) -> str:
    """Said to who wants to join a full class."""
    return f"This class is full: it has room for {limits.members} members."


def too_many_questions(limits: ClassLimits) -> str:
    """Said to who answers a question that is one too many."""
    return f"A class keeps the answers to {limits.questions} questions, and has as many."


def too_many_items(limits: ClassLimits) -> str:
    """Said to who hands in one thing too many."""
    return f"The board holds {limits.items} things, and is full. Your teacher can take some off."


def too_many_items_of_one(limits: ClassLimits) -> str:
    """Said to who has handed in enough."""
    return (
        f"You have {limits.items_each} things on the board, as many as one may have. Your teacher "
        f"can take some off."
    )


def too_large(limits: ClassLimits) -> str:
    """Said where a file may not grow, or can't."""
    return (
        f"This can't be kept: the server's disk is full, or the class has the "
        f"{limits.bytes / 1e6:g} MB that one may have."
    )


def sentence_of(error: sqlite3.Error, limits: ClassLimits) -> str:
    """What a database's error means for who is in the class."""
    text = str(error)
    if "full" in text:
        return too_large(limits)
    if "locked" in text or "busy" in text:
        return LOCKED
    return DAMAGED.format(text)
