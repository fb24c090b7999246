"""`python -m corpus sitcom` writes whole files or none, and checks them."""

import signal
import subprocess
import sys

import pytest

from corpus.__main__ import main
from corpus.sitcom.checker import split_scenes
from corpus.sitcom.scene import generate, whole_text
from corpus.sitcom.show import FOLDER
from corpus.sitcom.validate import main as validate
from tests.helpers import wait_for


def test_it_prints_scenes(capsys):
    assert main(["sitcom", "--seed", "5", "--scenes", "3"]) == 0
    printed = capsys.readouterr().out
    assert list(split_scenes(printed)) == [scene.text for scene in generate(5, 3)]
    assert printed.endswith("\n")
    assert not printed.endswith("\n\n")


def test_it_writes_a_file_and_checks_it(tmp_path, capsys):
    path = tmp_path / "scenes.txt"
    assert main(["sitcom", "--scenes", "20", "--held-out", "--out", str(path)]) == 0
    assert "20 of 20 scenes written" in capsys.readouterr().err
    assert len(list(split_scenes(path.read_text()))) == 20
    assert whole_text(1, 20, held_out=True) == path.read_text()
    assert list(tmp_path.iterdir()) == [path]
    assert main(["sitcom", "--check", str(path)]) == 0
    assert "20 of 20 scenes hold together (100.0%)" in capsys.readouterr().out
    path.write_text(path.read_text()[:-200])
    assert main(["sitcom", "--check", str(path)]) == 1
    assert "scene 20: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--check", "nowhere.txt"], ["--out", "no/such/folder/scenes.txt"]]
)
def test_a_file_that_can_not_be_used_is_named(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["sitcom", *arguments]) == 2
    assert arguments[1].split("/")[0] in capsys.readouterr().err


@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_a_wrong_number_is_refused(number):
    with pytest.raises(SystemExit) as caught:
        main(["sitcom", "--scenes", number])
    assert caught.value.code == 2


def listen():
    """Hear Ctrl-C even where the tests were started in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_stopped_half_way_it_leaves_the_old_file(tmp_path, sent):
    path = tmp_path / "scenes.txt"
    path.write_text("old")
    command = [sys.executable, "-m", "corpus", "sitcom", "--scenes", "1000000", "--out", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, preexec_fn=listen) as process:
        parts = wait_for(
            lambda: [p for p in tmp_path.iterdir() if p != path and p.stat().st_size], 30, process
        )
        process.send_signal(sent)
        said = process.communicate(timeout=30)[1].decode()
    assert path.read_text() == "old"
    if sent != signal.SIGKILL:
        assert process.returncode == 128 + sent and list(tmp_path.iterdir()) == [path]
    if sent == signal.SIGINT:
        assert said.endswith("Stopped.\n")
    if sent == signal.SIGKILL:
        assert parts[0].name.startswith(".scenes.txt.")


def test_the_validator_reports_and_shows_a_scene(tmp_path, capsys):
    good = FOLDER / "plots" / "suspect.toml"
    assert validate([str(good)]) == 0
    assert "suspect: fine." in capsys.readouterr().out
    bad = tmp_path / "bad.toml"
    bad.write_text(good.read_text().replace("{thing}", "{thong}"))
    assert validate([str(bad)]) == 1
    assert "bad.toml, beat" in capsys.readouterr().out
