import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus.sitcom import split_scenes, whole_text
from gpt_core.cli.main import main
from gpt_core.evaluation import sitcom_report as report
from gpt_core.training.run import Run

PROJECT = Path(__file__).parents[3]
TRAIN = ["train", "--sitcom-scenes", "20", "--sitcom-seed", "3", "--tokenizer", "bpe"]
TRAIN += ["--vocab-size", "800", "--block-size", "64", "--n-layer", "1", "--n-head", "2"]
TRAIN += ["--n-embd", "16", "--steps", "3", "--batch-size", "2", "--eval-batches", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert main([*TRAIN, "--sample-interval", "0", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(report, "CONTINUATIONS", 2)


def test_a_run_of_generated_scenes_records_its_recipe(folder):
    run = Run.open(folder)
    assert run.corpus["sitcom"] == {"seed": 3, "scenes": 20} and run.text() == whole_text(3, 20)
    assert run.corpus["name"] == "sitcom of 20 scenes, seed 3"


def test_the_table_the_numbers_and_the_scenes(folder, tmp_path, capsys):
    (folder / "corpus.txt").unlink(missing_ok=True)
    files = ["--json", str(tmp_path / "a.json"), "--out", str(tmp_path / "a.txt")]
    command = ["eval", "--run", str(folder), "--scenes", "3", "--top-p", "0.9", "--seed", "2"]
    assert main([*command, *files]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert lines[0].split() == ["model", "held-out", "scenes", "5-gram", "Kneser-Ney"]
    assert lines[1].startswith("pass the checker") and "100.0% (43.9 to 100.0)" in lines[1]
    numbers = json.loads((tmp_path / "a.json").read_text())
    columns, settings = numbers["columns"], numbers["settings"]
    assert list(columns) == ["model", "held-out scenes", "5-gram Kneser-Ney"]
    assert columns["held-out scenes"]["measures"]["passed"]["value"] == 1
    assert columns["model"]["bits"]["value"] > columns["5-gram Kneser-Ney"]["bits"]["value"] > 0.3
    assert f"{columns['model']['bits']['value']:.4f} (" in shown
    assert settings["corpus"]["sitcom"] == {"seed": 3, "scenes": 20}
    assert (settings["top_p"], settings["temperature"], settings["seed"]) == (0.9, 0.8, 2)
    assert set(columns["model"]["prompts"]) == set(report.PROMPTS)
    assert len(list(split_scenes((tmp_path / "a.txt").read_text()))) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "a.txt"]


def test_without_scenes_held_out_ones_stand_in_for_a_missing_text(folder, capsys, monkeypatch):
    monkeypatch.setattr("gpt_core.cli.evaluate.HELD_OUT_SCENES", 5)
    (folder / "corpus.txt").unlink(missing_ok=True)
    assert main(["eval", "--run", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[1].startswith("held out")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--scenes", "0"], "--scenes is 0; it must be between 1 and 1,000,000"),
        (["--scenes", "5", "--temperature", "-1"], "temperature is -1"),
        (["--scenes", "5", "--json", "nowhere/a.json"], "no such file or directory"),
        (["--scenes", "5", "--step", "77"], "kept no weights at step 77"),
    ],
)
def test_what_makes_no_sense_is_refused_before_the_work(folder, options, words, capsys):
    assert main(["eval", "--run", str(folder), *options]) == 2
    complaint = capsys.readouterr().err.splitlines()
    assert words in complaint[-1]


def without_recipe(folder, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors", "status.json"):
        (copy / name).write_bytes((folder / name).read_bytes())
    config = json.loads((copy / "config.json").read_text())
    del config["corpus"]["sitcom"]
    (copy / "config.json").write_text(json.dumps(config))
    return copy


def test_the_recipe_can_be_given_and_is_checked(folder, tmp_path, capsys):
    command = ["eval", "--run", str(without_recipe(folder, tmp_path)), "--scenes", "1"]
    assert main(command) == 2
    assert "say which with --sitcom-scenes" in capsys.readouterr().err
    assert main([*command, "--sitcom-scenes", "20"]) == 2
    assert "20 scenes and seed 1, by today's plots, is not the text" in capsys.readouterr().err
    assert main([*command, "--sitcom-scenes", "20", "--sitcom-seed", "3"]) == 0


def test_ctrl_c_leaves_nothing_behind(folder, tmp_path):
    import signal

    command = [sys.executable, "-m", "gpt_core", "eval", "--run", str(folder), "--scenes", "300"]
    with subprocess.Popen(
        [*command, "--json", str(tmp_path / "a.json")], cwd=PROJECT, stderr=subprocess.PIPE
    ) as process:
        seen = b""
        until = time.monotonic() + 60
        while b"writing" not in seen and time.monotonic() < until:
            seen += process.stderr.read1()
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        assert process.wait() == 130
    assert b"Stopped." in errors and b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []
