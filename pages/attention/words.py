"""What the Attention lesson says, with the numbers of the model and the prompt in view."""

from __future__ import annotations

from dataclasses import dataclass

from gpt_core.interpret.attention import Ablation
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.theme import Palette
from ui.show.tokens import code

GUESSES = (
    "It falls by more than a tenth",
    "It stays about the same",
    "It rises by more than a tenth",
)

TRY = (
    "**Find the neighbour.** Look for a head with a stripe just below the diagonal: each "
    "token listens to the one before it. Lock it, point at the stripe, and read how large "
    "q·k is there.",
    "**Say it twice.** Write the same word two times. Is there a head in which the second "
    "copy listens to what came *after* the first one? That is how a model copies.",
    "**Look into the future.** Point at a hatched cell. What does the mask do to its score?",
    "**Be alone.** Shorten the prompt to one letter. Why is the weight exactly 1?",
    "**Silence a whole layer.** Knock out all its heads. Is the next token still the same?",
)

READING = (
    "Vaswani et al. 2017, [Attention Is All You Need](https://arxiv.org/abs/1706.03762), "
    "section 3.2.",
    "Michel, Levy & Neubig 2019, [Are Sixteen Heads Really Better than "
    "One?](https://arxiv.org/abs/1905.10650): how many heads can be removed.",
    "Jain & Wallace 2019, [Attention is not Explanation](https://arxiv.org/abs/1902.10186).",
    "Kobayashi et al. 2020, [Attention is Not Only a "
    "Weight](https://arxiv.org/abs/2004.10102): why the length of v counts as well.",
    "Elhage et al. 2021, [A Mathematical Framework for Transformer "
    "Circuits](https://transformer-circuits.pub/2021/framework/index.html).",
)

PRETTY = """
A crisp stripe is easy to name, and tempting to believe in. But the picture shows only **where** a
head looks. What it **brings** is in v, and what the model does with it is decided in later layers.
A head with a beautiful map may change nothing; a blurred one may carry the answer. So don't judge
by the looks: **take the head away and measure.**

Even then, mind what was measured: this prompt, these heads, all at once. When little changes, the
other heads may have stood in for the missing one. When much changes, part of it may be that later
layers meet numbers that they never saw while training.
"""


@dataclass(frozen=True)
class Favourite:
    """What one position of one head listens to most."""

    row: int
    asks: str
    column: int
    asked: str
    weight: float


def intro(config: GPTConfig, T: int) -> str:
    """The lesson's first sentences."""
    heads = "one head" if config.n_head == 1 else f"{config.n_head} heads"
    layers = "one layer" if config.n_layer == 1 else f"{config.n_layer} layers"
    pictures = config.n_layer * config.n_head
    return (
        "To guess the next token, a token has to know what came before it. **Attention** is how it "
        "finds out: it *asks*, the other tokens *offer*, and what fits is *brought*. This model "
        f"does that in {layers} of {heads} each, so there "
        f"{'is 1 picture' if pictures == 1 else f'are {pictures} pictures'} for "
        f"{'this 1 token' if T == 1 else f'these {T} tokens'}. Each cell is one weight between 0 "
        "and 1. Edit the prompt in the sidebar and watch them change."
    )


def concrete(head: tuple[int, int], favourite: Favourite, causal: bool) -> str:
    """One row of the locked head, told as a story."""
    f = favourite
    seen = f"the {f.row + 1} positions up to itself" if causal else "all positions"
    if f.row == 0 and causal:
        seen = "the only position it may see, itself"
    return (
        f"In **layer {head[0]}, head {head[1]}**, position {f.row}, the token {code(f.asks)}, "
        f"asks. Its :blue[**query**] is compared with the :red[**key**] of {seen}. The weights "
        f"sum to 1. The largest, **{f.weight:.3f}**, goes to position {f.column}, "
        f"{code(f.asked)}: that token's "
        f":green[**value**] enters the sum with a share of {f.weight:.0%}."
    )


