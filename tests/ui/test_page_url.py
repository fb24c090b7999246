from types import SimpleNamespace

import pytest

from ui.show import page_url

PAGES = {name: {"url_pathname": name} for name in ("", "tuning", "fine_tuning", "heads")}


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
    manager = SimpleNamespace(get_pages=lambda: PAGES, current_page_script_hash=here)
    context = SimpleNamespace(context_info=SimpleNamespace(url=told), pages_manager=manager)
    monkeypatch.setattr(page_url, "get_script_run_ctx", lambda: context)
    assert page_url.page_url() == expected
