"""What the Embeddings lesson says of each kind of position, with this model's numbers."""

from __future__ import annotations

from gpt_core.interpret.positions import Moved
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import number, tidy
from ui.show.tokens import code

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


def not_held(typed: str) -> str:
    return f"No token of this model holds {code(typed)}. Try fewer letters."


MAP_ALT = "Token vectors as points in a plane, the chosen token and its neighbours marked"


def every(tokens: int, step: int) -> str:
    return f" Of {tokens:,} tokens, every {step}th is drawn."


def flat(across: float, up: float, drawn: str) -> str:
    return (
        "Of all the ways in which these vectors differ (their variance), this flat picture holds "
        f"**{across + up:.0f}%**: {across:.1f}% across and {up:.1f}% up. The rest is hidden, so "
        "two points may lie together here and be far apart. Hover for the token; click one to "
        f"choose it.{drawn}"
    )


ALONE = "This vocabulary has no other token."


def cosine(mean: float, spread: float) -> str:
    return (
        "Cosine of the angle: 1 is the same direction, 0 a right angle. Any other token has "
        f"{number(mean)} ± {spread:.2f} with this one (mean ± standard deviation)."
    )


TIED = "**Tied**: the same table also scores the next token, so it has no second one."


def untied(both: int, count: int) -> str:
    return (
        f"**Untied**: close here are tokens that get their scores for similar reasons. {both} of "
        f"{count} are in both lists."
    )


def row_of(token: str, row: int, numbers: str, width: int, length: float) -> str:
    return (
        f"Token **{code(token)}** is row {row} of the table: {numbers}, … ({width} numbers, length "
        f"{length:.2f})."
    )


LEARNED_ELSEWHERE = "Your model has no such table. This is a small model's, trained on the sitcom."


def loss_elsewhere(loss: float) -> str:
    return f"Its loss: {loss:.2f} nats per character."


def intro(config: GPTConfig) -> str:
    return (
        f"A model can't calculate with letters. So each of its {config.vocab_size:,} tokens has a "
        f"**vector**, a list of {config.n_embd} numbers that were learned: its **embedding**. "
        "Tokens that are used alike come to lie in the same direction, though nobody told the "
        f"model which those are. All vectors together are a table of {config.vocab_size:,} × "
        f"{config.n_embd} numbers (`wte`); reading a text is looking up its rows."
    )


def where(config: GPTConfig) -> str:
    return (
        "The row of a token is the same wherever it stands, and attention adds up what it sees "
        f"in no order. So the position must come in by itself. {own(config)} The three usual ways:"
    )


HOW_TO_READ = (
    "A row is a position, from 0 at the top; at most 64 positions and 128 channels are shown. The "
    "background is zero, the two colours its two sides."
)

LIKENESS = (
    "**How alike are two positions?** Below, the cosine of their rows. For rotary positions: how "
    "far two equal vectors still agree once each is turned to its own place."
)


def rotation(rotary: bool) -> str:
    return (
        f"q and k are real, from this model and prompt. {'' if rotary else NOT_TURNED}Each pair "
        "of numbers (a, b) is turned by its own angle for every place further on: (a cos φ − b "
        "sin φ, b cos φ + a sin φ). Move both tokens by the same number of places and look at "
        "the products."
    )


TRY = (
    "Search for a name, a day, a colour. Are the neighbours what you would have said?",
    "Choose a token that is only a piece of a word. Who are its neighbours, and why?",
    "Shift or stretch the positions by more and more. When does the best guess change?",
    "Train a model with the preset *classic* (learned positions), choose it in the sidebar, and "
    "answer the question again.",
)


def odd_heads(width: int) -> str:
    return f"Heads of {width} numbers can't be turned in pairs."


def products(here: float, there: float, i: int, j: int, shift: int) -> str:
    return (
        f"The numbers in the brackets change, each pair's product does not: q·k is **{here:.4f}** "
        f"at ({i}, {j}) and **{there:.4f}** at ({i + shift}, {j + shift}). The difference, "
        f"{tidy(abs(here - there), 0)}, is rounding in 32 bits. Only the distance {i - j} counts."
    )


LATER = "A causal model never asks a later token. The arithmetic holds all the same."
DISTANCE_ALT = "The score of these two tokens against the distance between them"


def elsewhere(head_dim: int, near: float, longest: int, far: float) -> str:
    return (
        "The same q and k, if the two tokens stood elsewhere: side by side on one place the "
        f"score q·k / √{head_dim} would be {near:.2f}, {longest} places apart {far:.2f}."
    )


def no_room(block_size: int) -> str:
    return f"This model reads {block_size} token: nothing can be moved."


def question(by: int) -> str:
    return (
        f"Add {by} to every position: token 0 stands at {by}, token 1 at {by + 1}, and so on. The "
        "tokens, their order and all weights stay. What happens to the prediction of the next "
        "token?"
    )


DOUBLED = "Positions 0, 1, 2, … become 0, 2, 4, …: every distance is doubled."

OUTCOME_ALT = (
    "Probabilities of the likeliest next tokens, with the positions as they are and changed"
)

LIKENESS_ALT = "How alike each position is to the chosen one, for each kind of positions"
