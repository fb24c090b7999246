import math

import pytest
import torch
from torch import nn

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.training.config import TrainConfig
from gpt_core.training.optim import (
    AdamW,
    Muon,
    RowAdam,
    clip_gradients,
    lr_factor,
    make_optimizer,
    orthogonalize,
)


def parameters(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def gradients(params, seed):
    generator = torch.Generator().manual_seed(seed)
    for param in params:
        param.grad = torch.randn(param.shape, generator=generator)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_adamw_equals_torch(weight_decay):
    shapes = [(5, 3), (7,), (2, 3, 4)]
    ours, theirs = parameters(*shapes), parameters(*shapes)
    rule = AdamW(ours, learning_rate=0.01, beta1=0.8, beta2=0.95, weight_decay=weight_decay)
    reference = torch.optim.AdamW(theirs, lr=0.01, betas=(0.8, 0.95), weight_decay=weight_decay)
    for step in range(20):
        factor = 1 / (step + 1)
        reference.param_groups[0]["lr"] = 0.01 * factor
        gradients(ours, step), gradients(theirs, step)
        rule.step(step, factor)
        reference.step()
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, other, atol=1e-6, rtol=1e-5)


def rows_read(table, step):
    """Let a backward pass go through five rows, one of them twice; return those."""
    generator = torch.Generator().manual_seed(step)
    rows = torch.randint(30, (4,), generator=generator)
    rows = torch.cat((rows, rows[:1]))
    table.grad = None
    read = nn.functional.embedding(rows, table, sparse=True)
    (read * torch.randn(5, 3, generator=generator)).sum().backward()
    return rows


def test_row_adam_equals_torch_and_leaves_other_rows_alone():
    (ours,), (theirs,) = parameters((30, 3)), parameters((30, 3))
    rule = RowAdam(ours, learning_rate=0.01, beta1=0.8, beta2=0.95)
    reference = torch.optim.SparseAdam([theirs], lr=0.01, betas=(0.8, 0.95))
    for step in range(20):
        factor, before = 1 / (step + 1), ours.detach().clone()
        reference.param_groups[0]["lr"] = 0.01 * factor
        rows = rows_read(ours, step)
        rows_read(theirs, step)
        rule.step(step, factor)
        reference.step()
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)
        moved = (ours != before).any(dim=1)
        assert moved.nonzero().flatten().tolist() == rows.unique().tolist()


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_runs_of_tokens_have_a_rule_and_a_rate_of_their_own(optimizer):
    model = GPT(GPTConfig(11, n_layer=1, n_head=2, n_embd=16, ngrams=3, ngram_rows=5))
    config = TrainConfig(optimizer=optimizer, ngram_lr=0.3)
    rule = make_optimizer(model, config).rules["runs"]
    assert rule.table is model.ngrams.table.weight and rule.learning_rate == 0.3


def test_the_norm_of_gradients_counts_rows_that_occur_twice_once():
    (table, dense), exact = parameters((30, 3), (2, 2)), parameters((30, 3))[0]
    rows_read(table, 1)
    dense.grad, exact.grad = torch.ones(2, 2), table.grad.to_dense()
    expected = math.sqrt(exact.grad.square().sum() + 4)
    table.grad = table.grad.coalesce()
    assert clip_gradients([table, dense], 0.5) == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(
        table.grad.to_dense(), exact.grad * 0.5 / expected, rtol=1e-4, atol=0
    )


@pytest.mark.parametrize(("iterations", "error"), [(3, 0.28), (4, 0.02), (6, 0.001)])
@pytest.mark.parametrize(("rows", "cols"), [(8, 8), (8, 32), (32, 128)])
def test_orthogonalize_keeps_singular_vectors_and_levels_singular_values(
    rows, cols, iterations, error
):
    matrices = torch.randn(3, rows, cols, generator=torch.Generator().manual_seed(0))
    result = orthogonalize(matrices, iterations)
    for matrix, flat in zip(matrices, result, strict=True):
        u, s, vt = torch.linalg.svd(matrix, full_matrices=False)
        in_its_basis = u.T @ flat @ vt.T
        values = in_its_basis.diagonal()
        torch.testing.assert_close(in_its_basis, torch.diag(values), atol=1e-3, rtol=0)
        shown = s / s.norm() > 0.01
        assert shown.sum() >= rows - 1
        assert ((values[shown] - 1).abs() < error).all() and (values < 1 + error).all()


def test_muon_moves_along_the_orthogonalized_average():
    (matrix,) = parameters((16, 16))
    start = matrix.detach().clone()
    rule = Muon({"w": matrix}, learning_rate=0.1, momentum=0.5, iterations=5)
    gradients([matrix], 1)
    first = matrix.grad.clone()
    rule.step(0, 1.0)
    # The average after one step is g / 2, and looking ahead mixes it with g: all along g.
    torch.testing.assert_close(matrix, start - 0.1 * orthogonalize(first[None])[0])
    after = matrix.detach().clone()
    gradients([matrix], 2)
    second = matrix.grad.clone()
    rule.step(1, 0.5)
    mean = 0.5 * (0.5 * first) + 0.5 * second
    ahead = 0.5 * mean + 0.5 * second
    expected = after - 0.05 * orthogonalize(ahead[None])[0]
    torch.testing.assert_close(matrix, expected, atol=1e-5, rtol=1e-4)


