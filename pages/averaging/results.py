"""What the averaging lesson computes on the study's model, kept for all visitors."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gpt_core.experiments.averaging import (
    Averaged,
    Difference,
    HeadView,
    average_by_data,
    average_by_loop,
    average_by_matrix,
    compare,
    exact_mean,
    four_steps,
    view_head,
)
from ui.services.caches import shared
from ui.services.study import Study

CHANNELS = 4  # of the small example
COMPARED = 128  # tokens of the prompt in the large comparison, at most


@dataclass(frozen=True)
class Example:
    """The four steps on a few tokens. x: (T, CHANNELS), their embeddings' first numbers.

    view: one head of the model on these tokens, whose q and k step 4 uses. checks: what was
    compared with what.
    """

    x: Tensor
    view: HeadView
    steps: dict[str, Averaged]
    checks: list[tuple[str, Difference]]


@dataclass(frozen=True)
class WholePrompt:
    """Loop and matrix on all channels of T tokens; exact: the unrounded mean at their place."""

    tokens: int
    difference: Difference
    exact: float


@shared()
def example_of(small: Study, head: tuple[int, int]) -> Example:
    """The steps on the study's tokens, with the queries and keys of a (layer, head)."""
    x = small.model.wte.weight[list(small.ids), :CHANNELS]
    view = view_head(small.model, small.ids, *head)
    steps = four_steps(x, view.q, view.k)
    loop, matrix, softmax, data = (step.output for step in steps.values())
    nobody_asks = average_by_data(0 * view.q, view.k, x).output
    checks = [
        ("steps 1 and 2", compare(loop, matrix)),
        ("steps 1 and 3", compare(loop, softmax)),
        ("steps 2 and 3", compare(matrix, softmax)),
        ("step 3, and step 4 if every q were 0", compare(softmax, nobody_asks)),
        ("steps 3 and 4, different on purpose", compare(softmax, data)),
    ]
    if small.model.config.causal:
        weights = compare(steps["data"].weights, view.weights)
        checks.append(("step 4's weights, and this head's own", weights))
    return Example(x, view, steps, checks)


@shared()
def whole_prompt(study: Study) -> WholePrompt:
    """The comparison on as much of the prompt as is quick."""
    ids = study.ids[-COMPARED:]
    x = study.model.wte.weight[list(ids)]
    difference = compare(average_by_loop(x), average_by_matrix(x).output)
    return WholePrompt(len(ids), difference, exact_mean(x, difference.place))
