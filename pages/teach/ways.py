"""The three ways through the course, in minutes of the course's own table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urljoin

from pages.teach import words
from ui.app.course import LessonLike


def parts_of(way: str, course: Sequence[LessonLike]) -> list[list[LessonLike]]:
    """The lessons of a way, a list for each time that the class meets."""
    if way == words.WHOLE:
        return [list(course)]
    by_name = {lesson.name: lesson for lesson in course}
    return [[by_name[name] for name in part] for part in words.PLANS[way]]


def shares(minutes: Sequence[int], total: int) -> list[int]:
    """Whole minutes for each lesson: as they are if they fit, else in proportion, total in all.

    The largest remainders are rounded up (Hamilton's method).
    """
    if (whole := sum(minutes)) <= total:
        return list(minutes)
    exact = [m * total / whole for m in minutes]
    found = [int(share) for share in exact]
    order = sorted(range(len(exact)), key=lambda i: found[i] - exact[i])
    for i in order[: total - sum(found)]:
        found[i] += 1
    return found


def address_of(lesson: str, state: Mapping[str, str], here: str) -> str:
    """The address that opens a lesson in a state. here: the teacher's page; empty if not known."""
    path = ("./" if lesson == "home" else lesson) + (f"?{urlencode(state)}" if state else "")
    return urljoin(here, path)
