"""An edited prompt redraws the parts of a page that are about it, and leaves nothing stale."""

import json
from functools import partial

import pytest

from benchmarks.app_process import start_app, stop_app
from benchmarks.class_member import Member, request
from benchmarks.classroom import LESSONS
from benchmarks.streamlit_session import Session
from tests.helpers import run_loop
from ui.app.study_bar import DEFAULT_PROMPT, rerun_parts
from ui.services.messages import comes_by_itself
from ui.services.models import COPYING

LABEL = "Prompt under study"
FIRST = "INT. THE SPIN CYCLE - MORNING⏎⏎(Nadia is on her knees."
EDITS = [
    FIRST + " She",
    "GUS",
    "OTTO: é🦆 unknown, and **bold** ",
    "NADIA: Where are you going with the red bucket? " * 40,  # more than the model can read
]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    app, url = start_app(folder / "runs", folder / "app.log")
    yield int(url.rsplit(":", 1)[1])
    stop_app(app)


@pytest.mark.parametrize("lesson", LESSONS)
def test_after_an_edit_the_page_is_as_if_opened_with_that_prompt(port, lesson, thorough):
    async def edit_and_compare():
        async with Session(port, lesson) as edited:
            await edited.open(prompt=FIRST)
            while "Looking at snapshots" in str(edited.content()):  # A head is born looks on
                await edited.open(prompt=FIRST)
            for prompt in EDITS if thorough else EDITS[LESSONS.index(lesson) % 2 :: 2]:
                await edited.type(LABEL, prompt, key="prompt")
                assert edited.only_parts, "the whole page ran again"
                async with Session(port, lesson) as fresh:
                    await fresh.open(prompt=prompt)
                    there, here = fresh.content(), edited.content()
                    assert not fresh.exceptions + edited.exceptions
                wrong = {
                    place: (here.get(place), there.get(place))
                    for place in here.keys() | there.keys()
                    if here.get(place) != there.get(place)
                }
                assert not wrong, f"{prompt[:30]!r}: stale or missing: {list(wrong.items())[:3]}"

    run_loop(edit_and_compare())


@pytest.mark.parametrize("lesson", ["", "attention"])
def test_an_edit_is_announced_as_one_rerun_after_its_first_element(port, lesson):
    """A browser goes over the whole page for each; see ui/services/batches.py."""

    async def edit():
        async with Session(port, lesson) as session:
            await session.open(prompt=FIRST)
            ahead = []
            for prompt in ("GUS", "GUS: It", "GUS: It r", "GUS: It rains", "GUS: It rained"):
                await session.type(LABEL, prompt, key="prompt")
                assert session.announced == 1
                assert session.query["prompt"] == prompt
                ahead.append(session.ahead)
            assert set(ahead) in ({1}, {0, 1})  # a busy server tells that something runs

    run_loop(edit())


def test_the_address_keeps_the_last_word_where_an_older_answer_has_crossed_it(port):
    """Who types quickly is told of an older prompt, and it stands in the address or is about to."""

    async def type_quickly():
        async with Session(port, "averaging") as session:
            await session.open(prompt=FIRST, shown="8")
            box = session.find("text_input", LABEL)
            part = next(f for f, delta in session.shown.values() if box in str(delta.new_element))
            # The answer has arrived before the browser says the next edit.
            await session.use(box, part=part, string_value="GUS: It")
            assert session.only_parts and session.query["prompt"] == "GUS: It"
            for text in ("GUS: It r", "GUS: It ra"):  # before it arrives
                session._query = said = session.query | {"prompt": text}
                await session.use(box, part=part, string_value=text)
                assert session._query is not said, "the browser was told nothing"
                assert session.query["prompt"] == text

    run_loop(type_quickly())


