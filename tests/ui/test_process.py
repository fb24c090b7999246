"""A process beside the app, with real ones: told, heard, ended, and gone when the app is."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.ui.test_training import PROJECT, is_alive, wait_for
from ui.services.process import LONGEST_LINE, Process

ECHO = """
import sys
for line in sys.stdin:
    print("heard", line.strip(), flush=True)
"""
ASLEEP = "import time; time.sleep(600)"


def python(code):
    return [sys.executable, "-c", textwrap.dedent(code)]


@pytest.fixture
def start():
    started = []

    def start(code, **options):
        started.append(Process(python(code), **options))
        return started[-1]

    yield start
    for process in started:
        process.close()


def test_it_is_told_and_heard(start):
    process = start(ECHO)
    lines = process.lines()
    process.send("one")
    assert next(lines) == b"heard one\n"
    process.send("two")
    assert next(lines) == b"heard two\n"
    assert process.exit_code is None
    process.close(seconds=30)  # the end of its input is the end of its work
    assert (process.exit_code, process.error) == (0, "")


def test_who_has_ended_is_told_in_vain(start):
    process = start("")
    assert process.wait(30) == 0
    process.send("hello")
    process.kill()
    process.close()
    assert process.exit_code == 0


@pytest.mark.parametrize("logged", [False, True])
def test_its_last_line_is_a_sentence_when_it_says_so(start, tmp_path, logged):
    code = "import sys; print('some\\nwarning\\nerror: The disk is full.', file=sys.stderr); {}"
    log = tmp_path / "log" if logged else None
    process = start(code.format("sys.exit(2)"), log=log)
    assert process.error == ""
    assert process.wait(30) == 2
    assert process.error == "The disk is full."
    crashed = start(code.format("sys.exit(1)"), log=log)
    assert crashed.wait(30) == 1 and crashed.error == ""
    silent = start("import sys; print('error', file=sys.stderr); sys.exit(2)", log=log)
    assert silent.wait(30) == 2 and silent.error == ""


def test_its_log_takes_the_place_of_a_link(start, tmp_path):
    target, log = tmp_path / "precious", tmp_path / "log"
    target.write_text("keep me")
    log.symlink_to(target)
    start("import sys; sys.stderr.write('hello')", log=log).close(seconds=30)
    assert target.read_text() == "keep me"
    assert log.read_text() == "hello" and not log.is_symlink()


def test_a_program_that_isn_t_there_can_t_be_started(tmp_path):
    with pytest.raises(OSError):
        Process(["/nowhere/no such program"], log=tmp_path / "log")


def test_lines_are_cut_where_they_have_no_end(start):
    code = f"import sys; sys.stdout.write('x' * {LONGEST_LINE + 3})"
    assert [len(line) for line in start(code).lines()] == [LONGEST_LINE]  # and a rest without end


def test_it_saves_and_leaves_or_is_killed(start, tmp_path):
    saves = f"import sys; sys.stdin.read(); open({str(tmp_path / 'saved')!r}, 'w')"
    process = start(saves)
    process.close(seconds=30)
    assert process.exit_code == 0 and (tmp_path / "saved").exists()
    stubborn = start(ASLEEP)
    stubborn.close(seconds=0.2)
    assert stubborn.exit_code == -signal.SIGKILL


def test_it_is_killed_with_all_that_it_has_started(start):
    process = start(f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {ASLEEP!r}])
        print(child.pid, flush=True)
        child.wait()
    """)
    child = int(next(process.lines()))
    assert is_alive(child)
    process.kill()
    assert process.wait(30) == -signal.SIGKILL
    wait_for(lambda: not is_alive(child))


def test_what_doesn_t_end_in_time_is_killed(start):
    process = start(ASLEEP)
    assert process.wait(0.1) is None
    assert process.exit_code == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="there is no nice here")
def test_it_is_nice_and_no_part_of_the_app_s_session(start):
    process = start(ASLEEP)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
    assert os.getsid(process.pid) == process.pid != os.getsid(0)  # Ctrl-C doesn't reach it


@pytest.mark.parametrize("threads", [1, 2])
def test_it_computes_with_so_many_threads(start, threads, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    process = start("import os; print(os.environ['OMP_NUM_THREADS'])", threads=threads)
    assert int(next(process.lines())) == threads


# A process that listens, in every state that it may be in when its app is gone.
LISTENS = """
import os, sys, time
from corpus.command_line import listen
listen(lambda line: None if line else os._exit(7))
print("ready", flush=True)
{}
"""
BUSY = {"computes": "while True: pass", "sleeps": "time.sleep(600)"}
APP = """
import sys, time
from ui.services.process import Process
process = Process([sys.executable, "-c", {code!r}])
next(process.lines())
print(process.pid, flush=True)
{rest}
"""


@pytest.mark.parametrize("busy", BUSY)
@pytest.mark.parametrize("ending", ["SIGKILL", "SIGTERM", "its own end"])
def test_it_ends_with_its_app(busy, ending):
    rest = "time.sleep(600)" if hasattr(signal, ending) else ""
    code = APP.format(code=LISTENS.format(BUSY[busy]), rest=rest)
    app = subprocess.Popen(python(code), cwd=PROJECT, stdout=subprocess.PIPE)
    with app:
        child = int(app.stdout.readline())
        try:
            assert not rest or is_alive(child)
            if rest:
                app.send_signal(getattr(signal, ending))
            wait_for(lambda: not is_alive(child))
        finally:
            app.kill()
            if is_alive(child):
                os.kill(child, signal.SIGKILL)


def test_another_process_of_the_app_doesn_t_keep_it_alive(start):
    """What one was told through stays shut for the next: else its end would never come."""
    first = start(ECHO)
    second = start(ASLEEP)
    first.close(seconds=30)
    assert first.exit_code == 0
    assert second.exit_code is None
