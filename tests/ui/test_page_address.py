"""Old links lead to where the lesson or the value is now."""

from urllib.parse import urljoin

import pytest
from streamlit import config

from tests.helpers import run_loop
from ui.app.page_address import PageAddress

MOVED = {("old", ""): "new", ("home", ""): "./", ("training", "tune"): "tuning"}


async def page(scope, receive, send):
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<head></head><body>"})


def answer_to(path, query):
    """What is sent for a page's request: the start, and the body if it has one."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"accept", b"text/html")],
    }
    run_loop(PageAddress(page, MOVED, lambda: "first words")(scope, None, send))
    return sent


def asked(path, query=""):
    """Status and new address of a page's request."""
    start = answer_to(path, query)[0]
    place = dict(start["headers"]).get(b"location", b"").decode()
    return start["status"], urljoin(f"https://a.example{path}", place) if place else None


@pytest.mark.parametrize(
    ("path", "query", "first"),
    [
        ("/", "", b"first words"),
        ("/", "__theme=dark&__sign=abc", b"first words"),  # a Space's own
        ("/", "prompt=a", b""),
        ("/", "__theme=dark&model=", b""),
        ("/attention", "", b""),
    ],
)
def test_first_words_are_those_of_the_page_that_nothing_was_asked_of(path, query, first):
    assert answer_to(path, query)[1]["body"].endswith(b"<body>" + first)


@pytest.mark.parametrize(
    ("path", "query", "new"),
    [
        ("/old", "", "/new"),
        ("/old/", "", "/new"),
        ("/home", "prompt=a", "/?prompt=a"),
        ("/class/home/", "", "/class/"),
        ("/base/old", "prompt=a%20b&x=1", "/base/new?prompt=a%20b&x=1"),
        ("/training", "tune=&prompt=a", "/tuning?tune=&prompt=a"),
    ],
)
def test_what_has_moved_is_found_with_all_its_values(path, query, new):
    assert asked(path, query) == (307, f"https://a.example{new}")


@pytest.mark.parametrize("base", ["home", "training"])
def test_the_app_may_be_served_below_a_path_that_is_called_as_a_lesson_is(monkeypatch, base):
    before = config.get_option
    own = {"server.baseUrlPath": base}
    monkeypatch.setattr(config, "get_option", lambda key: own.get(key) or before(key))
    assert asked(f"/{base}/") == (200, None) == asked(f"/{base}/", "tune=1")
    assert asked(f"/{base}/home") == (307, f"https://a.example/{base}/")
    assert answer_to(f"/{base}", "")[1]["body"].endswith(b"first words")


@pytest.mark.parametrize(
    ("path", "query"),
    [("/new", ""), ("/training", "prompt=tune"), ("/", "old=1"), ("/training", "&&=&%ff")],
)
def test_everything_else_is_served_as_ever(path, query):
    assert asked(path, query) == (200, None)


def test_what_has_moved_is_in_the_course():
    from course.lessons import LESSONS, MOVED

    assert set(MOVED.values()) <= {"./", *(lesson.name for lesson in LESSONS)}
