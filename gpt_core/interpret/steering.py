"""Push the stream towards another prompt: add a multiple of the difference of two runs' states.

"Activation addition" (Turner et al. 2023): with B - A the difference of two runs' states at one
depth and the last token, A's state becomes A + α (B - A). With α = 0 nothing changes, with α = 1
the state is B's, which is a patch; what happens between and beyond is for the model to show.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gpt_core.interpret import variants
from gpt_core.interpret.variants import run_variants
from gpt_core.model.gpt import GPT
from gpt_core.model.recording import Recording

KEPT = variants.KEPT
"""What steering needs of either run; see `gpt_core.model.recording.run`."""


def difference(into: Recording, source: Recording, depth: int) -> Tensor:
    """The last token's state in `source` minus that in `into`, (C,).

    depth: how many layers have added to it, 0 to L.
    """
    return source.stream[depth, -1] - into.stream[depth, -1]


@torch.no_grad()
def steer(
    model: GPT, into: Recording, source: Recording, depth: int, alphas: Sequence[float]
) -> Tensor:
    """The logits after the last token of `into` for each of A factors, (A, V).

    into, source: runs that kept `KEPT`, of any two lengths.
    """
    push = difference(into, source, depth)
    factors = torch.tensor(alphas, dtype=push.dtype, device=push.device)
    states = into.stream[depth, -1] + factors[:, None] * push
    places = [len(into.ids) - 1] * len(alphas)
    return model.lm_head(run_variants(model, into, depth, places, states))
