"""The jobs of the lesson on lean models, on small runs: what they say is what is so."""

import math
from types import SimpleNamespace

import pytest
import torch

from gpt_core.compression.pruning import apply_masks, pruned_share, weight_masks
from gpt_core.compression.rounding import GRIDS, as_stored, nbytes, round_model
from gpt_core.evaluation.compared import compare, piece_bits
from gpt_core.evaluation.held_out import held_out
from gpt_core.experiments import four_numbers
from gpt_core.experiments.four_numbers import FEWEST, PROMPT, FourNumbers
from gpt_core.jobs import JobError, find_job
from gpt_core.jobs._lean import as_it_is
from gpt_core.jobs.lean_distillation import student_of
from gpt_core.jobs.lean_pruning import SHARES, Plan, plan
from gpt_core.model.config import GPTConfig
from gpt_core.model.shapes import shapes_of
from gpt_core.training.distill import Taught
from tests.helpers import tiny_model, write_run


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path, "0000000a", n_embd=64, n_layer=2, n_head=2)


def result(run, name, **settings):
    """The result of a job, whose progress goes up to its end."""
    steps = list(find_job(name)(run, settings))
    done = [step.done for step in steps]
    assert done == sorted(done) and steps[-1].done == steps[-1].total
    assert all(step.total == steps[-1].total for step in steps)
    return steps[-1].value


def test_switches(run):
    found = result(run, "lean_switches", texts=8)
    model, kinds = run.load_model(), found["kinds"]
    assert kinds["float32"]["bytes"] == 4 * model.num_parameters()
    assert kinds["bfloat16"]["bytes"] == 2 * model.num_parameters()
    for name, grid in GRIDS.items():
        assert kinds[name]["bytes"] == nbytes(as_stored(model, round_model(model, grid)))
    plain = kinds["float32"]
    assert plain["rise"] == [0, 0, 0]
    assert kinds["no KV cache"]["sample"] == plain["sample"]
    assert kinds["no KV cache"]["loss"] == plain["loss"]
    for cut in ("a quarter of the neurons", "a quarter of the heads"):
        assert kinds[cut]["bytes"] < plain["bytes"] == kinds["half of the weights"]["bytes"]
    assert kinds["half of the weights"]["rise"][0] != 0
    bits = kinds["int4 by GPTQ"]["loss"][0] - kinds["int4 in groups"]["loss"][0]
    assert found["gptq"][0] == pytest.approx(bits, abs=2e-5)
    assert len(found["errors"]) == 8
    for errors in found["errors"].values():
        assert errors["int8 per channel"][0] < errors["int4 in groups"][0]
        assert errors["int4 by GPTQ"][1] < errors["int4 in groups"][1]


def test_the_loss_of_a_switch_is_that_of_its_weights(run):
    from gpt_core.compression.layers import with_codes

    found = result(run, "lean_switches", texts=8)
    pieces, model = held_out(run, 8).pieces, run.load_model()
    small = with_codes(model, round_model(model, GRIDS["int4 in groups"]))
    wanted = compare(piece_bits(small, pieces), piece_bits(model, pieces), pieces)
    assert sum(piece.characters for piece in pieces) == found["characters"]
    assert found["kinds"]["int4 in groups"]["loss"][0] == pytest.approx(wanted.bits.value, abs=1e-4)
    assert found["kinds"]["int4 in groups"]["rise"][0] == pytest.approx(wanted.rise.value, abs=1e-4)


def test_pruning(run):
    found = result(run, "lean_pruning", texts=8, steps=20, seed=1, seconds=900)
    assert found["shares"] == [0, *SHARES] and set(found["curves"]) == {
        "weights",
        "neurons",
        "heads",
    }
    model, pieces = run.load_model(), held_out(run, 8).pieces
    masks = weight_masks(model, 0.5)
    point = found["curves"]["weights"][1 + SHARES.index(0.5)]
    assert point["gone"] == pytest.approx(pruned_share(model, masks), abs=1e-4)
    apply_masks(model, masks)
    characters = sum(piece.characters for piece in pieces)
    assert point["loss"][0] == pytest.approx(piece_bits(model, pieces).sum() / characters, abs=1e-4)
    for points in found["curves"].values():
        assert points[0]["rise"] == [0, 0, 0] and points[0]["gone"] == 0
        assert points[-1]["rise"][0] != 0 and points[-1]["gone"] > points[1]["gone"]
    size = found["plain"]["bytes"]
    assert size == 4 * model.num_parameters()
    for kind, healing in found["healing"].items():
        place = found["shares"].index(healing["share"])
        assert healing["before"] == found["curves"][kind][place]["rise"] != healing["rise"]
        assert healing["bytes"] == found["curves"][kind][place]["bytes"]
        for point in found["curves"][kind]:
            assert point["speed"][1] <= point["speed"][0] <= point["speed"][2] and point["rate"] > 0
            gone = 0 if kind == "weights" else round(point["gone"] * size)
            assert point["bytes"] == pytest.approx(size - gone, abs=1e-4 * size)
    assert len({point["sample"] for point in found["curves"]["weights"]}) > 1


