import json
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from gpt_core.experiments.one_step import (
    FACTORS,
    OPTIMIZERS,
    Report,
    one_step,
    private_copy,
    recipe,
)
from gpt_core.jobs import JobError
from gpt_core.jobs.one_step import one_step as one_step_job
from gpt_core.jobs.too_large_step import too_large_step
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import find_hook_points, record
from gpt_core.model.weights import weights
from gpt_core.training.config import TrainConfig
from gpt_core.training.optim import orthogonalize
from gpt_core.training.run import Run
from tests.helpers import tiny_model, write_run

IDS, OTHER = (1, 5, 2, 9, 3, 3, 7), (4, 4, 8, 1)
X, Y = torch.tensor([IDS[:-1]]), torch.tensor([IDS[1:]])
SMALL = {"vocab_size": 11, "block_size": 16, "n_layer": 2, "n_head": 2, "n_embd": 16}


def make(**config):
    return tiny_model(**{"block_size": 16} | config).requires_grad_(False)


@pytest.fixture
def model():
    return make()


def settings(optimizer, **more):
    return replace(TrainConfig.from_preset("classic"), optimizer=optimizer, **more)


def grads(model):
    """Autograd on another copy of the model."""
    twin = GPT(model.config)
    twin.load_state_dict(model.state_dict())
    logits, _ = twin.eval()(X)
    F.cross_entropy(logits[0], Y[0]).backward()
    return twin


def by_place(report):
    return {(part.layer, part.kind): part for part in report.parts}


def test_the_shared_model_stays_as_it_was_bit_for_bit(model):
    before = {name: tensor.clone() for name, tensor in weights(model).items()}
    for optimizer in OPTIMIZERS:
        one_step(model, IDS, OTHER, settings(optimizer))
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(model).items())
    assert not model.training
    assert all(p.grad is None and not p.requires_grad for p in model.parameters())
    own = private_copy(model)
    assert not {p.data_ptr() for p in own.parameters()} & {p.data_ptr() for p in model.parameters()}


def test_a_copy_taken_while_others_watch_is_watched_by_nobody(model):
    with record(model) as tensors:
        own = private_copy(model)
        own(X)
    assert not tensors
    assert not any(point.hooked for point in find_hook_points(own).values())


def test_gradients_are_autograds(model):
    twin, report = grads(model), one_step(model, IDS, OTHER, settings("adamw"))
    parts, C = by_place(report), SMALL["n_embd"]
    attn, mlp = twin.blocks[1].attn, twin.blocks[1].mlp
    expected = {
        (None, "token vectors"): [twin.wte.weight],
        (None, "positions"): [twin.wpe.weight],
        (1, "attention output"): [attn.proj.weight, attn.proj.bias],
        (1, "MLP up"): [mlp.up.weight, mlp.up.bias],
        (1, "MLP down"): [mlp.down.weight, mlp.down.bias],
        (1, "norms"): [*twin.blocks[1].norm1.parameters(), *twin.blocks[1].norm2.parameters()],
        (None, "last norm"): list(twin.norm_f.parameters()),
    }
    for place, params in expected.items():
        joined = torch.cat([p.grad.flatten() for p in params])
        assert parts[place].gradient == pytest.approx(joined.norm().item(), rel=1e-5)
        assert parts[place].count == len(joined)
        held = torch.cat([p.detach().flatten() for p in params])
        assert parts[place].weight == pytest.approx(held.norm().item(), rel=1e-5)
    for kind, rows in {"Q": slice(C), "K": slice(C, 2 * C), "V": slice(2 * C, 3 * C)}.items():
        joined = torch.cat((attn.qkv.weight.grad[rows].flatten(), attn.qkv.bias.grad[rows]))
        assert parts[1, kind].gradient == pytest.approx(joined.norm().item(), rel=1e-5)
    assert sum(part.count for part in report.parts) == model.num_parameters()


