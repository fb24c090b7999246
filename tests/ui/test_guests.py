"""Who is on another computer than the one that runs the app; what they may, what the owner sees."""

from types import SimpleNamespace

import pytest

from tests.ui.test_training import request, scripted, service
from ui.app import client
from ui.services.runs import PUBLIC_LIMITS, TrainingError
from ui.services.waiting import seconds_until

IDLE = scripted("import sys; sys.stdin.read()")


@pytest.mark.parametrize(
    ("address", "headers", "public", "owner"),
    [
        (None, {}, False, True),
        ("127.0.0.1", {}, False, True),
        ("192.0.2.7", {}, False, False),
        (None, {}, True, False),
        (None, {"X-Forwarded-For": "192.0.2.7"}, False, False),  # a tunnel on the laptop
        (None, {"Cf-Connecting-Ip": "192.0.2.7"}, False, False),
    ],
)
def test_who_is_the_owner(monkeypatch, address, headers, public, owner):
    context = SimpleNamespace(ip_address=address, headers=headers)
    monkeypatch.setattr(client.st, "context", context)
    monkeypatch.setenv("GPT_PUBLIC", "1" if public else "0")
    assert client.is_owner() is owner and client.is_guest() is not owner
    assert client.may_scrape() is owner


def test_a_guest_gets_a_public_server_s_limits_and_the_owner_more(tmp_path):
    large = request(steps=PUBLIC_LIMITS.steps + 1)
    with service(tmp_path / "runs", command=IDLE) as training:
        with pytest.raises(TrainingError, match=f"{PUBLIC_LIMITS.steps:,} steps"):
            training.submit("ana", large, guest=True)
        run = training.submit("owner", large)
        assert not training.view(run).about.guest
        for _ in range(PUBLIC_LIMITS.active_runs):
            assert training.view(training.submit("ana", request(), guest=True)).about.guest
        with pytest.raises(TrainingError, match="waiting"):
            training.submit("ana", request(), guest=True)
        training.submit("owner", request())


def test_who_guests_are_is_known_after_a_restart(tmp_path):
    with service(tmp_path / "runs", command=IDLE) as training:
        run = training.submit("ana", request(), guest=True)
    with service(tmp_path / "runs", command=IDLE) as training:
        assert training.view(run).about.guest


def test_the_line_of_a_run_that_goes_on_and_how_long_the_next_waits(tmp_path):
    with service(tmp_path / "runs", command=IDLE) as training:
        assert training.going("ana") is None
        first, second = training.submit("ana", request()), training.submit("ben", request())
        third = training.submit("cem", request(steps=400))
        assert training.going("ana")[0] == first and training.going("ben")[0] == second
        fourth = training.submit("cem", request())
        waits = [seconds_until(training, run) for run in (second, third, fourth)]
        assert 0 < waits[0] < waits[1] < waits[2]
        assert seconds_until(training, first) is None or training.place(first)
        assert training.going("nobody") is None


def test_the_owner_stops_and_deletes_anybody_s_run(tmp_path):
    with service(tmp_path / "runs", command=IDLE) as training:
        first, second = training.submit("ana", request()), training.submit("ben", request())
        assert {view.run_id for view in training.all_runs()} == {first, second}
        training.stop_any(second)
        view = training.view(second)
        assert view.state == "stopped" and view.reason == "Whoever runs this app stopped it."
        training.delete_any(first)
        assert not training.knows(first) and not (tmp_path / "runs" / first).exists()
        with pytest.raises(TrainingError):
            training.delete_any(first)
