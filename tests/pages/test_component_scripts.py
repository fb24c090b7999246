"""Components' scripts: what comes with every message is short, the rest is asked for once."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import ui.components
from ui.components.bundle import bundle
from ui.components.component import SCRIPTS, loader
from ui.services.scripts import Scripts

MOUNTS = sorted(Path(ui.components.__file__).parent.rglob("mount.js"))


@pytest.fixture
def client():
    there = Route("/{rest:path}", lambda request: PlainTextResponse("the app"))
    return TestClient(Starlette(routes=[there], middleware=[Middleware(Scripts)]))


def path_in(text):
    """The path that a loader asks for."""
    return SCRIPTS + text.split(f'"{SCRIPTS}')[1].split('"')[0]


@pytest.mark.parametrize("mount", MOUNTS, ids=lambda mount: mount.parent.name)
def test_what_every_message_brings_along_is_short_and_asks_for_the_rest(client, mount):
    text = loader(mount)
    assert len(text) < 1_500
    answer = client.get(f"/class/{path_in(text)}")
    assert answer.text == bundle(mount)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


def test_another_text_has_another_path(client, tmp_path):
    first, second = tmp_path / "one" / "mount.js", tmp_path / "two" / "one" / "mount.js"
    for number, path in enumerate((first, second)):
        path.parent.mkdir(parents=True)
        path.write_text(f"export default function () {{ return {number}; }}\n")
    paths = [path_in(loader(path)) for path in (first, second)]
    assert paths[0] != paths[1] and paths[0].startswith(f"{SCRIPTS}/one.")
    assert ["return 0" in client.get(f"/{path}").text for path in paths] == [True, False]


@pytest.mark.parametrize("path", ["/", f"/{SCRIPTS}/", f"/{SCRIPTS}/machine.0123456789abcdef.js"])
def test_everything_else_is_the_app_s(client, path):
    assert client.get(path).text == "the app"


def test_no_page_sends_a_whole_script(open_lesson):
    app = open_lesson("home")
    scripts = [node.proto.js_content for node in app.get("bidi_component")]
    assert len(scripts) > 5 and max(map(len, scripts)) < 1_500
