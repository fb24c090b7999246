"""What a teacher's sheet on one lesson holds, and how much of it stands on paper for pupils."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Exercise:
    """A task and its solution, both Markdown."""

    task: str
    solution: str


@dataclass(frozen=True)
class Sheet:
    """One lesson.

    aim: completes "Pupils can …". show: what to point at; state: the values in the lesson's address
    that show it. wrong: what pupils often say instead, and what to reply. by_hand: the exercise for
    pencil and paper, whose numbers a test computes again.
    """

    aim: str
    show: str
    ask: str
    answer: str
    wrong: tuple[tuple[str, str], ...]
    by_hand: Exercise
    other: Exercise
    state: Mapping[str, str] = field(default_factory=dict)
