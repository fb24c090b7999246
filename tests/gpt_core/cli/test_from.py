"""python -m gpt_core train --from, as typed."""

import pytest

from gpt_core.cli.main import main
from gpt_core.memory import free_memory
from gpt_core.training.run import Run
from tests.helpers import TEXT, write_run

QUICK = ["--steps", "4", "--batch-size", "2", "--eval-batches", "1", "--sample-interval", "0"]
NEW = TEXT.replace("duck", "cat")


@pytest.fixture
def typed(tmp_path):
    """typed("--tune", "lora") is a new run from the old one, on a text that differs."""
    write_run(tmp_path, "old", text=TEXT + "c")
    (tmp_path / "new.txt").write_text(NEW)

    def typed(*options, text="new.txt", start="old"):
        what = ["--from", str(tmp_path / start), "--text", str(tmp_path / text)]
        return main(["train", *what, "--out", str(tmp_path / "out"), *QUICK, *options])

    return typed


@pytest.mark.parametrize(
    ("tune", "trained"), [("all", 27_520), ("last", 12_768), ("lora", 2 * 16 * 4 * 32)]
)
def test_a_run_goes_on_from_another(tmp_path, typed, capsys, tune, trained):
    assert typed("--tune", tune, *(["--lora-rank", "4"] if tune == "lora" else [])) == 0
    run, old = Run.open(tmp_path / "out"), Run.open(tmp_path / "old")
    printed = capsys.readouterr().out
    parameters = old.load_model().num_parameters()
    assert f"{trained:,} of {parameters:,} parameters are trained." in printed
    assert run.start == "old" and run.train_config.tune == tune
    assert run.model_config == old.model_config
    assert run.tokenizer().to_dict() == old.tokenizer().to_dict()
    assert run.text() == NEW
    assert main(["train", "--run", str(run.path)]) == 0  # finished already
    assert main(["sample", "--run", str(run.path), "--tokens", "3"]) == 0
    assert main(["eval", "--run", str(run.path)]) == 0


def test_what_the_start_does_not_know_is_said_before_anything_runs(tmp_path, typed, capsys):
    (tmp_path / "odd.txt").write_text(NEW + "ΩΩ é")
    assert typed(text="odd.txt") == 0
    said = "The model's tokenizer doesn't know 'Ω' × 2, 'é' × 1: 0.09% of the text"
    assert said in capsys.readouterr().out
    (tmp_path / "greek.txt").write_text("όλα τα ελληνικά " * 200)
    (tmp_path / "out").rename(tmp_path / "first")
    assert typed(text="greek.txt") == 2
    assert "of the text would be unknown" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n-layer", "3"], "--n-layer can't take effect with --from"),
        (["--preset", "classic"], "--preset can't take effect with --from"),
        (["--tokenizer", "bpe"], "--tokenizer can't take effect with --from"),
        (["--lora-rank", "4"], "choose --tune lora for it"),
        (["--tune", "lora", "--lora-rank", "0"], "lora_rank is 0; it must be between"),
        (["--tune", "some"], "invalid choice: 'some'"),
    ],
)
def test_what_cannot_take_effect_is_refused(tmp_path, typed, capsys, options, message):
    try:
        assert typed(*options) == 2
    except SystemExit as ended:
        assert ended.code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_start_is_needed_and_must_be_one(tmp_path, typed, capsys):
    assert typed(start="nothing") == 2
    assert "There is no run in" in capsys.readouterr().err
    text = ["--text", str(tmp_path / "new.txt"), "--out", str(tmp_path / "out")]
    assert main(["train", *text, "--tune", "lora"]) == 2
    assert "--tune can't take effect without --from" in capsys.readouterr().err
    old = ["--run", str(tmp_path / "old"), "--from", str(tmp_path / "old")]
    assert main(["train", *old]) == 2
    assert "--from can't take effect with --run" in capsys.readouterr().err


def test_too_little_memory_is_said(typed, capsys, monkeypatch):
    free = free_memory()
    assert free is None or free > 1_000_000
    monkeypatch.setattr("gpt_core.cli.train.free_memory", lambda: 100_000_000)
    assert typed() == 0
    assert "GB of memory, and only 0.1 GB are free" in capsys.readouterr().out