def how_to_read(causal: bool) -> str:
    """What a row, a column and the triangle mean."""
    triangle = (
        "- **The triangle:** the hatched half is the future. A token must not see what comes after "
        "it, or guessing the next token would be no guess. The mask sets those scores to −∞, and "
        "softmax turns −∞ into exactly 0. A white cell is different: it was allowed, and was "
        "given almost nothing."
        if causal
        else "- **No triangle:** this model was built without a mask. Every token sees the whole "
        "prompt, also what comes after it."
    )
    return (
        "- **A row** belongs to the token that asks. Its weights are shares: they sum to 1.\n"
        "- **A column** belongs to the token that is asked. A dark column is a token that many "
        "listen to; its sum can be anything.\n"
        f"{triangle}\n"
        "- **The colour** means the same weight in every picture and for every prompt. In the "
        "small pictures a dot shows the strongest of the cells that fall on it."
    )


def formula(colours: Palette) -> str:
    """Scaled dot-product attention, in the colours of its parts (LaTeX)."""

    def part(colour: str, letter: str) -> str:
        return rf"\textcolor{{{colour}}}{{{letter}}}"

    q, k, v = part(colours.query, "Q"), part(colours.key, "K"), part(colours.value, "V")
    z = part(colours.output, "Z")
    return rf"{z} = \operatorname{{softmax}}\!\left(\frac{{{q}{k}^\top}}{{\sqrt{{D}}}}\right){v}"


def sizes(config: GPTConfig, T: int) -> str:
    """What the letters of the formula are in this model, on this prompt."""
    H, D, C = config.n_head, config.head_dim, config.n_embd
    turned = " (turned by their position)" if config.position == "rope" else ""
    return (
        f"Here **T = {T}** tokens, **H = {H}** head{'s' if H > 1 else ''} in each layer, and "
        f"**D = {C} / {H} = {D}** numbers per head. In each head, :blue[**Q**], "
        f":red[**K**]{turned} and :green[**V**] are {T} × {D}, and QKᵀ is {T} × {T}: one picture. "
        f"The dot product of two vectors of {D} independent numbers is typically √{D} times as "
        f"large as one product, so it is divided by √{D} ≈ {D**0.5:.2f}. Otherwise softmax would "
        "give nearly all weight to one token before the model had learned anything. The "
        f":violet[**outputs**] of all heads, side by side, are {T} × {C} again. One more matrix "
        "mixes them, and the result is added to the residual stream."
    )


def explanation(config: GPTConfig, T: int, colours: Palette) -> str:
    """All that is read below the pictures, as one text: the page has less to redraw at an edit."""
    return "\n\n".join(
        (
            "## How to read the pictures",
            how_to_read(config.causal),
            "## The formula",
            f"$$\n{formula(colours)}\n$$",
            sizes(config, T),
            "## Pretty is not useful",
            PRETTY,
        )
    )


def question(head: tuple[int, int], token: str, share: float) -> str:
    """Ask for a prediction before the head is removed."""
    return (
        f"The model's best guess for the next token is {code(token)}, with {share:.1%}. Layer "
        f"{head[0]}, head {head[1]} falls silent. What happens to that {share:.1%}?"
    )


def answer(guess: str, best: int, change: Ablation, sharpness: float) -> Answer:
    """Compare the prediction with what happened; both were measured on this prompt."""
    before, after = change.before[best].item(), change.after[best].item()
    happened = GUESSES[0 if after < 0.9 * before else 2 if after > 1.1 * before else 1]
    loss = ""
    if change.loss_before is not None and change.loss_after is not None:
        difference = change.loss_after - change.loss_before
        loss = (
            f" The loss on the prompt's own tokens went from {change.loss_before:.3f} to "
            f"{change.loss_after:.3f} nats per token ({difference:+.3f})."
        )
    return Answer(
        guess == happened,
        f"{happened}: from {before:.1%} to {after:.1%}.{loss} How sharp was its picture? On "
        f"average a row of this head gives {sharpness:.0%} to its favourite token. Try a sharper "
        "and a more blurred head, and see whether sharpness tells you anything.",
    )