def test_the_adamw_step_is_pytorchs(model):
    config = settings("adamw", learning_rate=0.01, weight_decay=0.1)
    report, twin = one_step(model, IDS, OTHER, config), grads(model)
    matrices = [p for p in twin.parameters() if p.dim() >= 2]
    vectors = [p for p in twin.parameters() if p.dim() < 2]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    old = {name: p.detach().clone() for name, p in twin.named_parameters()}
    betas = (config.beta1, config.beta2)
    torch.optim.AdamW(groups, lr=0.01, betas=betas, eps=1e-8, weight_decay=0.1).step()
    with torch.no_grad():
        logits, loss = twin(X, Y)
    after = report.at(1.0)
    assert after.loss == pytest.approx(loss.item(), rel=1e-5)
    right = logits[0].softmax(-1)[range(6), Y[0]]
    assert report.place == 1 + int(report.at(0.0).right.argmin())
    torch.testing.assert_close(after.right, right, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(
        after.candidates, logits[0, report.place - 1].softmax(-1), rtol=1e-4, atol=1e-6
    )
    move = torch.cat(
        [
            (twin.blocks[0].mlp.down.weight - old["blocks.0.mlp.down.weight"]).flatten(),
            twin.blocks[0].mlp.down.bias - old["blocks.0.mlp.down.bias"],
        ]
    )
    part = by_place(report)[0, "MLP down"]
    assert part.move == pytest.approx(move.norm().item(), rel=1e-4)


def test_update_ratios_by_hand():
    model = make(tie_weights=False)
    report, twin = one_step(model, IDS, OTHER, settings("muon", learning_rate=0.02)), grads(model)
    parts = by_place(report)
    # Muon's first move is the learning rate times a matrix with singular values near 1; a tall
    # matrix moves √(rows / columns) = 2 times as far.
    grad = twin.blocks[0].mlp.up.weight.grad
    mean = grad * (1 - settings("muon").momentum)
    mixed = grad.lerp(mean, settings("muon").momentum)
    move = 0.02 * 2 * orthogonalize(mixed.T[None], 5)[0]
    bias = twin.blocks[0].mlp.up.bias
    head_lr = settings("muon").head_lr  # the bias moves by Adam: its rate, up or down
    length = math.hypot(move.norm().item(), head_lr * math.sqrt(len(bias)))
    decay = 0.02 * 0.1 * model.blocks[0].mlp.up.weight.norm().item()
    assert parts[0, "MLP up"].move == pytest.approx(length, abs=decay + 0.002)
    table = parts[None, "output table"]
    changed = head_lr * math.sqrt((twin.lm_head.weight.grad.abs() > 1e-6).sum().item())
    assert table.move == pytest.approx(changed, rel=0.01)
    assert table.move / table.weight == pytest.approx(
        changed / model.lm_head.weight.norm().item(), rel=0.01
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"tie_weights": False, "position": "rope", "qk_norm": True, "activation": "relu2"},
        {"norm": "batchnorm", "norm_position": "post", "dropout": 0.5},
        {"norm": "none", "bias": False, "position": "none", "activation": "swiglu"},
        {"ngrams": 3, "ngram_rows": 40},
    ],
    ids=str,
)
def test_a_small_step_changes_the_loss_as_its_slope_says(optimizer, config):
    model = make(**config)
    report = one_step(model, IDS, OTHER, settings(optimizer, ngram_lr=1e-3))
    before, small = report.at(0.0), report.at(0.01)
    assert before.loss == pytest.approx(model(X, Y)[1].item(), rel=1e-5)
    other = torch.tensor([OTHER])
    known = model(other[:, :-1], other[:, 1:])[1].item()
    assert before.elsewhere == pytest.approx(known, rel=1e-5)
    assert report.slope < 0
    assert small.loss - before.loss == pytest.approx(0.01 * report.slope, rel=0.1, abs=2e-5)
    assert [o.factor for o in report.outcomes] == [0.0, *FACTORS]
    torch.testing.assert_close(
        before.pattern.float().sum(-1), torch.ones(2, 2, 6), atol=0.01, rtol=0
    )


def test_one_token_is_refused(model):
    with pytest.raises(ValueError, match="at least two"):
        one_step(model, (1,), OTHER, settings("adamw"))


