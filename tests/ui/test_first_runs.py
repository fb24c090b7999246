"""A class opens a deep link in the very moment that the app has started."""

import asyncio

from benchmarks.app_process import start_app, stop_app
from benchmarks.streamlit_session import Session
from tests.helpers import run_loop


async def visit(port):
    async with Session(port, "attention") as session:
        await session.open(prompt="GUS: Six stops")
        await session.type("Prompt under study", "GUS: Seven", key="prompt")  # Attention answers
        return session.exceptions


def test_everybody_s_first_page_comes_with_the_bar(tmp_path):
    app, url = start_app(tmp_path / "runs", tmp_path / "app.log")

    async def everybody():
        return await asyncio.gather(*(visit(int(url.rsplit(":", 1)[1])) for _ in range(12)))

    try:
        assert run_loop(everybody()) == [[]] * 12
    finally:
        stop_app(app)
