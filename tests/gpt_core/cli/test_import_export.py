"""python -m gpt_core import and export, as typed."""

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from gpt_core.cli.main import main
from gpt_core.training.run import Run
from gpt_core.training.run_files import IMPORTED, Status
from tests.helpers import write_run


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    config = GPT2Config(n_positions=64, n_embd=16, n_layer=1, n_head=2)
    GPT2LMHeadModel(config).eval().save_pretrained(tmp_path / "small")
    return tmp_path / "small"


def test_a_checkpoint_becomes_a_run(tmp_path, checkpoint, capsys):
    assert main(["import", str(checkpoint), "--out", str(tmp_path / "runs" / "gpt2")]) == 0
    assert "layers 1, heads 2, width 16" in capsys.readouterr().out
    run = Run.open(tmp_path / "runs" / "gpt2")
    assert run.status() == Status("finished", 0, IMPORTED)
    assert run.tokenizer().vocab_size == 50_257 and run.metrics() == []
    idx = torch.tensor([run.tokenizer().encode("The Spin Cycle")])
    with torch.no_grad():
        expected = GPT2LMHeadModel.from_pretrained(checkpoint).eval()(idx).logits
        assert (run.load_model()(idx)[0] - expected).abs().max() < 1e-4
    before = (run.path / "model.safetensors").read_bytes()
    assert main(["train", "--run", str(run.path)]) == 2  # it would start from random weights
    assert "gpt2 was trained already" in capsys.readouterr().err
    assert (run.path / "model.safetensors").read_bytes() == before
    assert main(["sample", "--run", str(run.path), "--tokens", "3", "--prompt", "Once"]) == 0


def test_what_was_imported_can_be_compressed_and_stays_imported(tmp_path, checkpoint, capsys):
    assert main(["import", str(checkpoint), "--out", str(tmp_path / "run")]) == 0
    for source, name in (("run", "eight"), ("eight", "four")):
        bits = "--int8" if name == "eight" else "--int4"
        out = tmp_path / name
        assert main(["compress", str(tmp_path / source), bits, "--out", str(out)]) == 0
        small = Run.open(out)
        assert small.was_imported() and small.steps_taken() == 0
    assert "is a run now" in capsys.readouterr().out


def test_measured_on_a_text_of_ones_own(tmp_path, checkpoint):
    text = tmp_path / "own.txt"
    text.write_text("One two three four five.\n" * 200)
    out = tmp_path / "runs" / "own"
    assert main(["import", str(checkpoint), "--out", str(out), "--text", str(text)]) == 0
    assert Run.open(out).corpus["name"] == "own.txt"
    assert main(["eval", "--run", str(out)]) == 0


@pytest.mark.parametrize(
    ("source", "message"), [("no-such-name", "neither a folder"), (".", "no config.json")]
)
def test_what_cannot_be_imported_leaves_nothing(tmp_path, source, message, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["import", source, "--out", "runs/x"]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_run_becomes_a_checkpoint(tmp_path, capsys):
    run = write_run(tmp_path, "run", tokenizer="bpe", activation="gelu")
    assert main(["export", str(run.path), "--out", str(tmp_path / "out")]) == 0
    other = GPT2LMHeadModel.from_pretrained(tmp_path / "out").eval()
    idx = torch.tensor([run.tokenizer().encode("Who put a duck")])
    with torch.no_grad():
        assert (run.load_model()(idx)[0] - other(idx).logits).abs().max() < 1e-4
    modern = write_run(tmp_path, "modern", preset="modern")
    assert main(["export", str(modern.path), "--out", str(tmp_path / "no")]) == 2
    assert "can't be exported" in capsys.readouterr().err


def test_a_character_tokenizer_is_kept_for_ourselves(tmp_path, capsys):
    run = write_run(tmp_path, "run")
    assert main(["export", str(run.path), "--out", str(tmp_path / "out")]) == 0
    assert "transformers has no such tokenizer" in capsys.readouterr().out
    assert main(["import", str(tmp_path / "out"), "--out", str(tmp_path / "again")]) == 0
    assert Run.open(tmp_path / "again").tokenizer().kind == "char"


def files(folder):
    """All but the weights, whose header is in no fixed order."""
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix != ".safetensors"}


def test_an_export_holds_nothing_of_the_one_before(tmp_path):
    out = tmp_path / "out"
    pairs = write_run(tmp_path, "pairs", tokenizer="bpe", activation="gelu")
    for run in (write_run(tmp_path, "characters"), pairs, write_run(tmp_path, "more", seed=1)):
        assert main(["export", str(run.path), "--out", str(out)]) == 0
        assert main(["export", str(run.path), "--out", str(tmp_path / f"of {run.name}")]) == 0
        assert files(out) == files(tmp_path / f"of {run.name}")
        again = tmp_path / f"again {run.name}"
        assert main(["import", str(out), "--out", str(again)]) == 0
        kind = {"char": "char", "bpe": "gpt2"}[run.tokenizer().kind]
        assert Run.open(again).tokenizer().kind == kind


def test_only_an_export_is_replaced(tmp_path, checkpoint, capsys):
    run = write_run(tmp_path, "run", tokenizer="bpe", activation="gelu")
    mixed, empty = tmp_path / "mixed", tmp_path / "empty"
    assert main(["export", str(run.path), "--out", str(mixed)]) == 0
    (mixed / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(empty)
    empty.mkdir()
    capsys.readouterr()
    for folder in (mixed, checkpoint, run.path, tmp_path / "file", tmp_path):
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        assert main(["export", str(run.path), "--out", str(folder)]) == 2
        said = capsys.readouterr().err
        assert "choose a" in said and len(said.splitlines()) == 1
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert main(["export", str(run.path), "--out", str(tmp_path / "link")]) == 0
    assert (tmp_path / "link").is_symlink() and (empty / "model.safetensors").is_file()
