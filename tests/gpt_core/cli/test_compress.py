"""python -m gpt_core compress, as typed: a smaller run that opens, and says what it cost."""

import re

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.cli.main import main
from gpt_core.compression.pruning import weight_masks
from gpt_core.compression.rounding import GRIDS, nearest
from gpt_core.evaluation.compared import piece_bits
from gpt_core.evaluation.held_out import held_out
from gpt_core.model.weights import weights
from gpt_core.training.run import Run
from tests.helpers import write_run


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path, "whole", n_embd=64)


def compress(run, *options, name="small"):
    out = run.path.parent / name
    assert main(["compress", str(run.path), "--out", str(out), *options]) == 0
    return Run.open(out)


def matrices(run):
    return {n: t for n, t in weights(run.load_model()).items() if t.dim() == 2}


@pytest.mark.parametrize(
    ("options", "name", "bits"),
    [
        (["--int8"], "int8 per channel", 8),
        (["--int8", "tensor"], "int8 per tensor", 8),
        (["--int4"], "int4 in groups", 5),
    ],
)
def test_the_new_run_has_the_rounded_weights_in_fewer_bytes(run, options, name, bits, capsys):
    small = compress(run, *options)
    before, after = matrices(run), matrices(small)
    for path, weight in before.items():
        torch.testing.assert_close(after[path], nearest(weight, GRIDS[name]).weight())
    sizes = [r.weights_path().stat().st_size for r in (run, small)]
    assert sizes[1] < 1.15 * bits / 32 * sizes[0] + 10_000
    assert f"{sizes[1]:,} bytes" in capsys.readouterr().out
    assert small.status().reason == f"Made from whole: {name}."
    assert small.text() == run.text() and small.tokenizer().vocab_size == run.tokenizer().vocab_size
    assert main(["sample", "--run", str(small.path), "--tokens", "3"]) == 0
    assert main(["eval", "--run", str(small.path)]) == 0
    assert main(["train", "--run", str(small.path)]) == 2  # it would begin from random weights


def test_sixteen_bits(run):
    small = compress(run, "--bfloat16")
    assert torch.equal(
        matrices(small)["wte.weight"], matrices(run)["wte.weight"].bfloat16().float()
    )


def test_the_loss_it_prints_is_that_of_the_two_runs(run, capsys):
    small = compress(run, "--int4")
    pieces = held_out(run, 24).pieces
    characters = sum(piece.characters for piece in pieces)
    before, after = (piece_bits(r.load_model(), pieces).sum() / characters for r in (run, small))
    said = capsys.readouterr().out
    assert f"{before:.4f} before, {after:.4f} after" in said
    low, high = map(float, re.search(r"\(([-+.\d]+) to ([-+.\d]+), 95%\)", said).groups())
    assert low <= after - before + 1e-4 and after - before <= high + 1e-4


def test_gptq_differs_from_rounding_to_nearest_in_the_blocks_alone(run):
    plain, better = compress(run, "--int4"), compress(run, "--int4", "--gptq", name="better")
    one, two = matrices(plain), matrices(better)
    same = {name for name in one if torch.equal(one[name], two[name])}
    assert same == {"wte.weight", "wpe.weight"}
    assert better.status().reason == "Made from whole: int4 in groups by GPTQ."


def test_pruning_weights_then_rounding_keeps_the_zeros(run):
    small = compress(run, "--prune", "0.5", "--int8")
    masks, after = weight_masks(run.load_model(), 0.5), matrices(small)
    assert all((after[name][mask == 0] == 0).all() for name, mask in masks.items())
    assert small.status().reason == "Made from whole: 50% of the weights pruned, int8 per channel."


@pytest.mark.parametrize(
    ("of", "matrix", "dim"), [("neurons", "mlp.down", 0), ("heads", "attn.proj", 0)]
)
def test_pruning_whole_parts(run, of, matrix, dim):
    small = compress(run, "--prune", "0.5", "--of", of)
    silent = [
        (matrices(small)[f"blocks.{i}.{matrix}.weight"] == 0).all(dim=dim).float().mean()
        for i in range(2)
    ]
    assert sum(silent) / 2 == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Say how"),
        (["--prune", "1.5"], "must be above 0 and below 1"),
        (["--prune", "nan"], "must be above 0 and below 1"),
        (["--int8", "--of", "heads"], "--of can't take effect"),
        (["--bfloat16", "--gptq"], "--gptq can't take effect"),
    ],
)
def test_what_cannot_be_meant_makes_nothing(run, options, message, capsys):
    out = run.path.parent / "small"
    assert main(["compress", str(run.path), "--out", str(out), *options]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists() and not list(run.path.parent.glob(".*"))


def test_an_existing_folder_is_left_alone(run, capsys):
    before = sorted(p.name for p in run.path.iterdir())
    assert main(["compress", str(run.path), "--out", str(run.path), "--int8"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert sorted(p.name for p in run.path.iterdir()) == before


def test_the_bundled_run_in_four_bits(tmp_path, capsys):
    bundled = Run.open(bundled_run_path())
    out = tmp_path / "small"
    assert main(["compress", str(bundled.path), "--int4", "--out", str(out)]) == 0
    small = Run.open(out)
    assert small.recipe() == bundled.recipe() and not small.has_text()
    assert len(small.metrics()) == len(bundled.metrics())
    assert small.weights_path().stat().st_size < 0.2 * 4 * small.load_model().num_parameters()
    assert "scenes that were held out of training" in capsys.readouterr().out