def test_each_curve_is_there_once_it_is_whole_and_large_models_have_only_them(run, monkeypatch):
    settings = {"texts": 8, "steps": 20, "seed": 1, "seconds": 900}
    monkeypatch.setattr("gpt_core.jobs.lean_pruning.SHARES", (0.2, 0.3, 0.4))
    steps = find_job("lean_pruning")(run, settings)
    kinds = ("weights", "neurons", "heads")
    for number in (1, 2, 3):
        found = next(step.value for step in steps if step.value)
        assert tuple(found["curves"]) == kinds[:number] and not found["healing"]
        assert all(len(points) == 4 for points in found["curves"].values())
    monkeypatch.setattr("gpt_core.jobs.lean_pruning.MOST_FLOPS", 1e9)
    last = list(find_job("lean_pruning")(run, settings))[-1]
    assert last.done == last.total and not last.value["wanted"] and not last.value["healing"]
    assert len(last.value["curves"]["heads"]) == 4


def test_healing_is_shortened_until_it_fits():
    assert plan(100, 0.2, 2.0, 80, 3) == Plan(80, 3)  # 4 × (16 + 2) seconds
    assert plan(60, 0.2, 2.0, 80, 3) == Plan(40, 3)
    assert plan(30, 0.2, 2.0, 80, 3) == Plan(20, 3)
    assert plan(20, 0.2, 2.0, 80, 3) == Plan(20, 2)
    assert plan(60, 0.2, 2.0, 40, 3) == Plan(40, 3)
    assert plan(5, 0.2, 2.0, 80, 3) == plan(-5, 0.2, 2.0, 80, 3) == Plan(0, 0)


def test_where_time_is_short_fewer_kinds_are_healed_and_the_rest_is_named(run, monkeypatch):
    monkeypatch.setattr("gpt_core.jobs.lean_pruning.SHARES", (0.2, 0.3, 0.4))
    monkeypatch.setattr("gpt_core.jobs.lean_pruning.plan", lambda *_: Plan(20, 1))
    found = result(run, "lean_pruning", texts=8, steps=40, seed=1, seconds=60)
    assert (found["steps"], found["wanted"], found["seconds"]) == (20, 40, 60)
    assert [*found["healing"]] == ["weights"] and found["left_out"] == ["neurons", "heads"]


def test_a_model_whose_curves_take_too_long_is_refused_at_once(run, monkeypatch):
    monkeypatch.setattr("gpt_core.jobs.lean_pruning.MOST_SECONDS", 0.0)
    with pytest.raises(JobError, match="too large to prune here"):
        settings = {"texts": 8, "steps": 20, "seed": 1, "seconds": 900}
        next(find_job("lean_pruning")(run, settings))


def test_heads_are_scored_on_text_that_the_run_learned_from(run):
    from gpt_core.evaluation.seen import calibration
    from gpt_core.jobs._lean import HEAD_TEXTS, cuts_of, head_scores

    model = run.load_model()
    scores = head_scores(model, calibration(run, batches=1)[0][:HEAD_TEXTS].tolist())
    masks, proj = cuts_of(run, model)["heads"](0.25), "blocks.{}.attn.proj.weight"
    width = model.config.head_dim
    gone = [
        (layer, head)
        for layer in range(2)
        for head in range(2)
        if not masks[proj.format(layer)][:, head * width : (head + 1) * width].any()
    ]
    assert gone == [divmod(int(scores.argmin()), 2)]


def test_a_large_model_writes_fewer_tokens_and_says_how_long_it_takes(run, monkeypatch):
    # What one token takes is measured for each; on a busy machine that is never the same twice.
    pace = SimpleNamespace(typical=lambda way: 0.02 * FEWEST)
    monkeypatch.setattr(four_numbers, "take_turns", lambda *ways: pace)
    pieces, model = held_out(run, 8).pieces, run.load_model()
    calm, hurried = (FourNumbers(run, model, pieces, 10, seconds) for seconds in (1e6, 0.0))
    assert calm.written == 32 - PROMPT and hurried.written == FEWEST
    assert 0 < hurried.seconds < calm.seconds


def test_a_context_of_twice_the_prompt_is_written_full(tmp_path):
    run = write_run(tmp_path, "0000000c", block_size=2 * PROMPT)
    measure = FourNumbers(run, run.load_model(), held_out(run, 8).pieces)
    assert measure.written == PROMPT
    found = measure.of(as_it_is(run.load_model()))
    assert found["rise"] == [0, 0, 0] and found["rate"] > 0 and found["sample"]


def test_what_was_pruned_stays_zero_while_it_heals(run):
    from gpt_core.jobs.lean_pruning import _healed, _training

    model = run.load_model()
    masks = weight_masks(model, 0.7)
    steps = list(_healed(run, model, masks, _training(run, 5, 1), (0, 5, 5)))
    assert len(steps) == 5
    for name, mask in masks.items():
        assert (model.get_parameter(name)[mask == 0] == 0).all()
        assert not torch.equal(
            model.get_parameter(name), run.load_model().get_parameter(name) * mask
        )


