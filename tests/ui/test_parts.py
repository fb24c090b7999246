"""An edited prompt redraws the parts of a page that are about it, and leaves nothing stale."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.app_process import start_app, stop_app
from benchmarks.classroom import LESSONS
from benchmarks.streamlit_session import Session

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


def run(coroutine):
    # In a thread of its own: a browser test before this one may have left a loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(coroutine)).result()


@pytest.mark.parametrize("lesson", LESSONS)
def test_after_an_edit_the_page_is_as_if_opened_with_that_prompt(port, lesson):
    async def edit_and_compare():
        async with Session(port, lesson) as edited:
            await edited.open(prompt=FIRST)
            for prompt in EDITS:
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

    run(edit_and_compare())


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

    run(empty_and_fill())
