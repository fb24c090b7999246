"""How weights move: AdamW, Muon, the learning rate's schedule, and gradient clipping.

Each rule keeps its memory in a few large tensors, so that a step is a few large operations instead
of many small ones. A CPU then spends its time on arithmetic, not on dispatch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from gpt_core.model.gpt import GPT
    from gpt_core.training.config import TrainConfig


class Rule(Protocol):
    """One way to turn gradients into a change of some parameters."""

    def step(self, step: int, factor: float) -> None:
        """Change the parameters; `step` counts from 0, `factor` scales the learning rate."""

    def state_dict(self) -> dict[str, Tensor]:
        """The rule's memory, by name; the tensors themselves, not copies."""


def gradient(param: nn.Parameter) -> Tensor:
    """What a backward pass left. Raises ValueError when there was none."""
    if param.grad is None:
        raise ValueError("A parameter has no gradient yet; call backward() first.")
    return param.grad


def numbers(grad: Tensor) -> Tensor:
    """The numbers of a gradient: of one that names only rows that occur, those rows (n, C)."""
    return grad.coalesce().values() if grad.is_sparse else grad


class AdamW:
    """Each weight moves by its average gradient over that gradient's usual size.

    Loshchilov & Hutter 2019, algorithm 2 (Adam with decoupled weight decay).
    """

    def __init__(
        self,
        params: list[nn.Parameter],
        *,
        learning_rate: float,
        beta1: float = 0.9,
        beta2: float = 0.99,
        weight_decay: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        self.params = params
        self.sizes = [p.numel() for p in params]
        self.learning_rate, self.beta1, self.beta2 = learning_rate, beta1, beta2
        self.weight_decay, self.eps = weight_decay, eps
        self.mean = torch.zeros(sum(self.sizes), device=params[0].device)
        self.square = torch.zeros_like(self.mean)

    @torch.no_grad()
    def step(self, step: int, factor: float) -> None:
        """Move every parameter once; see `Rule`."""
        lr, t = self.learning_rate * factor, step + 1
        grad = torch.cat([gradient(p).flatten() for p in self.params])
        self.mean.lerp_(grad, 1 - self.beta1)
        self.square.mul_(self.beta2).addcmul_(grad, grad, value=1 - self.beta2)
        # Both averages start at zero; dividing by 1 - βᵗ takes that out (Kingma & Ba 2015, 3).
        size = (self.square / (1 - self.beta2**t)).sqrt_().add_(self.eps)
        move = (self.mean / size).mul_(lr / (1 - self.beta1**t))
        for p, change in zip(self.params, move.split(self.sizes), strict=True):
            if self.weight_decay:
                p.mul_(1 - lr * self.weight_decay)
            p.sub_(change.view_as(p))

    def state_dict(self) -> dict[str, Tensor]:
        """The running averages of the gradient and of its square."""
        return {"mean": self.mean, "square": self.square}


class RowAdam:
    """Adam for a table of which a step reads few rows: those move, and no other is even looked at.

    Kingma & Ba 2015, algorithm 1, "lazily": the averages of a row rest while it isn't read, as in
    torch.optim.SparseAdam. The table's gradient has to be sparse.
    """

    def __init__(
        self,
        table: nn.Parameter,
        *,
        learning_rate: float,
        beta1: float = 0.9,
        beta2: float = 0.99,
        eps: float = 1e-8,
    ) -> None:
        self.table = table
        self.learning_rate, self.beta1, self.beta2, self.eps = learning_rate, beta1, beta2, eps
        self.mean, self.square = torch.zeros_like(table), torch.zeros_like(table)

    @torch.no_grad()
    def step(self, step: int, factor: float) -> None:
        """Move the rows that the last backward pass went through; see `Rule`."""
        t, sparse = step + 1, gradient(self.table).coalesce()
        rows, grad = sparse.indices()[0], sparse.values()  # (n,), (n, C): each row once
        # index_select and index_copy_ take a fraction of the time of self.mean[rows].
        mean = self.mean.index_select(0, rows).lerp_(grad, 1 - self.beta1)
        square = self.square.index_select(0, rows).mul_(self.beta2)
        square.addcmul_(grad, grad, value=1 - self.beta2)
        self.mean.index_copy_(0, rows, mean)
        self.square.index_copy_(0, rows, square)
        size = square.div_(1 - self.beta2**t).sqrt_().add_(self.eps)
        lr = self.learning_rate * factor / (1 - self.beta1**t)
        self.table.index_add_(0, rows, mean.div_(size), alpha=-lr)

    def state_dict(self) -> dict[str, Tensor]:
        """The running averages of the gradient and of its square, of every row."""
        return {"mean": self.mean, "square": self.square}


class Muon:
    """Each matrix moves by its averaged gradient with all singular values made about equal.

    Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". Directions that
    a gradient hardly shows count as much as those that it shouts. Only for matrices between
    hidden layers; embeddings, the output layer and vectors are better off with Adam.

    Matrices of one shape are stacked and handled together. `qkv` holds three matrices, and a tall
    matrix is handled as its wide transpose.
    """

    def __init__(
        self,
        named_params: dict[str, nn.Parameter],
        *,
        learning_rate: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        iterations: int = 5,
    ) -> None:
        self.learning_rate, self.momentum = learning_rate, momentum
        self.weight_decay, self.iterations = weight_decay, iterations
        self.stacks: dict[tuple[int, int], list[tuple[nn.Parameter, int, int]]] = {}
        for name, param in named_params.items():
            parts = 3 if name.endswith("qkv.weight") else 1
            rows, cols = param.shape[0] // parts, param.shape[1]
            shape = (min(rows, cols), max(rows, cols))
            self.stacks.setdefault(shape, []).extend((param, parts, i) for i in range(parts))
        device = next(iter(named_params.values())).device
        self.mean = {
            shape: torch.zeros(len(stack), *shape, device=device)
            for shape, stack in self.stacks.items()
        }

    @torch.no_grad()
    def step(self, step: int, factor: float) -> None:
        """Move every matrix once; see `Rule`."""
        lr = self.learning_rate * factor
        for shape, stack in self.stacks.items():
            grad = torch.stack([_matrix(gradient(p), parts, i) for p, parts, i in stack])
            mean = self.mean[shape].lerp_(grad, 1 - self.momentum)
            moves = orthogonalize(grad.lerp_(mean, self.momentum), self.iterations)
            for (param, parts, i), move in zip(stack, moves, strict=True):
                # A tall matrix has larger outputs to change: √(rows / columns).
                tall = math.sqrt(max(1.0, param.shape[0] / parts / param.shape[1]))
                matrix = _matrix(param, parts, i).mul_(1 - lr * self.weight_decay)
                matrix.sub_(move, alpha=lr * tall)

    def state_dict(self) -> dict[str, Tensor]:
        """The running average of the gradients of each stack of matrices."""
        return {f"mean.{rows}x{cols}": mean for (rows, cols), mean in self.mean.items()}


def _matrix(tensor: Tensor, parts: int, i: int) -> Tensor:
    """Part i of a parameter (or its gradient), as a wide matrix: a view, never a copy."""
    part = tensor.chunk(parts)[i]
    return part.T if part.shape[0] > part.shape[1] else part


# One (a, b, c) a pass: the polynomial a·s + b·s³ + c·s⁵ that brings all singular values s between
# 0.01 and 1 closest to 1, given the passes before it (Amsel et al. 2025, "The Polar Express").
# From the last one on they are the limit of Newton and Schulz.
QUINTICS = (
    (8.0934, -23.6204, 17.4462),
    (3.6366, -2.7219, 0.5365),
    (2.6613, -1.9772, 0.4526),
    (1.9562, -1.3375, 0.3839),
    (1.8750, -1.2500, 0.3750),
)


def orthogonalize(matrices: Tensor, iterations: int = 5) -> Tensor:
    """Bring all singular values of each matrix near 1 and keep its singular vectors.

    matrices: (N, rows, cols), rows ≤ cols. For M = U S Vᵀ the result is near U Vᵀ. A Newton–Schulz
    iteration needs only products of matrices: x xᵀ x has the singular values s³, and so on. What
    was at least a hundredth of the norm ends within 28% of 1 after three passes, and within
    2% of 1 after four.
    """
    # The Frobenius norm is at least the largest singular value, so all of them start below 1.
    x = matrices / (torch.linalg.matrix_norm(matrices, keepdim=True) + 1e-7)
    for i in range(iterations):
        a, b, c = QUINTICS[min(i, len(QUINTICS) - 1)]
        square = x @ x.mT  # (N, rows, rows): singular values s²
        quintic = torch.baddbmm(square, square, square, beta=b, alpha=c)  # b·s² + c·s⁴
        x = torch.baddbmm(x, quintic, x, beta=a)
    return x


class Optimizer:
    """All rules of one model together."""

    def __init__(self, rules: dict[str, Rule]) -> None:
        self.rules = rules

    def step(self, step: int, factor: float) -> None:
        """Change all parameters once; `factor` scales every rule's learning rate."""
        for rule in self.rules.values():
            rule.step(step, factor)

    def state_dict(self) -> dict[str, Tensor]:
        """Every rule's memory as flat names, for safetensors: {"matrices.mean": …}."""
        return {
            f"{rule_name}.{name}": tensor
            for rule_name, rule in self.rules.items()
            for name, tensor in rule.state_dict().items()
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Put back what `state` gave. Raises KeyError or ValueError when it doesn't fit."""
        for name, tensor in self.state_dict().items():
            if state[name].shape != tensor.shape:
                raise ValueError(f"{name} has shape {tuple(state[name].shape)}")
            tensor.copy_(state[name])


def make_optimizer(model: GPT, config: TrainConfig) -> Optimizer:
    """The optimizer that a TrainConfig names.

    "adamw": weight decay on matrices and embeddings, none on vectors (biases, norms).
    "muon": Muon on the matrices inside the blocks; Adam on embeddings, the output layer and
    vectors, each with a learning rate of its own. Vectors may be frozen (requires_grad False).
    Either leaves the vectors of runs of tokens to RowAdam.
    """
    # Tied weights appear once; what is frozen has no gradient and stays as it is.
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    adam = {"beta1": config.beta1, "beta2": config.beta2}
    runs = named.pop("ngrams.table.weight", None)
    rules = _rules(named, config, adam)
    if runs is not None:
        rules["runs"] = RowAdam(runs, learning_rate=config.ngram_lr, **adam)
    return Optimizer(rules)


def _rules(
    named: dict[str, nn.Parameter], config: TrainConfig, adam: dict[str, float]
) -> dict[str, Rule]:
    """The rules of parameters whose gradients name every number."""
    vectors = [p for p in named.values() if p.dim() < 2]
    if config.optimizer == "adamw":
        matrices = [p for p in named.values() if p.dim() >= 2]
        lr, decay = config.learning_rate, config.weight_decay
        rules: dict[str, Rule] = {}
        if matrices:
            rules["matrices"] = AdamW(matrices, learning_rate=lr, weight_decay=decay, **adam)
        if vectors:
            rules["vectors"] = AdamW(vectors, learning_rate=lr, **adam)
        return rules

    hidden = {n: p for n, p in named.items() if p.dim() == 2 and n.startswith("blocks.")}
    tables = [p for n, p in named.items() if n.startswith(("wte.", "wpe."))]
    rules = {
        "hidden": Muon(
            hidden,
            learning_rate=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
            iterations=config.newton_schulz,
        )
    }
    if tables:
        rules["embeddings"] = AdamW(tables, learning_rate=config.embedding_lr, **adam)
    rest = vectors + [p for n, p in named.items() if n.startswith("lm_head.")]  # if not tied
    if rest:
        rules["head"] = AdamW(rest, learning_rate=config.head_lr, **adam)
    return rules


def lr_factor(step: int, config: TrainConfig) -> float:
    """What the learning rates are multiplied by at a step (counted from 0).

    A linear warm-up over `warmup_steps`, then by schedule: "constant" stays at 1; "cosine" falls
    along half a wave to `min_lr_ratio` (Loshchilov & Hutter 2017); "linear" stays at 1 and falls
    in a straight line to `min_lr_ratio` over the last `cooldown` share of all steps.
    """
    if step < config.warmup_steps:
        return (step + 1) / (config.warmup_steps + 1)
    if config.schedule == "constant":
        return 1.0
    start = config.warmup_steps
    if config.schedule == "linear":
        start = max(start, round(config.steps * (1 - config.cooldown)))
    done = (step - start) / max(1, config.steps - start)
    done = min(max(done, 0.0), 1.0)
    left = 0.5 * (1 + math.cos(math.pi * done)) if config.schedule == "cosine" else 1 - done
    return config.min_lr_ratio + (1 - config.min_lr_ratio) * left


def clip_gradients(params: list[nn.Parameter], max_norm: float) -> float:
    """Shrink all gradients together so that their joint norm is at most max_norm; 0 never does.

    Returns the norm before clipping (Pascanu, Mikolov & Bengio 2013, section 3.2).
    """
    grads = [numbers(p.grad) for p in params if p.grad is not None]
    norm = torch.nn.utils.get_total_norm(grads).item()
    if max_norm and norm > max_norm:
        torch._foreach_mul_(grads, max_norm / (norm + 1e-6))
    return norm
