"""What the Embeddings lesson says of each kind of position, with this model's numbers."""

from __future__ import annotations

from gpt_core.interpret.positions import Moved
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import tidy

NAMES = {"learned": "Learned", "sinusoidal": "Sinusoidal", "rope": "Rotary"}
SAME, OTHER = "nothing happens, the probabilities stay", "the probabilities change"
NOTICED = 0.0005  # of the probability moved; less is rounding

HOW = {
    "learned": "A second table, one **learned vector per position**, added to the token's vector: "
    "x = wte[token] + wpe[position]. Simple. But the table ends, and the model must find out for "
    "itself that 5 and 6 are neighbours.",
    "sinusoidal": "The same addition, but the vectors are **calculated**: sin and cos of "
    "position / 10000^(2i/C). The first channels swing fast, the last hardly move, like the digits "
    "of a clock.",
    "rope": "Also **RoPE**. Nothing is added. In every head, each pair of numbers of q and k is "
    "**turned** by position × an angle: the first pair 57.3° per place, the last nearly nothing. "
    "Shown: the cosine of that angle.",
}

OWN = {
    "learned": "This model has **learned** positions: a table of {block} vectors of {C} numbers.",
    "sinusoidal": "This model has **sinusoidal** positions: {block} calculated vectors of {C} "
    "numbers; nothing about them was learned.",
    "rope": "This model has **rotary** positions: it adds nothing to a token's vector, and turns "
    "the {D} numbers of each head's q and k in {pairs} pairs.",
    "none": "This model was built with **no positions**. The causal mask is then its only hint of "
    "order: an earlier token sees fewer others.",
}

WHY = {
    "learned": "Each token now gets the vector of another row of the table. The model learned each "
    "row for itself, and nothing forces row 15 to mean “10 after row 5”.",
    "sinusoidal": "Each token now gets another vector. All of them moved alike, but the model "
    "reads the sum of token and position, and that is different.",
    "rope": "Every q and every k is turned on by the same angle. Their product knows only the "
    "*difference* of the two angles, so it stays. What is left is rounding.",
    "none": "There is nothing to shift: no position enters this model anywhere.",
}


def own(config: GPTConfig) -> str:
    """Which kind this model has, with its sizes."""
    return OWN[config.position].format(
        block=config.block_size, C=config.n_embd, D=config.head_dim, pairs=config.head_dim // 2
    )


def moved_share(moved: Moved) -> float:
    """How much of the probability some tokens lost and others gained, 0 to 1."""
    return (moved.effect.after - moved.effect.before).abs().sum().item() / 2


def answer(guess: str, moved: Moved, shift: int, kind: str) -> Answer:
    """Whether the guess holds, by the numbers, and why."""
    share = moved_share(moved)
    truth = OTHER if share >= NOTICED else SAME
    told = "" if guess == truth else f"The answer here: {truth}. "
    return Answer(
        guess == truth,
        f"{told}{100 * share:.2f}% of the probability moved to other tokens, and no logit of any "
        f"token changed by more than {tidy(moved.logits, 0)}. {WHY[kind]}",
    )


def loss_in_words(moved: Moved, vocabulary_nats: float) -> str:
    """The text's loss with and without its positions."""
    before, after = moved.effect.loss_before, moved.effect.loss_after
    if before is None or after is None:
        return "A text of one token has no loss: nothing comes before it."
    told = f"The text's own loss goes from **{before:.3f}** to **{after:.3f}** nats per token"
    if after > vocabulary_nats:
        return f"{told}: worse than guessing all tokens equally ({vocabulary_nats:.2f})."
    return f"{told}. Guessing all tokens equally would cost {vocabulary_nats:.2f}."


NOT_TURNED = "This model does not turn them; a rotary model would, and this is how it would look. "
REMOVED = {
    "learned": "Nothing is added to the tokens' vectors, as if `wpe` were zero.",
    "sinusoidal": "Nothing is added to the tokens' vectors.",
    "rope": "Every q and k is turned back to where it was. A head then can't tell near from far.",
    "none": "There is nothing to remove.",
}
MASK = (
    "The order of the text is not lost altogether: the causal mask still lets each token see only "
    "what came before it. How much this model relies on its positions, the numbers above say."
)
READING = (
    "Vaswani et al. 2017, [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section "
    "3.5: sinusoidal positions, and why learned ones did as well",
    "Su et al. 2021, [RoFormer](https://arxiv.org/abs/2104.09864): rotary positions",
    "Haviv et al. 2022, [Transformer Language Models without Positional Encodings Still Learn "
    "Positional Information](https://arxiv.org/abs/2203.16634)",
    "Mikolov et al. 2013, [Linguistic Regularities in Continuous Space Word Representations]"
    "(https://aclanthology.org/N13-1090): directions that mean something",
)
