"""What the Positions lesson says of each kind of position, with this model's numbers."""

from __future__ import annotations

import math

from gpt_core.interpret.positions import Moved
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import number, tidy
from ui.show.tokens import code

NAMES = {"learned": "Learned", "sinusoidal": "Sinusoidal", "rope": "Rotary"}
SAME, OTHER = "nothing happens, the probabilities stay", "the probabilities change"
NOTICED = 0.0005  # of the probability moved; less is rounding

TWO_PLACES = "Where each token stands, and where it is moved to"
GOAL = "Say how a model learns where each token stands, and what happens when all tokens move."

HOW = {
    "learned": "A second table, with one **learned vector per position**. It is added to the "
    "token's vector: x = wte[token] + wpe[position]. Simple. But the table ends, and training "
    "must find out that positions 5 and 6 are neighbours.",
    "sinusoidal": "The same addition, but the vectors are **calculated**: pair i of their numbers "
    "is the sine and the cosine of position / $10{,}000^{2i/C}$. They are like a clock's hands: "
    "the first channels are fast, the last ones slow.",
    "rope": "Also **RoPE**. Nothing is added. In every head, each pair of numbers of q and k is "
    "**turned** by position × an angle. The first pair turns 57.3° from one position to the next, "
    "the last hardly at all. Shown: the cosine of that angle.",
}

OWN = {
    "learned": "This model has **learned** positions: a table of {block} vectors of {C} numbers.",
    "sinusoidal": "This model has **sinusoidal** positions: {block} calculated vectors of {C} "
    "numbers; nothing about them was learned.",
    "rope": "This model has **rotary positions**: it adds nothing to a token's vector, and turns "
    "the {D} numbers of each head's q and k in {pairs} pairs.",
    "none": "This model was built with **no positions**.",
}

WHY = {
    "learned": "Each token now gets the vector of another row of the table. Each row was learned "
    "for itself, and nothing makes row 15 mean “10 after row 5”.",
    "sinusoidal": "Each token now gets another vector. All of them moved alike, but what the model "
    "reads is the sum of token and position, and that is different.",
    "rope": "Each pair of numbers of every q and k is turned further by the same angle. A product "
    "q·k depends only on the *difference* of two angles, so it stays. What is left is rounding.",
}


def own(config: GPTConfig) -> str:
    """Which kind this model has, with its sizes."""
    return OWN[config.position].format(
        block=f"{config.block_size:,}",
        C=config.n_embd,
        D=config.head_dim,
        pairs=config.head_dim // 2,
    )


def where(config: GPTConfig) -> str:
    """Why positions are needed, and which kind this model has."""
    if config.causal:
        order = (
            "Attention adds up what it sees in no order. The causal mask gives a weak hint: an "
            "earlier token sees fewer others. Most models get more than that."
        )
    else:
        order = (
            "Attention adds up what it sees in no order. This model has no causal mask, so without "
            "positions all order would be lost."
        )
    return f"A token's embedding is the same wherever it stands. {order} {own(config)}"


def question(by: int) -> str:
    """What to predict before anything is moved."""
    return (
        f"Add {by} to every position. The tokens, their order and all weights stay. What happens "
        "to the prediction of the next token?"
    )


def moved_share(moved: Moved) -> float:
    """How much of the probability some tokens lost and others gained, 0 to 1."""
    return (moved.effect.after - moved.effect.before).abs().sum().item() / 2


def answer(guess: str, moved: Moved, kind: str) -> Answer:
    """Whether the guess holds, by the numbers, and why."""
    share = moved_share(moved)
    truth = OTHER if share >= NOTICED else SAME
    told = "" if guess == truth else f"The answer here: {truth}. "
    return Answer(
        guess == truth,
        f"{told}{100 * share:.2f}% of the probability moved to other tokens, and the largest "
        f"change of a logit (a token's score before softmax) is {tidy(moved.logits, 0)}. "
        f"{WHY[kind]}",
    )


def bits(nats: float) -> float:
    """A loss in nats, in bits."""
    return nats / math.log(2)