def test_the_cache_is_timed_at_places_up_to_the_context(run):
    found = result(run, "lean_cache")
    assert found["positions"][0] == 1 and found["positions"][-1] == 32
    assert len(found["cached"]) == len(found["again"]) == len(found["positions"])
    assert found["bytes"] == 2 * 2 * 64 * 4 and found["full"] == 32 * found["bytes"]


def test_training_steps(run, monkeypatch):
    monkeypatch.setattr("gpt_core.jobs.lean_training.TOKENS", 512)
    monkeypatch.setattr("gpt_core.jobs.lean_training.large_model", lambda: tiny_model(n_embd=64))
    found = result(run, "lean_training")
    batch, model = found["batch"], run.load_model()
    assert batch == [16, 32]
    assert found["ways"]["parts"]["kept"][1] < 0.3 * found["ways"]["parts"]["kept"][0]
    assert found["ways"]["checkpoint"]["kept"][1] < found["ways"]["checkpoint"]["kept"][0]
    taken = found["taken"]
    assert taken["weights"] == taken["gradients"] == taken["optimizer"] / 2
    assert taken["weights"] == 4 * model.num_parameters()
    assert [wait["name"] for wait in found["waits"]["this"]][0] == "float32"
    assert found["flops"] > 1e6 and math.isfinite(found["bandwidth"])


def test_students(run, monkeypatch):
    monkeypatch.setattr("gpt_core.jobs.lean_distillation.SECONDS", (0.2,))
    found = result(run, "lean_distillation", seconds=0.2)
    assert len(found["losses"]["text"]) == len(found["losses"]["teacher"]) == 3
    assert len(set(found["losses"]["text"] + found["losses"]["teacher"])) == 6
    assert found["steps"]["text"] >= found["steps"]["teacher"] >= 1
    assert found["kinds"]["text"]["bytes"] == 4 * found["student"]["parameters"]
    assert found["kinds"]["plain"]["rise"] == [0, 0, 0]
    for way, losses in found["losses"].items():
        kind = found["kinds"][way]
        assert kind["loss"][0] == pytest.approx(losses[0], abs=1e-5)
        assert kind["rise"][0] == pytest.approx(losses[0] - found["teacher"]["loss"][0], abs=3e-5)
        assert kind["rate"] > 0 and kind["sample"]


def test_a_student_is_a_quarter_of_its_teacher():
    config = GPTConfig(2048, block_size=384, n_layer=4, n_head=4, n_embd=128)
    student = student_of(config)
    sizes = [shapes_of(c).num_parameters() for c in (student, config)]
    assert 0.2 < sizes[0] / sizes[1] < 0.3
    assert student.head_dim == config.head_dim and student.block_size == 128


@pytest.mark.parametrize("context", [8, 512])
def test_where_no_smaller_design_exists_there_is_no_student(context):
    single = GPTConfig(10, block_size=context, n_layer=1, n_head=1, n_embd=4)
    with pytest.raises(JobError, match="no smaller one has its design"):
        student_of(single)


def test_a_taught_student_is_drawn_to_its_teacher(run):
    from dataclasses import replace

    from gpt_core.evaluation.seen import seen_tokens
    from gpt_core.model.gpt import GPT
    from gpt_core.training.config import TrainConfig

    teacher = run.load_model().requires_grad_(False)
    torch.manual_seed(5)
    student = GPT(replace(teacher.config, dropout=0.0))
    config = TrainConfig(steps=30, batch_size=4, eval_interval=1000, eval_batches=1, warmup_steps=0)
    tokens = seen_tokens(run)
    idx = torch.from_numpy(tokens.train[:32].astype("int64"))[None]

    def apart():
        with torch.no_grad():
            own, said = (m(idx)[0].log_softmax(-1) for m in (student, teacher))
        return float((said.exp() * (said - own)).sum(-1).mean())

    before = apart()
    for _ in Taught(student, tokens, config, teacher, share=1.0):
        pass
    assert apart() < 0.8 * before


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("lean_switches", {"texts": 1}),
        ("lean_pruning", {"texts": 8, "steps": 7, "seed": 1, "seconds": 900}),
        ("lean_pruning", {"texts": 8, "steps": 20, "seed": 1, "seconds": 5}),
        ("lean_pruning", {"texts": 8, "steps": 20, "seed": -1, "seconds": 900}),
        ("lean_distillation", {"seconds": 9999}),
    ],
)
def test_settings_out_of_bounds(run, name, settings):
    with pytest.raises(JobError):
        list(find_job(name)(run, settings))


@pytest.mark.parametrize(
    "name", ["lean_switches", "lean_pruning", "lean_cache", "lean_distillation"]
)
def test_a_model_that_looks_ahead(tmp_path, name):
    run = write_run(tmp_path, "0000000b", causal=False)
    with pytest.raises(JobError, match="looks ahead"):
        list(find_job(name)(run, {"texts": 8, "seconds": 5, "steps": 20, "seed": 1}))
