"""The address at which a class's browsers wait: told at once, refused politely, never an error."""

import asyncio
import json

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from tests.helpers import run_loop
from ui.services.classes import route
from ui.services.classes.route import ClassRoutes
from ui.services.classes.service import ClassService, Waiting, class_service


@pytest.fixture
def service(tmp_path):
    service = ClassService(tmp_path)
    with class_service.replaced(service):
        yield service
    service.close()


def joined(service, teacher):
    """A pupil of the teacher's class."""
    return service.join(service.role(teacher).code, "")


def ask(method, path, content=b""):
    """A request to the route: status, what is answered, headers."""
    sent, bodies = [], [content]

    async def receive():
        if not bodies:
            await asyncio.Event().wait()  # the browser stays
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    run_loop(ClassRoutes(PlainTextResponse("passed", 404))(scope, receive, send))
    start, *parts = sent
    return start["status"], b"".join(p.get("body", b"") for p in parts), dict(start["headers"])


def steer(seat, secret=None, **said):
    body = {"secret": seat.secret if secret is None else secret, "lesson": "data", "query": {}}
    status, answer, _ = ask(
        "POST", f"/below/_class/{seat.class_id}/steer", json.dumps(body | said).encode()
    )
    return status, json.loads(answer)


def test_only_the_teacher_s_secret_steers(service):
    teacher = service.open()
    pupil = service.join(service.role(teacher).code, "Ada")
    for secret in (pupil.secret, "", "x" * 1000):
        assert steer(teacher, secret)[0] == 403
    assert service.state(pupil).version == 1
    assert steer(teacher, query={"head": "1.0"}) == (200, {"version": 2})
    assert dict(service.state(pupil).query) == {"head": "1.0"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b"{" * 70_000, b"[" * 60_000, b'{"secret": 1}']
)
def test_nonsense_is_refused(service, body):
    teacher = service.open()
    assert ask("POST", f"/_class/{teacher.class_id}/steer", body)[0] == 400
    assert service.state(teacher).version == 1


def test_what_is_no_address_of_a_class_passes(service):
    assert ask("GET", "/_class/x/1")[:2] == (404, b"passed")
    for class_id in ("0" * 16, service.open().class_id):
        status, answer, _ = ask("GET", f"/_class/{class_id}/{'0' * 16}/1")
        assert (status, json.loads(answer)) == (200, {"version": -1, "marks": -1})


def test_who_knows_an_older_version_is_told_at_once_and_others_after_a_while(service, monkeypatch):
    monkeypatch.setattr(route, "_WAIT", 0.05)
    pupil = joined(service, service.open())
    for known in (0, 1):
        status, answer, headers = ask("GET", f"/_class/{pupil.class_id}/{pupil.ticket}/{known}")
        assert (status, json.loads(answer)) == (200, {"version": 1, "marks": 0})
        assert headers[b"cache-control"] == b"no-store"


def test_two_hundred_who_wait_are_told_of_a_change(service):
    teacher = service.open()
    members = [Waiting(teacher.class_id, joined(service, teacher).ticket) for _ in range(200)]
    steady = service.counters(members[0])[0]
    stays = Request({"type": "http"}, lambda: asyncio.Event().wait())

    async def wait():
        answers = [route._next_change(service, member, steady, stays) for member in members]
        waiting = asyncio.gather(*answers)
        await asyncio.sleep(0.05)
        await asyncio.to_thread(service.steer, teacher, "data", {})
        return await asyncio.wait_for(waiting, 10)

    told = run_loop(wait())
    assert {json.loads(answer.body)["version"] for answer in told} == {2}
    assert not service._classes[teacher.class_id].listeners


def point(seat, **said):
    spot = {"secret": seat.secret, "lesson": "data", "on": "# try-this 0", "x": 0.5, "y": 1}
    path = f"/_class/{seat.class_id}/point"
    return ask("POST", path, json.dumps(spot | said).encode())[0]


def test_where_the_teacher_points_is_passed_on_and_nobody_else_s(service):
    teacher = service.open()
    pupil = service.join(service.role(teacher).code, "Ada")
    seen = []
    watching = Waiting(pupil.class_id, pupil.ticket)
    assert service.watch_pointer(watching, seen.append)
    assert point(pupil) == point(teacher, secret="x") == 403
    for nonsense in ({"x": 2}, {"y": -1}, {"lesson": "<b>"}, {"on": "x" * 1000}):
        assert point(teacher, **nonsense) == 403
    for nonsense in ({"x": "here"}, {"y": None}, {"x": 1e999}):
        assert point(teacher, **nonsense) in (400, 403)
    assert point(teacher) == 200
    spot = {"lesson": "data", "on": "# try-this 0", "x": 0.5, "y": 1.0}
    assert [json.loads(text) for text in seen] == [spot]
    assert point(teacher) == 200 and len(seen) == 1  # a movement a moment later is left out
    service.look_away(watching, seen.append)
    assert service.state(pupil).version == 1  # nobody's page has to run


def test_the_pointer_s_stream_of_no_class_tells_browsers_not_to_ask_again(service):
    assert ask("GET", f"/_class/{'0' * 16}/{'0' * 16}/pointer")[0] == 204


def test_the_pointer_s_stream_ends_by_itself_and_leaves_nobody_watching(service, monkeypatch):
    monkeypatch.setattr(route, "_WAIT", 0.3)
    pupil = joined(service, service.open())
    watchers = service._classes[pupil.class_id].watchers
    status, answer, headers = ask("GET", f"/_class/{pupil.class_id}/{pupil.ticket}/pointer")
    assert status == 200 and headers[b"content-type"].startswith(b"text/event-stream")
    assert answer.startswith(b"retry:") and not watchers


def test_who_opens_many_tabs_keeps_nobody_else_waiting_outside(service):
    teacher = service.open()
    greedy, other = joined(service, teacher), joined(service, teacher)
    mine, theirs = (Waiting(seat.class_id, seat.ticket) for seat in (greedy, other))
    for way in (service.listen, service.watch_pointer):
        admitted = [way(mine, lambda *_, n=n: n) for n in range(1_000)]
        assert sum(admitted) == service.limits.tabs and way(theirs, print)
    assert ask("GET", f"/_class/{mine.class_id}/{mine.ticket}/1")[0] == 503
    status, answer, _ = ask("GET", f"/_class/{mine.class_id}/{mine.ticket}/pointer")
    assert (status, answer) == (200, b"retry: 5000\n\n")
    service.remove(teacher, service.role(greedy).member.number)
    assert service.counters(mine) is None and service.counters(theirs)


def test_a_tab_that_has_gone_leaves_its_place_at_once(service):
    """A reload must not wait for the poll of the page before it."""
    teacher = service.open()
    seat = joined(service, teacher)
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message):
        pass

    path = f"/_class/{seat.class_id}/{seat.ticket}/1"
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}

    async def leave():
        async with asyncio.timeout(5):
            await ClassRoutes(PlainTextResponse("passed", 404))(scope, receive, send)

    for _ in range(3 * service.limits.tabs):
        run_loop(leave())