def shown_bits(nats: float) -> str:
    """The same as it is shown: a model that went wrong may need very many."""
    return number(bits(nats), ".3f")


def loss_in_words(moved: Moved, vocabulary: int) -> str:
    """The text's loss with and without its positions."""
    before, after = moved.effect.loss_before, moved.effect.loss_after
    if before is None or after is None:
        return "A text of one token has no loss: nothing comes before it."
    guessing = math.log2(vocabulary)
    was, now = shown_bits(before), shown_bits(after)
    told = f"The text's own loss goes from **{was}** to **{now}** bits per token"
    if was == now:
        told = f"The text's own loss stays at **{now}** bits per token"
    if bits(after) > guessing:
        return f"{told}: worse than guessing all tokens equally ({guessing:.2f})."
    return f"{told}. Guessing all tokens equally would cost {guessing:.2f}."


NOT_TURNED = "This model does not turn them; a rotary model would, and this is how it would look. "
REMOVED = {
    "learned": "Nothing is added to the tokens' vectors, as if `wpe` were zero.",
    "sinusoidal": "Nothing is added to the tokens' vectors.",
    "rope": "Every q and k is turned back to where it was, so no score depends on the distance.",
}
MASK = (
    "Some order is left: the causal mask still lets each token see only what came before it. How "
    "much this model relies on its positions, the numbers above say."
)
DOUBLED = "Positions 0, 1, 2, … become 0, 2, 4, …: every distance is doubled."


def further(by: int) -> str:
    """What a shift does to the positions."""
    return f"Positions 0, 1, 2, … become {by}, {by + 1}, {by + 2}, …"


OUTCOME_ALT = (
    "Probabilities of the likeliest next tokens, with the tokens as they stand and changed"
)
HOW_TO_READ = (
    "A row is a position, from 0 at the top; at most 64 positions and 128 channels are shown. The "
    "background is zero, the two colours its two sides."
)
LEARNED_ELSEWHERE = "Your model has no such table. This is a small model's, trained on the sitcom."


def loss_elsewhere(loss: float) -> str:
    """The small model's loss, given in nats."""
    return f"Its loss: {bits(loss):.2f} bits per character."


LIKENESS = (
    "**How alike are two positions?** Below, the cosine of their rows. For rotary positions: how "
    "far two equal vectors still agree once each is turned to its own place."
)
LIKENESS_ALT = "How alike each position is to the chosen one, for each kind of positions"


def rotation(rotary: bool) -> str:
    """What the table of pairs shows."""
    return (
        f"q and k are real, from this model and prompt. {'' if rotary else NOT_TURNED}Each pair "
        "of numbers (a, b) is turned by its own angle φ for every place further on: (a cos φ − b "
        "sin φ, b cos φ + a sin φ). Move both tokens by the same number of places and look at "
        "the products."
    )


def odd_heads(width: int) -> str:
    """Heads that can't be turned."""
    return f"Heads of {width} numbers can't be turned in pairs."


def products(here: float, there: float, i: int, j: int, shift: int) -> str:
    """q·k of two tokens where they stand and further on."""
    if not shift:
        return f"q·k is **{number(here, '.4f')}**. Move both tokens, and see whether it stays."
    off = abs(here - there)
    rest = f" The difference, {tidy(off, 0)}, is rounding in 32 bits." if off else ""
    return (
        f"The numbers in the brackets change, each pair's product does not: q·k is "
        f"**{number(here, '.4f')}** at ({i}, {j}) and **{number(there, '.4f')}** at "
        f"({i + shift}, {j + shift}).{rest} Only the distance {i - j} counts."
    )


LATER = "In a causal model no query meets a later key. The arithmetic holds all the same."
DISTANCE_ALT = "The score of these two tokens against the distance between them"


def elsewhere(head_dim: int, near: float, longest: int, far: float) -> str:
    """The same two tokens at other distances."""
    return (
        f"The same q and k, if the two tokens stood elsewhere: at the same position the score "
        f"q·k / √{head_dim} would be {number(near)}, at distance {longest} it would be "
        f"{number(far)}."
    )


