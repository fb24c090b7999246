"""Scenes are the same for a seed, never repeat but by chance, and keep apart what is held out."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import islice

import pytest

from corpus.sitcom.scene import (
    MAX_CHARACTERS,
    generate,
    has_right_length,
    has_right_turns,
    is_held_out,
)
from corpus.sitcom.show import ShowError, is_role, load_show, the_show
from corpus.sitcom.validate import wording_problems

WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
PLOT = """
title = "A test"
places = ["THE ROOF", "THE ALLEY"]
[slots]
A = ["NADIA", "GUS"]
B = ["OTTO", "GUS"]
thing = ["old kettle", "red kettle"]
[[beats]]
name = "setup"
state = { there = "A, B", "A has" = "{a thing}", "thing is" = "with {A}" }
wordings = ['''
({A} shows {a thing} to {B} {here}.)
''' , '''
@ A=GUS
({A} has {a thing}. It is [really|] {A.his}.)
''']
"""


@pytest.fixture(scope="module")
def scenes():
    return list(generate(1, 1500))


def test_a_seed_gives_the_same_scenes_in_any_process():
    code = (
        "import hashlib; from corpus.sitcom.scene import generate;"
        "text = ''.join(s.text + str(s.slots) + str(s.beats) for s in generate(7, 40));"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(printed) == 1


def test_a_scene_depends_on_its_number_not_on_how_many_are_made():
    assert list(islice(generate(3, 100), 5)) == list(generate(3, 5))
    assert [s.text for s in generate(3, 5)] != [s.text for s in generate(4, 5)]


def test_no_scene_repeats(scenes):
    digests = {hashlib.sha256(scene.text.encode()).digest() for scene in scenes}
    assert len(digests) == len(scenes)


def test_held_out_scenes_put_together_what_no_training_scene_does(scenes):
    def combination(scene):
        slots = scene.slots.items()
        return scene.slug, *sorted((k, v) for k, v in slots if is_role(k) or k == "thing")

    held_out = list(generate(1, 200, held_out=True))
    assert {combination(s) for s in held_out}.isdisjoint(map(combination, scenes))
    plots = {plot.slug: plot for plot in the_show().plots}
    assert all(is_held_out(plots[s.slug], s.slots) for s in held_out)
    assert len({s.slug for s in held_out}) > 20


def test_scenes_have_the_length_and_the_turns_they_should(scenes):
    for scene in scenes:
        assert has_right_length(scene.text)
        assert has_right_turns(scene.text)
        assert len(scene.text) <= MAX_CHARACTERS
        assert scene.text.isascii()


def test_every_plot_place_and_person_comes_up(scenes):
    show = the_show()
    assert {s.slug for s in scenes} == {plot.slug for plot in show.plots}
    assert {s.slots["place"] for s in scenes} == set(show.places)
    spoken = Counter(re.findall(r"^([A-Z]+): ", "\n".join(s.text for s in scenes), re.MULTILINE))
    assert set(spoken) == set(show.cast)


def test_the_show_is_as_large_as_promised(scenes):
    show = the_show()
    assert len(show.plots) >= 60
    assert 8 <= len(show.cast) <= 10
    assert len(show.places) >= 12
    words = {word for scene in scenes for word in WORD.findall(scene.text.lower())}
    assert 1_500 <= len(words) <= 3_000
    for person in show.cast.values():
        assert person.manner
        assert set(person.relations) <= set(show.cast) - {person.name}
        assert all(len(set(said)) >= 5 for said in person.voice.values())


@pytest.mark.parametrize("plot", the_show().plots, ids=lambda plot: plot.slug)
def test_every_plot_has_several_beats_and_wordings_for_every_state(plot):
    assert len(plot.beats) >= 5
    assert list(wording_problems(plot)) == []


def test_a_scene_knows_what_is_true_after_each_beat(scenes):
    for scene in scenes[:50]:
        assert scene.beats[0].first == 1
        assert scene.beats[-1].last == len(scene.text.split("\n\n")) - 1
        assert all("{" not in value for beat in scene.beats for value in beat.state.values())
        assert set(scene.beats[0].state["there"].split(", ")) <= {
            person.spoken for person in the_show().cast.values()
        }


def test_a_plot_is_read_with_its_slots_conditions_and_choices(tmp_path):
    path = tmp_path / "kettle.toml"
    path.write_text(PLOT)
    plot = load_show([path]).plots[0]
    assert plot.values["time"] == ("MORNING", "AFTERNOON", "EVENING", "NIGHT")
    assert len(plot.castings) == 3  # two times two, less GUS and GUS
    assert plot.beats[0].wordings[1].conditions == {"A": {"GUS"}}
    line = plot.beats[0].wordings[1].lines[0].pattern
    domains = {name: frozenset(values) for name, values in plot.values.items()}
    for text in (
        "(Gus has an old kettle. It is his.)",
        "(Gus has an old kettle. It is really his.)",
    ):
        assert line.read(text, domains)["thing"] == {"old kettle"}
    assert line.read("(Gus has an red kettle. It is his.)", domains) == ""
    assert line.read("(Gus has a red kettle. It is her.)", domains) in ("", "A")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{a thing}.", "{a thong}.", "there is no slot for {a thong}"),
        ("A=GUS", "A=PRIYA", 'A can never be "PRIYA"'),
        ("A=GUS", "D=GUS", "names no slot"),
        ("[really|]", "[really]", "needs options that differ"),
        ("{A.his}", "{A.hers}", 'no form "hers"'),
        ("{A.his}.)", "{A.his}.", "neither"),
        ("THE ROOF", "THE MOON", '"THE MOON" is unknown'),
        ('"NADIA"', '"NORA"', '"NORA" is unknown'),
        ('["old kettle", "red kettle"]', '"@kettles"', 'no pool "@kettles"'),
        ("thing =", "object =", 'no slot "thing"'),
        ('title = "A test"', "", "no title"),
        ("[[beats]]", "[[beats", "can't be read"),
    ],
)
def test_a_wrong_plot_is_refused_with_the_place_and_the_reason(tmp_path, old, new, problem):
    path = tmp_path / "kettle.toml"
    path.write_text(PLOT.replace(old, new))
    with pytest.raises(ShowError, match=re.escape(problem)) as caught:
        load_show([path])
    assert str(caught.value).startswith("kettle.toml")
