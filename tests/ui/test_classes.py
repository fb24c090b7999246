"""Classes: who may do what, what is counted, what is left after a kill or a class's end."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ui.services.classes.codes import ALPHABET, LENGTH, chance_of_a_hit, clean_code, new_code
from ui.services.classes.file import ClassFile
from ui.services.classes.limits import LOCKED, NO_CLASS, NOT_YOURS, ClassError, ClassLimits
from ui.services.classes.service import ClassService, Seat, Waiting

PROJECT = Path(__file__).parents[2]
QUESTION = ("attention", "case", "Does it?", ("yes", "no"))


@pytest.fixture
def services(tmp_path):
    """services(limits) is a service in the same folder; the one before it is closed."""
    made = []

    def make(limits=None, **more):
        if made:
            made[-1].close()
        made.append(ClassService(tmp_path, limits, **more))
        return made[-1]

    yield make
    made[-1].close()


def code_of(service, seat):
    return service.role(seat).code


def files_in(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_a_code_has_no_look_alikes_and_is_read_as_it_is_typed():
    assert not set("IOU01") & set(ALPHABET)
    code = new_code()
    assert len(code) == LENGTH and set(code) <= set(ALPHABET)
    assert clean_code(f" {code[:3].lower()}-{code[3:]} ") == code
    assert clean_code("🦆<b>") == "B" and clean_code("x" * 10**6) != "X" * LENGTH


def test_a_hit_is_unlikely_at_the_rate_at_which_a_server_answers():
    """Fifty pages a second, which is twice what two cores answer, for as long as a class lives."""
    assert chance_of_a_hit(50, 12, 1) < 0.02
    assert chance_of_a_hit(1, 1, 1) == pytest.approx(3600 / 23**6)


def test_a_class_from_opening_to_end(services, tmp_path):
    service = services()
    teacher = service.open()
    code = code_of(service, teacher)
    pupil = service.join(code.lower(), "Ada")
    other = service.join(code, "Ada")
    assert [m.nickname for m in service.members(teacher)] == ["Ada", "Ada 2"]
    service.steer(teacher, "attention", {"head": "1.0", "prompt": "a secret prompt"})
    assert service.state(pupil).query["head"] == "1.0"
    service.answer(pupil, *QUESTION, 0)
    identity = service.answer(pupil, *QUESTION, 1)  # the first answer stays
    service.answer(other, *QUESTION, 1)
    assert service.question(teacher, identity).counts == (1, 1)
    assert service.question(pupil, identity) is None  # not before the teacher reveals it
    service.reveal(teacher, identity)
    assert service.question(pupil, identity).counts == (1, 1)
    service.hand_in(pupil, "sample", {}, "what the pupil wrote")
    (item,) = service.items(teacher)
    assert (item.member, item.text) == (1, "what the pupil wrote")
    service.remove(teacher, 1)
    assert service.role(pupil) is None and not service.items(teacher)
    assert service.question(teacher, identity).counts == (0, 1)
    service.end(teacher)
    assert service.role(teacher) is None and files_in(tmp_path) == []


def test_the_file_holds_no_secret_and_nothing_of_it_is_left(services, tmp_path):
    service = services()
    teacher = service.open()
    pupil = service.join(code_of(service, teacher), "Ada")
    service.hand_in(pupil, "sample", {}, "zebra crossing")
    (path,) = (tmp_path / "classes").iterdir()
    held = path.read_bytes()
    assert b"zebra crossing" in held
    assert teacher.secret.encode() not in held and pupil.secret.encode() not in held
    service.end(teacher)
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"zebra" in p.read_bytes()]


TEACHERS = {
    "steer": ("data", {}),
    "call": (),
    "set_door": (False,),
    "hold": (True,),
    "reveal": ("0" * 16,),
    "questions": (),
    "answers": ("0" * 16,),
    "items": (),
    "take_off": (1,),
    "remove": (1,),
    "rename": (1, "x"),
    "hide": (1, True),
    "reissue": (),
    "end": (),
}


@pytest.mark.parametrize("action", TEACHERS)
def test_nobody_else_does_what_only_the_teacher_does(services, action):
    service = services()
    teacher = service.open()
    pupil = service.join(code_of(service, teacher), "Ada")
    colleague = service.open()
    with pytest.raises(ClassError, match=NOT_YOURS):
        getattr(service, action)(pupil, *TEACHERS[action])
    for stranger in (
        Seat(teacher.class_id, colleague.secret),
        Seat(teacher.class_id, ""),
        Seat("0" * 16, teacher.secret),
    ):
        with pytest.raises(ClassError, match="ended"):
            getattr(service, action)(stranger, *TEACHERS[action])
    assert service.state(teacher).version == 1 and len(service.members(teacher)) == 1


def test_wrong_codes_keep_nobody_out(services):
    service = services()
    teacher = service.open()
    for guess in ("", "AAAAAA", "A" * 10**5, "🦆", "'; DROP TABLE members"):
        with pytest.raises(ClassError, match=NO_CLASS):
            service.join(guess, "x")
    service.join(code_of(service, teacher), "Ada")
    service.set_door(teacher, False)
    with pytest.raises(ClassError, match=NO_CLASS):
        service.join(code_of(service, teacher), "Bo")


def test_a_secret_that_was_issued_again_replaces_the_old_one(services):
    service = services()
    old = service.open()
    new = service.reissue(old)
    assert service.role(old) is None and service.role(new).teacher
    assert services().role(new).teacher  # also after a start


@pytest.mark.parametrize("text", [None, 5, "", "x.y", "a" * 200, "0" * 16, "0" * 15 + "g.x"])
def test_nonsense_is_no_seat(text):
    assert Seat.read(text) is None


def test_limits_are_on_totals_and_said_in_a_sentence(services):
    service = services(
        ClassLimits(classes=1, members=2, questions=1, items=2, items_each=1, item=5)
    )
    teacher = service.open()
    with pytest.raises(ClassError, match="holds 1 classes"):
        service.open()
    ada, bo = (service.join(code_of(service, teacher), name) for name in ("Ada", "Bo"))
    with pytest.raises(ClassError, match="room for 2"):
        service.join(code_of(service, teacher), "Cy")
    for seat in (ada, bo):
        service.answer(seat, *QUESTION, 0)
    with pytest.raises(ClassError, match="answers to 1 questions"):
        service.answer(ada, "data", *QUESTION[1:], 0)
    service.hand_in(bo, "", {}, "123456789")
    assert service.items(teacher)[0].text == "12345"
    with pytest.raises(ClassError, match="You have 1 things"):
        service.hand_in(bo, "", {})
    service.hand_in(ada, "", {})
    with pytest.raises(ClassError, match="board holds 2"):
        service.hand_in(ada, "", {})


def test_who_asks_without_end_takes_nobody_else_s_questions(services):
    service = services(ClassLimits(questions=8, questions_each=3))
    teacher = service.open()
    greedy, other = (service.join(code_of(service, teacher), name) for name in ("Ada", "Bo"))
    shared = service.answer(other, *QUESTION, 0)
    service.answer(greedy, *QUESTION, 1)
    service.ask_vote(teacher, "Which?", ("a", "b"))
    vote = service.vote(teacher)
    service.cast(other, 0)
    own = service.answer(other, "data", "own", "Does it?", ("yes", "no"), 0)
    last = [service.answer(greedy, "data", str(n), "Does it?", ("yes", "no"), 0) for n in range(50)]
    assert {q.id for q in service.questions(teacher)} == {shared, vote.id, own, *last[-3:]}
    cy, di = (service.join(code_of(service, teacher), name) for name in ("Cy", "Di"))
    for seat, count in ((cy, 2), (di, 1)):  # one is too many: it is the greedy one's that goes
        for n in range(count):
            service.answer(seat, "mlp", f"{seat.ticket} {n}", "Does it?", ("yes", "no"), 0)
    kept = {q.id for q in service.questions(teacher)}
    assert len(kept) == 8 and {shared, vote.id, own, last[-1], last[-2]} < kept
    assert last[-3] not in kept


def test_two_who_work_together_leave_room_for_the_class(services):
    service = services(ClassLimits(questions=12, questions_each=3))
    teacher = service.open()
    seats = [service.join(code_of(service, teacher), f"Pupil {n}") for n in range(12)]
    for n in range(15):
        for seat in seats[:2]:
            service.answer(seat, "data", str(n), "Does it?", ("yes", "no"), 0)
    asked = [service.answer(seat, *QUESTION, 0) for seat in seats[2:]]
    for n in range(15, 30):
        for seat in seats[:2]:
            service.answer(seat, "data", str(n), "Does it?", ("yes", "no"), 0)
    (question,) = (q for q in service.questions(teacher) if q.id == asked[0])
    assert question.answered == 10 and len(service.questions(teacher)) == 12


def test_questions_of_who_has_left_make_room(services):
    service = services(ClassLimits(questions=4, questions_each=3))
    teacher = service.open()
    for name in ("Ada", "Bo", "Cy"):
        seat = service.join(code_of(service, teacher), name)
        for n in range(3):
            service.answer(seat, "data", f"{name} {n}", "Does it?", ("yes", "no"), 0)
        service.leave(seat)
    di = service.join(code_of(service, teacher), "Di")
    own = [service.answer(di, "mlp", str(n), "Does it?", ("yes", "no"), 0) for n in range(3)]
    assert set(own) <= {q.id for q in service.questions(teacher)}
    with pytest.raises(ClassError):  # and a choice that isn't there leaves no question behind
        service.answer(di, "mlp", "none", "Does it?", ("yes", "no"), 2)
    assert set(own) == {q.id for q in service.questions(teacher) if q.lesson == "mlp"}


def test_a_file_that_may_not_grow_gives_a_sentence_and_goes_on(services):
    service = services(ClassLimits(bytes=60_000, items=1_000, items_each=1_000))
    teacher = service.open()
    pupil = service.join(code_of(service, teacher), "Ada")
    with pytest.raises(ClassError, match=r"0\.06 MB"):
        for _ in range(1_000):
            service.hand_in(pupil, "", {}, "x" * 4_000)
    service.take_off(teacher, 1)
    assert service.role(pupil) and service.items(teacher)


def test_a_locked_file_gives_a_sentence(services, tmp_path, monkeypatch):
    monkeypatch.setattr("ui.services.classes.file._PATIENCE", 0.05)
    service = services()
    teacher = service.open()
    (path,) = (tmp_path / "classes").iterdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ClassError, match=LOCKED[:20]):
        service.join(code_of(service, teacher), "Ada")
    other.execute("ROLLBACK")
    other.close()
    service.join(code_of(service, teacher), "Ada")


def test_a_damaged_file_keeps_no_other_class_out(services, tmp_path):
    service = services()
    teacher = service.open()
    (tmp_path / "classes" / f"{'f' * 16}.sqlite").write_bytes(b"no database" * 500)
    assert services().role(teacher).teacher


def test_after_its_hours_a_class_is_over_also_at_the_next_start(services, tmp_path):
    service, ended = services(), []
    teacher = service.open()
    assert services().role(teacher)
    path = tmp_path / "classes" / f"{teacher.class_id}.sqlite"
    base = sqlite3.connect(path)
    with base:
        base.execute("UPDATE class SET opened = ?", (time.time() - 12 * 3600 - 1,))
    base.close()
    assert services(ended=ended.append).role(teacher) is None
    assert ended == [teacher.class_id] and not path.exists()


def test_who_waits_for_a_change_is_told_once_it_is_there(services):
    service, told = services(), threading.Event()
    teacher = service.open()
    pupil = service.join(code_of(service, teacher), "")
    member, nobody = (Waiting(teacher.class_id, one) for one in (pupil.ticket, "0" * 16))
    assert service.listen(member, told.set)
    service.steer(teacher, "classroom", {})
    assert not told.is_set()  # nothing has changed
    service.steer(teacher, "data", {})
    assert told.is_set() and service.counters(member) == (2, 0)
    assert service.counters(nobody) is None and not service.listen(nobody, told.set)


def test_many_answer_at_once(services):
    service = services()
    teacher = service.open()
    seats = [service.join(code_of(service, teacher), "") for _ in range(40)]
    assert len({m.nickname for m in service.members(teacher)}) == 40
    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(lambda n: service.answer(seats[n // 2], *QUESTION, n % 2), range(80)))
    (identity,) = ids
    assert service.question(teacher, identity).answered == 40


CHILD = """
import sys
from pathlib import Path
from ui.services.classes.service import ClassService

