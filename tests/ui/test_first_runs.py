"""A class opens a deep link in the very moment that the app has started."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from benchmarks.app_process import start_app, stop_app
from benchmarks.streamlit_session import Session


async def visit(port):
    async with Session(port, "attention") as session:
        await session.open(prompt="GUS: Six stops")
        await session.type("Prompt under study", "GUS: Seven", key="prompt")  # Attention answers
        return session.exceptions


def test_everybody_s_first_page_comes_with_the_sidebar(tmp_path):
    app, url = start_app(tmp_path / "runs", tmp_path / "app.log")

    async def everybody():
        return await asyncio.gather(*(visit(int(url.rsplit(":", 1)[1])) for _ in range(12)))

    try:
        # In a thread of its own: a browser test before this one may have left a loop in this one.
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: asyncio.run(everybody())).result() == [[]] * 12
    finally:
        stop_app(app)
