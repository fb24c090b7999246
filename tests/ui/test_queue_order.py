"""Who trains next, when a class waits: everybody gets a turn, and nobody can buy one by an id."""

from hypothesis import given
from hypothesis import strategies as st

from ui.services.queue_order import Turns, Waiting, in_order

GROUPS = ("", "a", "b")


def run(name, group="", member=0, work=1.0):
    return Waiting(name, group, member, work)


def test_who_is_in_no_class_is_served_as_they_come():
    assert in_order([run("long", work=9), run("short", work=1)], Turns()) == ["long", "short"]


def test_in_a_class_everybody_gets_a_turn_before_anybody_gets_two():
    waiting = [run("1a", "c", 1), run("1b", "c", 1), run("2", "c", 2), run("3", "c", 3)]
    assert in_order(waiting, Turns()) == ["1a", "2", "3", "1b"]


def test_the_shortest_goes_first():
    waiting = [run("long", "c", 1, 9), run("short", "c", 2, 1), run("middle", "c", 3, 5)]
    assert in_order(waiting, Turns()) == ["short", "middle", "long"]


def test_turns_that_were_had_count_until_the_class_ends():
    turns = Turns()
    turns.had(run("old", "c", 1))
    waiting = [run("again", "c", 1, 1), run("first", "c", 2, 9)]
    assert in_order(waiting, turns) == ["first", "again"]
    turns.forget("c")
    assert in_order(waiting, turns) == ["again", "first"]


def test_a_class_and_strangers_take_turns():
    waiting = [run(f"s{n}") for n in range(3)] + [run(f"c{n}", "c", n) for n in range(3)]
    assert in_order(waiting, Turns()) == ["s0", "c0", "s1", "c1", "s2", "c2"]


RUNS = st.lists(st.tuples(st.sampled_from(GROUPS), st.integers(0, 4), st.floats(1, 9)), max_size=20)


@given(RUNS, RUNS)
def test_all_are_served_once_and_no_group_waits_for_two_turns_of_another(waiting, before):
    turns = Turns()
    for number, (group, member, work) in enumerate(before):
        turns.had(run(f"b{number}", group, member, work))
    runs = {f"r{n}": run(f"r{n}", *one) for n, one in enumerate(waiting)}
    order = in_order(runs.values(), turns)
    assert sorted(order) == sorted(runs)
    for place, name in enumerate(order[1:], start=1):
        group = runs[name].group
        if group == runs[order[place - 1]].group:  # twice in a row: nobody else is left
            assert {runs[later].group for later in order[place:]} == {group}


@given(RUNS)
def test_the_first_stays_the_first_once_it_has_been_told_so(waiting):
    """What is told as a place is what happens, as long as nobody else comes."""
    turns, left = Turns(), [run(f"r{n}", *one) for n, one in enumerate(waiting)]
    told, served = in_order(left, turns), []
    while left:
        first = in_order(left, turns)[0]
        (one,) = [r for r in left if r.run_id == first]
        turns.had(one)
        left.remove(one)
        served.append(first)
    assert served == told
