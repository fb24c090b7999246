"""The Sitcom lesson: a scene beside its state, the checker, and the scenes as a text."""

import html
import re

import pytest

import corpus
from corpus.sitcom import check, generate
from corpus.sitcom.checker import RULES
from corpus.sitcom.corruption import KINDS
from corpus.sitcom.looking import first_scene, size_of
from corpus.sitcom.show import the_show
from pages.sitcom.scene import changed_lines, named_lines, people_of, state_rows
from pages.sitcom.words import KINDS as KIND_NAMES
from pages.sitcom.words import NOTHING, WHOLE
from tests.helpers import said


def drawn(app, css):
    """The HTML on screen that holds an element of this class."""
    return [h.value for h in app.get("html") if f'class="{css}' in h.value]


def verdict(app, number=0):
    """What a table of rules says; the first is about breaking, the second about one's own scene."""
    return [plain(h) for h in drawn(app, "facts rules") if "does it hold?" in h][number]


def plain(markup):
    return html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", markup, flags=re.DOTALL))


def shown_scene(app):
    return plain(drawn(app, "sitcom")[0])


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def opened_at(open_lesson, address):
    """The lesson at an address: what a teacher shared, or nonsense."""
    app = open_lesson("home")
    for name, value in address.items():
        app.query_params[name] = value
    app.switch_page("../pages/sitcom/page.py").run()
    assert not app.exception
    return app


def test_a_scene_is_shown_whole_beside_its_state(open_lesson):
    app = open_lesson("sitcom")
    scene = first_scene(1)
    shown = " ".join(shown_scene(app).split())
    for line in scene.text.split("\n\n"):
        assert " ".join(line.replace(": ", " ", 1).split()) in shown
    for name in people_of(scene):
        assert name in shown
    assert scene.plot in app.subheader[0].value
    assert f"{len(the_show().plots)}" in [m.value for m in app.metric]


def test_another_seed_is_another_scene_and_the_same_seed_the_same(open_lesson):
    app = open_lesson("sitcom")
    first = shown_scene(app)
    press(app, "beat_next")
    press(app, "another_scene")
    assert "after “setup”" in shown_scene(app)
    assert app.number_input(key="scene").value == 2
    assert shown_scene(app) != first
    app.number_input(key="scene").set_value(1).run()
    assert shown_scene(app) == first


def test_a_chosen_plot_is_played(open_lesson):
    app = open_lesson("sitcom")
    app.button(key="beat_next").click().run()
    for title in ("Locked in", "Not a drop"):
        app.selectbox(key="plot").set_value(title).run()
        assert not app.exception
        assert title in app.subheader[0].value


def test_stepping_changes_the_state_and_the_lines_that_stand_out(open_lesson):
    app = open_lesson("sitcom")
    scene, seen = first_scene(1), []
    for k in range(len(scene.beats)):
        markup = drawn(app, "sitcom")[0]
        lines = plain(markup.split('<div class="beat now">')[1].split('<div class="beat">')[0])
        first = scene.text.split("\n\n")[scene.beats[k].first].split(": ")[-1]
        assert first in lines
        state = plain(markup.split('class="state"')[1])
        assert f"after “{scene.beats[k].name}”" in state
        for value in scene.beats[k].state.values():
            assert all(part in state for part in value.split(", "))
        seen.append(state)
        if k + 1 < len(scene.beats):
            press(app, "beat_next")
    assert len(set(seen)) == len(seen)
    assert "changed" in seen[1]
    assert app.button(key="beat_next").disabled
    press(app, "beat_back")
    assert plain(drawn(app, "sitcom")[0].split('class="state"')[1]) == seen[-2]


def test_the_rows_of_any_scene_mark_just_what_changed():
    for scene in generate(9, 60):
        assert not any(row.changed for row in state_rows(scene, 0))
        for k in range(1, len(scene.beats)):
            same = scene.beats[k].state == scene.beats[k - 1].state
            assert same or any(row.changed for row in state_rows(scene, k))


def test_it_asks_about_a_broken_scene_at_once(open_lesson):
    app = open_lesson("sitcom")
    assert app.radio[-1].options[-1] == NOTHING and app.radio[-1].value is None
    assert verdict(app).count("?") >= len(RULES)
    app.button_group(key="break").set_value(WHOLE).run()
    assert not app.exception
    assert "✗" not in verdict(app) and "✓" in verdict(app)


