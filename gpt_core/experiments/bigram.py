"""A bigram model: one learned table says which token follows which. The smallest working GPT.

It reads, predicts, is trained by its loss and writes as a GPT does, but sees one token back only.
After Karpathy's makemore (2022). V tokens in the vocabulary, N tokens in the text.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.training.optim import AdamW

STEPS, BATCH, RATE = 200, 2048, 0.1
MOST_SCORES = 1 << 18  # a table of 512 tokens; a larger one would take longer than a moment


class Bigram(nn.Module):
    """Row a of the table holds the scores of all tokens to come after token a."""

    def __init__(self, vocab_size: int, seed: int = 0) -> None:
        """Start with small random scores. Raises ValueError for more than MOST_SCORES."""
        super().__init__()
        if not 0 < vocab_size**2 <= MOST_SCORES:
            raise ValueError(f"A table of {vocab_size:,} × {vocab_size:,} scores is too large.")
        self.table = nn.Embedding(vocab_size, vocab_size)
        nn.init.normal_(self.table.weight, std=0.02, generator=torch.Generator().manual_seed(seed))

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Ids of any shape → logits (…, V), and the mean loss in nats if there are targets."""
        logits = self.table(idx)
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, -2), targets.flatten())

    @torch.no_grad()
    def write(self, first: int, count: int, seed: int) -> list[int]:
        """Draw `count` tokens, each after the one before it; `first` comes before them all."""
        random, written = torch.Generator().manual_seed(seed), [first]
        for _ in range(count):
            logits, _ = self(torch.tensor(written[-1]))
            written.append(int(torch.multinomial(logits.softmax(-1), 1, generator=random)))
        return written[1:]


def train_bigram(
    model: Bigram, tokens: Tensor, *, seed: int, steps: int = STEPS, every: int = 5
) -> Iterator[tuple[int, float]]:
    """Train on tokens (N,) int64; yield (steps done, loss on all pairs of the text in nats).

    The first is before any training, then one follows each `every` steps and the last. Each step
    looks at BATCH random pairs, fewer for a wide table. Raises ValueError for fewer than 2 tokens.
    """
    counts = pair_counts(tokens, model.table.num_embeddings)
    random = torch.Generator().manual_seed(seed)
    batch = min(BATCH, MOST_SCORES // model.table.num_embeddings)
    optimizer = AdamW(list(model.parameters()), learning_rate=RATE, beta2=0.95)
    yield 0, loss_on_pairs(model, counts)
    for step in range(1, steps + 1):
        places = torch.randint(len(tokens) - 1, (batch,), generator=random)
        _, loss = model(tokens[places], tokens[places + 1])
        assert loss is not None  # there were targets
        model.zero_grad()
        loss.backward()
        optimizer.step(step - 1, factor=1 - (step - 1) / steps)  # ever smaller moves
        if step % every == 0 or step == steps:
            yield step, loss_on_pairs(model, counts)


def pair_counts(tokens: Tensor, vocab_size: int) -> Tensor:
    """How often token b comes right after token a, (V, V) float64 as [a, b].

    Raises ValueError for fewer than 2 tokens.
    """
    if len(tokens) < 2:
        raise ValueError("A text of one token has no pairs.")
    pairs = tokens[:-1] * vocab_size + tokens[1:]
    return torch.bincount(pairs, minlength=vocab_size**2).view(vocab_size, vocab_size).double()


@torch.no_grad()
def loss_on_pairs(model: Bigram, counts: Tensor) -> float:
    """Mean loss in nats over a text whose pairs were counted (V, V): every pair, each just once."""
    logprob = model.table.weight.double().log_softmax(dim=-1)
    return float(-(counts * logprob).sum() / counts.sum())


def pair_entropy(counts: Tensor) -> float:
    """The loss in nats of the table that holds the counted shares: the lowest of all tables.

    H(b | a) = - sum over (a, b) of p(a, b) ln p(b | a): Shannon 1951, section 2, with N = 2.
    """
    share = counts / counts.sum(dim=-1, keepdim=True).clamp(min=1)
    return max(0.0, float(-torch.xlogy(counts, share).sum() / counts.sum()))