def test_a_report_survives_json(model):
    report = one_step(model, IDS, OTHER, settings("adamw"))
    plain = json.loads(json.dumps(report.to_plain(top=11), allow_nan=False))
    again = Report.from_plain(plain, 11)
    assert again.parts == report.parts and again.slope == report.slope
    layer, head = report.moved_most()
    assert again.only_head == (layer, head) and again.place == report.place
    for old, new in zip(report.outcomes, again.outcomes, strict=True):
        assert (new.factor, new.loss, new.elsewhere) == (old.factor, old.loss, old.elsewhere)
        torch.testing.assert_close(new.candidates, old.candidates, atol=1e-4, rtol=0)
        torch.testing.assert_close(new.right, old.right, atol=1e-4, rtol=0)
        theirs = old.pattern[layer, head].float()
        torch.testing.assert_close(new.pattern[0, 0], theirs, atol=1e-3, rtol=0)


def test_the_head_that_moves_most_is_found(model):
    report = one_step(model, IDS, OTHER, settings("adamw"))
    outcomes = tuple(
        replace(o, pattern=o.pattern.clone().index_put_((torch.tensor(1), torch.tensor(0)), f))
        for o, f in zip(report.outcomes, torch.arange(14.0).half(), strict=True)
    )
    assert replace(report, outcomes=outcomes).moved_most() == (1, 0)


def test_a_recipe_is_the_runs_own_or_a_presets():
    own = settings("adamw", learning_rate=0.123)
    assert recipe(own, "adamw") is own
    assert recipe(own, "muon") == TrainConfig.from_preset("modern")


SENTENCES = {"sentence": "OTTO: It was wet.", "other": "NADIA: Who?", "optimizer": "adamw"}


def test_the_job_gives_the_same_report(tmp_path):
    run = write_run(tmp_path, "0000000a")
    *_, last = one_step_job(run, dict(SENTENCES))
    tokens = [[t.id for t in run.tokenizer().tokenize(SENTENCES[n])] for n in ("sentence", "other")]
    report = one_step(run.load_model(), *tokens, recipe(run.train_config, "adamw"))
    assert last.done == last.total and last.value == report.to_plain()


@pytest.mark.parametrize(
    "wrong",
    [
        {"sentence": "x"},
        {"sentence": ""},
        {"other": 5},
        {"sentence": "ab" * 2000},
        {"optimizer": "sgd"},
        {"factor": 7.0},
        {"steps": 1000},
    ],
    ids=str,
)
def test_a_job_refuses_nonsense(tmp_path, wrong):
    run = write_run(tmp_path, "0000000a")
    with pytest.raises(JobError):
        next(too_large_step(run, SENTENCES | {"factor": 10.0, "steps": 2} | wrong))


def test_without_norms_far_too_large_steps_end_in_numbers_that_are_none(tmp_path):
    run = write_run(tmp_path, "0000000a", norm="none", activation="relu2", n_layer=4)
    wanted = SENTENCES | {"factor": 1000.0, "steps": 20}
    said = [json.loads(json.dumps(p.value, allow_nan=False)) for p in too_large_step(run, wanted)]
    steps = said[-1]["steps"]
    assert steps[0]["loss"] is not None
    assert steps[-1]["loss"] is None and steps[-1]["not_finite"] and steps[-1]["broken"]
    assert len(steps) < 21  # it ended when the loss was no number
    first = next(step for step in steps if step["broken"])
    assert first["after"] is None or first["after"] > 10 * first["before"]


def test_steps_of_a_usual_size_break_nothing(tmp_path):
    run = write_run(tmp_path, "0000000a")
    *_, last = too_large_step(run, SENTENCES | {"factor": 1.0, "steps": 5})
    steps = last.value["steps"]
    assert (last.done, last.total, len(steps)) == (5, 5, 6)
    assert steps[-1]["loss"] < steps[0]["loss"]
    assert not any(step["broken"] for step in steps)
    assert Run.open(run.path).load_model().config == run.model_config
