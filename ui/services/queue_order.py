"""Whose run trains next, when many wait: a turn for each class, and in it one for each member.

A visitor's id costs nothing, so among those who are in no class nobody is preferred for having had
fewer turns: they are served as they come, together as one group.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Waiting:
    """A run that waits. group: its class's id, "" for none. member: who in it. work: any unit."""

    run_id: str
    group: str
    member: int
    work: float


@dataclass
class Turns:
    """Who has had how many turns, and when each group had its last one (counted in turns)."""

    of_members: dict[tuple[str, int], int] = field(default_factory=dict)
    of_groups: dict[str, int] = field(default_factory=dict)
    so_far: int = 0

    def had(self, run: Waiting) -> None:
        """A run has had a turn."""
        self.so_far += 1
        self.of_groups[run.group] = self.so_far
        if run.group:
            who = (run.group, run.member)
            self.of_members[who] = self.of_members.get(who, 0) + 1

    def copy(self) -> Turns:
        """Another one that can go on by itself."""
        return Turns(dict(self.of_members), dict(self.of_groups), self.so_far)

    def forget(self, group: str) -> None:
        """A class has ended."""
        self.of_groups.pop(group, None)
        self.of_members = {who: n for who, n in self.of_members.items() if who[0] != group}


def in_order(waiting: Iterable[Waiting], turns: Turns) -> list[str]:
    """The ids of all that wait, in the order in which they get their turns.

    waiting: in the order in which they came. The next turn is the group's whose last one is the
    longest ago; in a class it is the member's who has had the fewest, and of those the shortest
    run's. What has come earlier decides where all this is equal.
    """
    left, later, order = list(waiting), turns.copy(), []
    while left:
        arrival = {run.run_id: place for place, run in enumerate(left)}
        run = min(left, key=lambda run: _key(run, later, arrival[run.run_id]))
        left.remove(run)
        later.had(run)
        order.append(run.run_id)
    return order


def _key(run: Waiting, turns: Turns, arrival: int) -> tuple[float, ...]:
    group = turns.of_groups.get(run.group, 0)
    if not run.group:
        return group, 0, 0, arrival
    return group, turns.of_members.get((run.group, run.member), 0), run.work, arrival
