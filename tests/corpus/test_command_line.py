"""What all commands do alike."""

import io
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

import pytest

from corpus.command_line import run_command
from corpus.files import append, check_writable, replacing, replacing_folder
from gpt_core.bundled.record import hours


def raises(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "The memory ran out"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "The memory ran"),
        (RuntimeError("CUDA out of memory. Tried to"), "The memory ran out"),
        (PermissionError(13, "Permission denied", "/x"), "/x can't be read or written: permission"),
        (OSError(5, "Input/output error"), "The output can't be written: input/output error."),
        (OSError(28, "No space left on device", "/x"), "/x can't be written, no space left"),
        (OSError("odd"), "The output can't be written: odd."),
        (ValueError("Choose two."), "Choose two."),
    ],
)
def test_what_can_be_put_right_is_one_sentence(error, words, capsys):
    assert run_command(raises(error)) == 2
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1


def test_a_bug_keeps_its_traceback():
    with pytest.raises(RuntimeError, match="a bug"):
        run_command(raises(RuntimeError("a bug")))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_who_is_asked_to_leave_tidies_up_first(tmp_path, number, code):
    def command():
        with replacing(tmp_path / "file") as path:
            path.write_text("half")
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as left:
        run_command(command)
    assert left.value.code == code and list(tmp_path.iterdir()) == []
    assert signal.getsignal(number) is before


def test_what_a_terminal_cannot_spell_is_shown_all_the_same(monkeypatch):
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))
    assert run_command(lambda: print("日 \udcff") or 0) == 0
    assert shown.getvalue() == b"\\u65e5 \\udcff\n"


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing_folder(folder) as new:
        (new / "half").write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in folder.iterdir()] == ["old"]
    with replacing_folder(folder) as new:
        (new / "new").write_text("new")
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


def test_where_no_file_can_be_is_found_before_the_work(tmp_path):
    for path in (tmp_path, tmp_path / "no" / "file"):
        with pytest.raises(OSError, match="directory") as raised:
            check_writable(path)
        assert raised.value.filename == str(path)
    check_writable(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_devices_are_written_to_themselves():
    with replacing(Path("/dev/null")) as path:
        assert path == Path("/dev/null")
    assert not path.is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_an_addition_that_fails_names_its_file():
    with pytest.raises(OSError, match="/dev/full"):
        append(Path("/dev/full"), b"line")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("gpt_core.jobs.__main__ one_step", "unrecognized arguments: one_step"),
        ("gpt_core.bundled.record --again x", "--again does all recorded jobs as they were"),
        ("gpt_core.bundled.record --help", f" {hours():.1f}"),
        ("gpt_core.bundled.record x --job y --settings [1]", "'[1]' is no JSON object"),
        ("gpt_core.bundled.record x --job nothing", "There is no job 'nothing'"),
        ("gpt_core.bundled.train --run x --steps 3", "--steps can't take effect with --run"),
        ("corpus.__main__ sitcom --check x --scenes 3", "leave out --seed, --scenes"),
        ("corpus.sitcom.validate --sample -1", "invalid choice: -1"),
        ("corpus.sitcom.validate nowhere.toml", "nowhere.toml"),
    ],
    ids=lambda value: value.split()[0],
)
def test_other_commands_drop_nothing_either(command, words, monkeypatch, capsys):
    module, *arguments = command.split()
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    try:
        code = run_command(import_module(module).main)
    except SystemExit as error:
        code = error.code
    said = capsys.readouterr()
    assert words in said.err + said.out and code == 0 if "--help" in command else code in (1, 2)
