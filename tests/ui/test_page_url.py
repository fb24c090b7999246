from types import SimpleNamespace

import pytest
from streamlit import config

from ui.show import page_url

PAGES = {name: {"url_pathname": name} for name in ("", "tuning", "fine_tuning", "heads")}


@pytest.fixture
def below(monkeypatch):
    """Serve the app below a path, as the server is told."""

    def serve(path):
        before = config.get_option
        own = {"server.baseUrlPath": path}
        monkeypatch.setattr(config, "get_option", lambda key: own.get(key) or before(key))

    return serve


@pytest.mark.parametrize("base", ["heads", "/class/heads/"])
def test_a_path_that_the_app_is_served_below_may_be_called_as_a_lesson_is(below, monkeypatch, base):
    below(base)
    root = f"/{base.strip('/')}"
    for path in ("", "/", "/heads", "/tuning"):
        for here in ("", "heads"):
            _open(monkeypatch, f"http://a.b{root}{path}", here)
            assert page_url.page_url() == f"http://a.b{root}/{here}"
    assert page_url.below_base(f"{root}x/heads") == ("", f"{root}x/heads")


@pytest.mark.parametrize(
    ("told", "here", "expected"),
    [
        ("http://a.b/fine_tuning", "fine_tuning", "http://a.b/fine_tuning"),
        ("http://a.b/fine_tuning?x=1", "heads", "http://a.b/heads"),
        ("http://a.b/class/tuning/", "fine_tuning", "http://a.b/class/fine_tuning"),
        ("http://a.b/", "heads", "http://a.b/heads"),
        ("http://a.b/class/heads", "", "http://a.b/class/"),
    ],
)
def test_a_name_that_ends_in_another_s_is_left_out_as_a_whole(monkeypatch, told, here, expected):
    _open(monkeypatch, told, here)
    assert page_url.page_url() == expected


def _open(monkeypatch, told, here):
    manager = SimpleNamespace(get_pages=lambda: PAGES, current_page_script_hash=here)
    context = SimpleNamespace(context_info=SimpleNamespace(url=told), pages_manager=manager)
    monkeypatch.setattr(page_url, "get_script_run_ctx", lambda: context)