service = ClassService(Path(sys.argv[1]))
teacher = service.open()
code = service.role(teacher).code
seats = [service.join(code, "") for _ in range(200)]
print(teacher.text, flush=True)
for number, seat in enumerate(seats):
    service.answer(seat, "data", "", "Does it?", ("yes", "no"), number % 2)
    print(number, flush=True)
"""


def test_no_answer_is_lost_and_none_counts_twice_when_the_app_is_killed(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )
    teacher = Seat.read(child.stdout.readline().decode().strip())
    for _ in range(90):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    said = 90 + len(child.stdout.read().split())  # those that it could still say
    child.wait()
    service = ClassService(tmp_path)
    question = service.questions(teacher)[0]
    assert said <= question.answered <= said + 1 < 200  # one may be kept and not yet said
    given = service.answers(teacher, question.id)
    assert len({member.number for member, _ in given}) == len(given) == question.answered
    assert all(choice == (member.number - 1) % 2 for member, choice in given)
    service.close()


def test_a_change_is_whole_or_not_there(tmp_path):
    file = ClassFile.create(tmp_path / "x.sqlite", "0" * 16, "ABCDEF", "hash", ClassLimits())
    with pytest.raises(ClassError), file._together():
        file.add_member("secret", "Ada")
        file.add_member("secret", "Bo")  # a secret stands for one member
    assert file.members() == [] and file.state().version == 1
    file.close()