def test_what_is_held_out_is_said_of_combinations_and_not_of_sentences(open_lesson):
    size = size_of(the_show())
    app = open_lesson("sitcom")
    assert f"But all {size.plots} plots and all {size.wordings:,} wordings are" in said(app)
    scenes = list(generate(1, 3000))
    assert len({scene.slug for scene in scenes}) == size.plots


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_scene_is_caught_after_the_guess(open_lesson, kind):
    app = open_lesson("sitcom", **{"break": KIND_NAMES[kind]})
    radio = app.radio[-1]
    assert list(radio.options)[: len(RULES)] == list(RULES)
    assert verdict(app).count("?") >= len(RULES)  # not told yet
    radio.set_value("plot").run()
    assert not app.exception
    boxes = [box.value for box in (*app.success, *app.warning)]
    (answer,) = [text for text in boxes if text.startswith(("✓", "✗"))]
    assert "caught it" in answer
    assert "✗" in verdict(app)
    if "red" in answer:
        assert any("line wrong" in h or "does wrong" in h for h in drawn(app, "script"))
    press(app, "again")
    assert app.radio[-1].value is None  # another break asks anew


def test_the_lines_that_a_checker_quotes_are_found():
    from random import Random

    from corpus.sitcom.corruption import corrupted

    for scene in generate(2, 60):
        for kind in ("turns", "names", "object"):
            broken = corrupted(scene, kind, Random(3))
            if broken is None:
                continue
            faults = check(broken).faults
            if any('"' in fault.message and "ending" not in fault.message for fault in faults):
                assert named_lines(broken, faults), faults
            assert len(changed_lines(scene.text, broken)) <= 2
        assert named_lines(scene.text, ()) == []


def test_a_scene_of_one_s_own_is_checked(open_lesson):
    app = open_lesson("sitcom")
    box = app.text_area[0]
    assert box.value == first_scene(1).text
    assert "It holds together" in said(app)
    box.set_value(first_scene(7).text.replace("\n", "\r\n") + "\r\n\r\n").run()
    assert "It holds together" in said(app)
    box.set_value("To be or not to be\nThat is the question").run()
    assert not app.exception
    assert "It holds together" not in said(app)
    assert "one blank line" in said(app)
    assert "is no heading of the show" in verdict(app, 1)
    app.text_area[0].set_value("").run()
    assert "The box is empty" in said(app)


def test_lines_drawn_one_by_one_are_shown_and_fail(open_lesson):
    app = open_lesson("sitcom", unrelated=True)
    assert "presence" in verdict(app, -1)
    assert "✗" in verdict(app, -1)


@pytest.mark.parametrize(
    "address",
    [
        {"scene": "-5", "plot": "No such plot", "beat": "the end", "break": "everything"},
        {"scene": "🦆", "beat": "", "scenes": "1e99", "text_seed": "none"},
        {"scene": "99999999999999999999", "plot": "<script>", "scenes": "5"},
    ],
)
def test_nonsense_in_the_address_gives_a_scene(open_lesson, address):
    app = opened_at(open_lesson, address)
    assert not app.error
    assert shown_scene(app)


def test_an_address_shows_the_scene_that_it_names(open_lesson):
    app = opened_at(open_lesson, {"scene": "7", "beat": "reversal"})
    assert first_scene(7).plot in app.subheader[0].value
    assert "after “reversal”" in shown_scene(app)


@pytest.mark.parametrize("lesson", ["sitcom", "data"])
def test_the_scenes_become_the_text_of_all_lessons(open_lesson, lesson):
    state = {"text_source": "The sitcom, generated"} if lesson == "data" else {}
    app = open_lesson(lesson, **state)
    app.select_slider(key="scenes").set_value(200).run()
    press(app, "use_sitcom")
    assert "“The Spin Cycle, 200 scenes, seed 1”" in said(app)
    app.switch_page("../pages/data/page.py").run()
    assert not app.exception
    expected = "\n\n\n".join(scene.text for scene in generate(1, 200)) + "\n"
    assert app.metric[0].value == f"{corpus.statistics(expected).characters:,}"
