"""The bundled sitcom keeps its format, so that a model has something regular to learn."""

import re
from pathlib import Path

import corpus

CAST = {"NADIA", "OTTO", "PRIYA", "GUS", "MABEL", "THEO", "JUNE", "FELIX"}
HEADING = re.compile(r"(INT|EXT)\. [A-Z][A-Z' ]+ - (MORNING|AFTERNOON|EVENING|NIGHT)")
DIALOGUE = re.compile(r"([A-Z]+): \S.*")
DIRECTION = re.compile(r"\(.+\)")


def scenes():
    return corpus.bundled().text.rstrip("\n").split("\n\n\n")


def test_it_is_long_plain_and_has_a_name():
    bundled = corpus.bundled()
    assert bundled.name == "The Spin Cycle"
    assert bundled.report is None
    assert bundled.text.isascii()
    assert len(bundled.text) >= 60_000
    assert bundled.text.endswith("\n")
    assert not bundled.text.endswith("\n\n")


def test_every_line_is_a_heading_a_dialogue_or_a_direction():
    for line in corpus.bundled().text.split("\n"):
        assert line == line.strip()
        assert "  " not in line
        assert not line or any(p.fullmatch(line) for p in (HEADING, DIALOGUE, DIRECTION)), line


def test_every_scene_is_a_heading_and_elements_one_blank_line_apart():
    for scene in scenes():
        heading, *elements = scene.split("\n\n")
        assert HEADING.fullmatch(heading), heading
        for element in elements:
            assert DIALOGUE.fullmatch(element) or DIRECTION.fullmatch(element), element
        assert 12 <= sum(bool(DIALOGUE.fullmatch(e)) for e in elements) <= 25, heading


def test_exactly_the_cast_of_eight_speaks():
    lines = corpus.bundled().text.split("\n")
    assert {match[1] for line in lines if (match := DIALOGUE.fullmatch(line))} == CAST


def test_no_scene_occurs_twice():
    bodies = [scene.split("\n\n", 1)[1] for scene in scenes()]
    assert len(set(bodies)) == len(bodies) > 50


def test_a_file_beside_it_says_that_it_is_in_the_public_domain():
    licence = Path(corpus.__file__).parent / "texts" / "LICENSE.txt"
    assert "CC0 1.0" in licence.read_text(encoding="ascii")
