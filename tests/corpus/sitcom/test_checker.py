"""The checker passes every generated scene, and says in one sentence what is wrong with others."""

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.sitcom.checker import RULES, Checker, check, read_state, split_scenes
from corpus.sitcom.corruption import KINDS, corrupted
from corpus.sitcom.scene import generate
from corpus.sitcom.show import the_show

GOOD = """\
INT. THE SPIN CYCLE - MORNING

(Nadia and Gus look at a brass key on the bench.)

NADIA: Whose is this?

GUS: Not mine. I have a bus pass.

NADIA: Then it goes in the box.

GUS: The box is full.

NADIA: It is a small key.

GUS: So was the last one.

(Otto comes in.)

OTTO: Has anybody seen a brass key?

GUS: What does it look like?

OTTO: Small. It is made of brass.

NADIA: Here it is.

(Nadia gives the brass key to Otto.)

OTTO: I shall never lose it again."""


@pytest.fixture(scope="module")
def scenes():
    return list(generate(11, 500))


def general(text):
    """The rules broken by a scene that is in none of the plots, with what they say."""
    verdict = Checker(the_show(), plots=False).check(text)
    return {fault.rule: fault.message for fault in verdict.faults}


def test_every_generated_scene_passes(scenes):
    failed = [(s.slug, check(s.text).faults) for s in scenes if not check(s.text).passed]
    assert failed == []


def test_held_out_scenes_pass_too():
    assert all(check(scene.text).passed for scene in generate(12, 100, held_out=True))


@pytest.mark.parametrize("kind", KINDS)
def test_nearly_every_corrupted_scene_is_rejected(scenes, kind):
    random = Random(f"test {kind}")
    broken = [corrupted(scene, kind, random) for scene in scenes[:200]]
    broken = [text for text in broken if text is not None]
    assert len(broken) >= 190
    assert not {s.text for s in scenes}.intersection(broken)
    rejected = sum(not check(text).passed for text in broken)
    assert rejected >= 0.95 * len(broken)


def test_corruption_is_repeatable(scenes):
    for kind in KINDS:
        assert corrupted(scenes[0], kind, Random(1)) == corrupted(scenes[0], kind, Random(1))


def test_what_is_read_is_what_the_scene_was_made_from(scenes):
    for scene in scenes[:200]:
        found = read_state(scene.text)
        assert (found.slug, found.text) == (scene.slug, scene.text)
        assert found.slots.items() <= scene.slots.items()
        assert [b.first for b in found.beats] == [b.first for b in scene.beats]
        assert [b.state.get("there") for b in found.beats] == [
            b.state.get("there") for b in scene.beats
        ]


def test_a_script_of_another_author_can_keep_the_general_rules():
    assert general(GOOD) == {}
    verdict = check(GOOD)
    assert [fault.rule for fault in verdict.faults] == ["plot"]
    assert verdict.scene is None
    assert read_state(GOOD) is None


@pytest.mark.parametrize(
    ("old", "new", "rule", "message"),
    [
        ("INT. THE", "EXT. THE", "format", "THE SPIN CYCLE is INT., not EXT."),
        ("THE SPIN CYCLE", "THE MOON", "format", "is no heading of the show"),
        ("OTTO: Small", "NORA: Small", "format", "NORA is not one of the cast"),
        ("(Otto comes in.)", "Otto comes in.", "format", "neither a line nor a direction"),
        ("bus pass", "bus  pass", "format", "a space too many"),
        ("bus pass", "bus p\xe4ss", "format", "plain ASCII"),
        ("(Nadia and Gus look at a brass key on the bench.)\n\n", "", "format", "open with"),
        ("GUS: The box is full.\n\nNADIA: It is a small key.\n\n", "", "length", "9 spoken lines"),
        ("(Otto comes in.)", "(The door opens.)", "presence", "Otto isn't there"),
        ("(Otto comes in.)", "(Otto comes in. Gus leaves.)", "presence", "Gus isn't there"),
        ("GUS: Not mine", "NADIA: Not mine", "question", "NADIA goes on"),
        ("lose it again.", "find it again?", "question", "the scene ends"),
        ("Nadia gives the brass key", "Nadia gives the blue button", "object", "blue button"),
        ("(Otto comes in.)", "(Otto comes in. Nadia gives the brass key to Gus.)", "object", "Gus"),
        ("on the bench", "on the roof", "place", "heading says THE SPIN CYCLE"),
        ("(Nadia gives the brass key to Otto.)\n\n", "", None, ""),
        ("a brass key on the bench", "a sign", "callback", "names no thing"),
    ],
)
def test_a_broken_rule_is_named_with_the_place(old, new, rule, message):
    assert old in GOOD
    faults = general(GOOD.replace(old, new))
    if rule is None:
        assert "callback" not in faults
    else:
        assert rule in faults
        assert message in faults[rule]


def test_an_ending_that_forgets_the_object_is_noticed():
    lines = GOOD.split("\n\n")
    cut = [*lines[:-3], "OTTO: Thank you.", "GUS: Good.", "NADIA: Good.", "GUS: So.", "OTTO: So."]
    assert "doesn't come back to the brass key" in general("\n\n".join(cut))["callback"]


def test_a_swapped_filler_is_named(scenes):
    for scene in scenes:
        thing = scene.slots["thing"]
        if scene.text.count(thing) >= 3:
            plot = next(p for p in the_show().plots if p.slug == scene.slug)
            other = next(t for t in plot.values["thing"] if t not in scene.text)
            at = scene.text.rindex(thing)
            text = scene.text[:at] + other + scene.text[at + len(thing) :]
            assert not check(text).passed
            break


@given(
    st.one_of(st.text(), st.text("(NADIA: .?)\n-"), st.binary().map(lambda b: b.decode("latin-1")))
)
@settings(max_examples=200, deadline=None)
def test_junk_gets_a_verdict(text):
    verdict = check(text)
    assert not verdict.passed
    assert all(fault.rule in RULES and fault.message.endswith(".") for fault in verdict.faults)
    list(split_scenes(text))


@given(st.integers(0, 10**6), st.data())
@settings(max_examples=60, deadline=None)
def test_a_scene_with_junk_in_it_gets_a_verdict(seed, data):
    text = next(generate(seed, 1)).text
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, len(text)))
    check(text[:at] + data.draw(st.text(max_size=40)) + text[end:])


@pytest.mark.parametrize(
    "text", ["", "\n" * 10**6, "(" * 10**6, "A: a?\n\n" * 10**5, GOOD + " ?" * 10**6, GOOD * 500]
)
def test_a_huge_text_is_rejected_at_once(text):
    check("")
    start = time.perf_counter()
    assert not check(text).passed
    assert time.perf_counter() - start < 2


def test_it_is_quick(scenes):
    start = time.perf_counter()
    for scene in scenes[:200]:
        check(scene.text)
    assert time.perf_counter() - start < 20  # it takes about one second


def test_a_text_is_cut_into_its_scenes(scenes):
    text = "\n\n\n".join(scene.text for scene in scenes[:3]) + "\n"
    assert list(split_scenes(text)) == [scene.text for scene in scenes[:3]]
    assert list(split_scenes("\n\n")) == []