def test_a_lesson_that_is_chosen_together_with_an_edit_is_opened(port):
    """As by a tap on the menu that leaves the prompt's box: the browser asks for the box alone."""

    async def edit_and_choose():
        async with Session(port, "averaging") as session:
            await session.open(prompt=FIRST)
            box = session.find("text_input", LABEL)
            part = next(f for f, delta in session.shown.values() if box in str(delta.new_element))
            session.fill(box, string_value="GUS")
            session._page, session._heading = "mlp", ""
            await session.tell("course_menu", "choose", "mlp", part=part)
            assert session._answered == "mlp"

    run_loop(edit_and_choose())


def test_an_emptied_prompt_ends_the_page_and_the_next_one_brings_it_back(port):
    async def empty_and_fill():
        async with Session(port, "attention") as session:
            await session.open(prompt=FIRST)
            before = session.content()
            await session.type(LABEL, "", key="prompt")
            assert "The prompt is empty" in str(session.content())
            assert len(session.content()) < len(before)
            await session.type(LABEL, FIRST, key="prompt")
            after = session.content()
            assert after.keys() == before.keys(), before.keys() ^ after.keys()

    run_loop(empty_and_fill())


async def steer(port, seat, lesson, **query):
    """The teacher looks at this."""
    body = json.dumps({"secret": seat.secret, "lesson": lesson, "query": query}).encode()
    await request(port, f"/_class/{seat.class_id}/steer", body)


def test_a_page_that_follows_draws_only_the_parts_that_read_what_changed(port):
    """And then it is as if the whole page had run."""

    async def follow():
        async with Member(port, "classroom") as teacher, Member(port, "classroom") as pupil:
            seat, code = await teacher.open_class()
            await pupil.come_in(code)
            for lesson, query, parts in (
                ("attention", {"prompt": FIRST}, False),  # another lesson is another page
                ("attention", {"prompt": FIRST, "head": "1.2", "off": "0.1"}, True),
                ("attention", {"prompt": EDITS[0], "head": "1.2"}, True),
                ("attention", {}, True),
                ("attention", {"model": COPYING}, False),
                ("averaging", {"prompt": FIRST}, False),
                ("averaging", {"prompt": FIRST, "shown": "3"}, True),
                ("averaging", {"prompt": EDITS[2], "shown": "2"}, True),
                ("averaging", {}, True),
            ):
                await steer(port, seat, lesson, **query)
                pupil._page, pupil._heading = lesson, ""
                await pupil.tell("class_link", "change", 0)
                assert comes_by_itself(pupil.asked)
                assert pupil.only_parts is parts, (lesson, query)
                text = query.get("prompt", DEFAULT_PROMPT)
                assert text in [getattr(w, "value", "") for _, w in pupil.widgets.values()] or (
                    text == DEFAULT_PROMPT
                )
                assert pupil.query == query
                if parts:
                    there = pupil.content()
                    await pupil.rerun()
                    assert not comes_by_itself(pupil.asked)
                    here = pupil.content()
                    wrong = [p for p in here.keys() | there.keys() if here.get(p) != there.get(p)]
                    assert not wrong, (lesson, query, there.get(wrong[0]), here.get(wrong[0]))

    run_loop(follow())


def test_a_press_that_crosses_the_teacher_s_change_brings_nothing_back(port):
    """Its message has the address as it was; the head is no widget's value."""

    async def cross():
        async with Member(port, "classroom") as teacher, Member(port, "classroom") as pupil:
            seat, code = await teacher.open_class()
            await pupil.come_in(code)
            pupil._page, pupil._heading = "attention", ""
            await steer(port, seat, "attention", head="0.1", off="1.0")
            await pupil.tell("class_link", "change", 0)
            before = pupil.query
            await steer(port, seat, "attention", head="1.2")
            await pupil.tell("class_link", "change", 0)
            assert pupil.only_parts and pupil.query == {"head": "1.2"}
            for message in (pupil.rerun, partial(pupil.press, "Reset")):
                pupil._query = before
                await message()
                assert pupil.query == {"head": "1.2"}

    run_loop(cross())