def test_muon_handles_tall_matrices_and_qkv_apart():
    tall, wide, qkv = parameters((32, 8), (8, 32), (24, 8))
    named = {"up.weight": tall, "down.weight": wide, "attn.qkv.weight": qkv}
    before = [p.detach().clone() for p in named.values()]
    rule = Muon(named, learning_rate=1.0, momentum=0.0)
    gradients(list(named.values()), 3)
    rule.step(0, 1.0)
    moved = [old - new for old, new in zip(before, named.values(), strict=True)]
    expected = 2.0 * orthogonalize(tall.grad.T[None])[0].T  # √(32 / 8)
    torch.testing.assert_close(moved[0], expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(moved[1], orthogonalize(wide.grad[None])[0], atol=1e-5, rtol=1e-4)
    thirds = orthogonalize(qkv.grad.view(3, 8, 8)).view(24, 8)
    torch.testing.assert_close(moved[2], thirds, atol=1e-5, rtol=1e-4)
    assert set(rule.state_dict()) == {"mean.8x32", "mean.8x8"}


def names_of(model, params):
    names = {id(p): n for n, p in model.named_parameters()}
    return {names[id(p)] for p in params}


def test_adamw_decays_matrices_only():
    model = GPT(GPTConfig(vocab_size=11, n_layer=1, n_embd=32))
    rules = make_optimizer(model, TrainConfig(weight_decay=0.1)).rules
    vectors = {n for n, p in model.named_parameters() if p.dim() == 1}
    assert names_of(model, rules["vectors"].params) == vectors
    assert rules["vectors"].weight_decay == 0 and rules["matrices"].weight_decay == 0.1
    everything = {n for n, _ in model.named_parameters()}
    assert names_of(model, rules["matrices"].params) == everything - vectors


@pytest.mark.parametrize("preset", ["classic", "modern"])
def test_muon_gets_hidden_matrices_and_every_parameter_has_one_rule(preset):
    model = GPT(GPTConfig.from_preset(preset, vocab_size=11, n_layer=2, n_embd=32))
    rules = make_optimizer(model, TrainConfig(optimizer="muon")).rules
    hidden = {p for stack in rules["hidden"].stacks.values() for p, _, _ in stack}
    assert names_of(model, hidden) == {
        f"blocks.{i}.{part}.weight"
        for i in range(2)
        for part in ("attn.qkv", "attn.proj", "mlp.up", "mlp.down")
    }
    adam = [p for name in ("embeddings", "head") for p in rules[name].params]
    assert len(adam) + len(hidden) == len(list(model.parameters()))
    assert rules["embeddings"].learning_rate == 0.1 and rules["head"].learning_rate == 0.02


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_state_goes_there_and_back(optimizer):
    def trained(steps):
        torch.manual_seed(0)
        model = GPT(GPTConfig(vocab_size=11, n_layer=1, n_embd=32))
        rules = make_optimizer(model, TrainConfig(optimizer=optimizer))
        for step in range(steps):
            gradients(list(model.parameters()), step)
            rules.step(step, 1.0)
        return model, rules

    model, rules = trained(3)
    fresh, other = trained(0)
    fresh.load_state_dict(model.state_dict())
    other.load_state_dict({name: tensor.clone() for name, tensor in rules.state_dict().items()})
    for m, r in ((model, rules), (fresh, other)):
        gradients(list(m.parameters()), 9)
        r.step(3, 1.0)
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), fresh.parameters(), strict=True)
    )
    wrong = {name: tensor[:1] for name, tensor in rules.state_dict().items()}
    with pytest.raises(ValueError, match="has shape"):
        other.load_state_dict(wrong)


def test_cosine_by_hand():
    config = TrainConfig(steps=110, warmup_steps=10, min_lr_ratio=0.1, schedule="cosine")
    assert lr_factor(0, config) == pytest.approx(1 / 11)
    assert lr_factor(9, config) == pytest.approx(10 / 11)
    assert lr_factor(10, config) == 1.0
    assert lr_factor(35, config) == pytest.approx(0.1 + 0.9 * (0.5 + 0.5 * math.sqrt(0.5)))
    assert lr_factor(60, config) == pytest.approx(0.55)
    assert lr_factor(110, config) == pytest.approx(0.1)


def test_linear_and_constant_by_hand():
    linear = TrainConfig(steps=100, warmup_steps=0, schedule="linear", min_lr_ratio=0.0)
    assert [lr_factor(s, linear) for s in (0, 25, 50, 100)] == [1.0, 0.75, 0.5, 0.0]
    late = TrainConfig(steps=100, warmup_steps=0, schedule="linear", min_lr_ratio=0.2, cooldown=0.4)
    assert [lr_factor(s, late) for s in (0, 60)] == [1.0, 1.0]
    assert lr_factor(80, late) == pytest.approx(0.6)
    assert lr_factor(100, late) == pytest.approx(0.2)
    constant = TrainConfig(steps=100, warmup_steps=4, schedule="constant")
    assert [lr_factor(s, constant) for s in (0, 3, 4, 99)] == [0.2, 0.8, 1.0, 1.0]


def test_clipping_by_hand():
    params = parameters((2,), (1,))
    params[0].grad, params[1].grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
    assert clip_gradients(params, 0.0) == pytest.approx(5.0)
    assert clip_gradients(params, 10.0) == pytest.approx(5.0)
    assert params[1].grad.item() == 4.0
    assert clip_gradients(params, 1.0) == pytest.approx(5.0)
    assert params[0].grad.tolist() == pytest.approx([0.6, 0.0])
    assert params[1].grad.tolist() == pytest.approx([0.8])