def no_room(block_size: int) -> str:
    """A model that reads one token."""
    return f"This model reads {block_size} token: nothing can be moved."


MOVE_THEM = (
    "Shift or stretch the positions by more and more. When does the best guess change?",
    "Set the positions to *removed*. Is the loss still below that of guessing?",
)


def to_try(kind: str) -> tuple[str, ...]:
    """What to do with a model that has this kind of positions."""
    other = "*modern* (rotary positions)" if kind == "learned" else "*classic* (learned positions)"
    return (
        *(() if kind == "none" else MOVE_THEM),
        "In the last picture, choose other tokens and another head. Is there a head whose score "
        "falls with distance?",
        f"Train a model with the preset {other}, choose it at the top, and answer the question "
        "again.",
    )


# ---- A model without positions: what can be told of the order? ----

SWAPPED = "swapped"


def swap_question(one: str, two: str, at: int) -> str:
    """Of a model without positions: what to predict before two tokens change places."""
    return (
        f"Let the tokens {code(one)} at position {at} and {code(two)} at position {at + 1} "
        "**change places**. All else stays. What happens to the prediction of the next token?"
    )


def swap_answer(guess: str, share: float, config: GPTConfig) -> Answer:
    """Whether the guess holds, by the probability that moved, and why."""
    truth = OTHER if share >= NOTICED else SAME
    told = "" if guess == truth else f"The answer here: {truth}. "
    told += f"{100 * share:.2f}% of the probability moved to other tokens. "
    return Answer(guess == truth, told + _why_swapped(truth, config))


def _why_swapped(truth: str, config: GPTConfig) -> str:
    if config.ngrams:
        return (
            "This model has no positions, but it has vectors for runs of tokens, and looks up "
            "which tokens stand just before each; so it can tell an order"
            + ("." if truth == OTHER else ". Here that hardly counts.")
        )
    if not config.causal:
        return (
            "Without positions and without a mask every token sees all others in no order. Each "
            "ends with the same vector wherever it stands. What is left is rounding."
        )
    if config.n_layer == 1:
        return (
            "With one layer and no positions, the last token adds up the same values with the "
            "same weights, whatever order they stand in. What is left is rounding."
        )
    told = (
        "The causal mask is the hint: of the two, the later one sees the earlier one and not the "
        "other way round. So after the swap both leave the first layer with other vectors"
    )
    return told + (". Later layers read those." if truth == OTHER else "; here that hardly counts.")


NO_SWAP = "It takes three tokens, the first two of them different, to swap two before the last."
QUESTIONS = (
    (
        "RoPE adds nothing to a token's vector. Where does the position come in?",
        "In every head: q and k are turned by an angle for each position, just before their "
        "product is taken.",
    ),
    (
        "A model with RoPE reads a sentence at positions 0 to 20, then the same one at 100 to 120. "
        "What changes?",
        "Every q and k is turned further by the same angles. Each product q·k depends on the "
        "distance alone, so the probabilities stay, up to rounding.",
    ),
    (
        "A model has a learned table of 384 positions. Why can't it read a 385th token?",
        "The table has no row for it. RoPE can calculate an angle for any position; but how well a "
        "model works at distances that it never met in training is another question.",
    ),
)
ABILITIES = (
    "say where the position comes in, for three kinds of positions",
    "explain why with RoPE only the distance counts",
    "tell what the causal mask alone says about order",
)
READING = (
    "Vaswani et al. 2017, [Attention Is All You Need](https://arxiv.org/abs/1706.03762), section "
    "3.5: sinusoidal positions, and why learned ones did as well",
    "Su et al. 2021, [RoFormer](https://arxiv.org/abs/2104.09864): rotary positions",
    "Haviv et al. 2022, [Transformer Language Models without Positional Encodings Still Learn "
    "Positional Information](https://arxiv.org/abs/2203.16634)",
)