def test_who_presses_as_the_teacher_goes_to_another_lesson_is_not_left_alone(port):
    """The message asks for the lesson that the page has just been led away from."""

    async def cross():
        async with Member(port, "classroom") as teacher, Member(port, "classroom") as pupil:
            seat, code = await teacher.open_class()
            await pupil.come_in(code)
            for lesson in ("averaging", "mlp"):
                earlier, heard = pupil._page_hash, pupil.heard()
                pupil._page, pupil._heading = lesson, ""
                await steer(port, seat, lesson)
                await pupil.tell("class_link", "change", 0)
            later, pupil._page_hash = pupil._page_hash, earlier
            pupil.fill(pupil.find("text_input", "As of"), string_value=heard)
            await pupil.rerun()
            assert "you follow your teacher" in str(pupil.content()) and pupil._page_hash == later
            pupil.fill(pupil.find("text_input", "As of"), string_value=pupil.heard())
            pupil._page, pupil._heading = "averaging", ""  # it is chosen now
            await pupil.go_to("averaging")
            assert "you look around alone" in str(pupil.content())

    run_loop(cross())


def test_what_a_pupil_forges_of_the_teacher_s_does_nothing(port):
    async def forge():
        async with Member(port, "classroom") as teacher, Member(port, "classroom") as pupil:
            seat, code = await teacher.open_class()
            await pupil.come_in(code)
            await teacher.rerun()
            forged = [(i, w.label) for i, (kind, w) in teacher.widgets.items() if kind == "button"]
            assert {"Everybody here", "End it and delete everything"} <= {n for _, n in forged}
            for identity, _ in forged:
                await pupil.use(identity, trigger_value=True)
            for identity, (kind, _) in [*teacher.widgets.items()]:
                if kind == "checkbox":  # the door, and what is locked
                    await pupil.use(identity, bool_value=True)
            said = json.dumps({"secret": pupil.seat().secret, "lesson": "data", "query": {}})
            with pytest.raises(RuntimeError, match="403"):
                await request(port, f"/_class/{seat.class_id}/steer", said.encode())
            counters = await request(port, f"/_class/{seat.class_id}/{pupil.seat().ticket}/0")
            assert not pupil.exceptions and "You are in as" in str(pupil.content())
            return counters

    assert run_loop(forge())["version"] == 1  # nothing that anybody sees has changed


def test_a_visitor_without_a_browser_can_upload_a_file(port):
    """As the benchmarks do it: what they upload must arrive."""

    async def upload():
        async with Session(port, "data") as session:
            await session.open()
            source = next(
                identity
                for identity, (_, widget) in session.widgets.items()
                if "Upload a file" in str(widget)
            )
            await session.use(source, string_value="Upload a file")
            uploader = next(
                i for i, (kind, _) in session.widgets.items() if kind == "file_uploader"
            )
            await session.upload(uploader, "mine.txt", b"Otto hums. " * 500)
            return "\n".join(session.content().values())

    assert "mine.txt" in run_loop(upload())


def test_of_a_page_that_is_not_whole_or_was_asked_for_no_part_is_drawn_alone(monkeypatch):
    """A browser fails on a part that lies further down than what it has been sent.

    Where it has asked for the whole page, something besides the prompt was changed.
    """
    asked = []
    monkeypatch.setattr("ui.app.study_bar.st.rerun", lambda *parts: asked.append(parts))
    for whole, part, then in (
        (False, True, ((),)),
        (True, True, ((["a part"],), ())),
        (True, False, ()),
    ):
        asked.clear()
        monkeypatch.setattr("ui.app.study_bar.st.session_state", {"page_is_whole": whole})
        monkeypatch.setattr("ui.app.study_bar.only_parts_run", lambda part=part: part)
        rerun_parts(["a part"])
        assert (*asked,) == then
