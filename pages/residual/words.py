"""What the residual-stream lesson says, with the numbers of the prompt in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pages.residual.figures import part_name
from ui.app.lesson import Answer
from ui.show.numbers import number, tidy
from ui.show.tokens import code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpt_core.interpret.attribution import Attribution, Written
    from gpt_core.interpret.logit_lens import Lens
    from gpt_core.model.config import GPTConfig

CLOSE = 1e-4
GUESSES = ("yes", "no, another branch does", "no, it even pushes it down")

STATE_WORDS = {
    "resid_pre": "The whole stream as it **enters** a layer.",
    "attn_out": "Only what a layer's **attention adds**.",
    "resid_mid": "The whole stream **between** a layer's attention and its MLP.",
    "mlp_out": "Only what a layer's **MLP adds**.",
    "resid_post": "The whole stream as it **leaves** a layer.",
}

READING = (
    "Elhage et al. 2021, [A Mathematical Framework for Transformer Circuits]"
    "(https://transformer-circuits.pub/2021/framework/index.html): the residual stream as a place "
    "that parts write to and read from",
    "nostalgebraist 2020, [interpreting GPT: the logit lens]"
    "(https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens)",
    "Belrose et al. 2023, [Eliciting Latent Predictions from Transformers with the Tuned Lens]"
    "(https://arxiv.org/abs/2303.08112): where the logit lens misleads",
    "Meng et al. 2022, [Locating and Editing Factual Associations in GPT]"
    "(https://arxiv.org/abs/2202.05262): states copied between runs",
    "Wang et al. 2022, [Interpretability in the Wild](https://arxiv.org/abs/2211.00593): a whole "
    "circuit found by patching in GPT-2",
    "Zhang & Nanda 2023, [Towards Best Practices of Activation Patching]"
    "(https://arxiv.org/abs/2309.16042): why tokens are swapped, and logits compared",
)


def three(value: float) -> str:
    """A length in three digits."""
    return number(value, ".3g")


def sum_in_words(config: GPTConfig, branches: Sequence[Written]) -> str:
    """The concrete sum of vectors, before any formula."""
    added = [each for each in branches if each.name.startswith("blocks")]
    first, last = added[0], added[-1]
    placed = any(each.name == "pos_embed" for each in branches)
    start = "its embedding" + (" plus its position's vector" if placed else "")
    words = (
        f"It begins as {start}. {part_name(first.name)} then adds a vector of length "
        f"**{three(first.length)}**, and so on until {part_name(last.name)} adds one of length "
        f"**{three(last.length)}**: **{len(added)} additions** in {config.n_layer} "
        f"{'layer' if config.n_layer == 1 else 'layers'}."
    )
    if config.norm_position == "post":
        return words + (
            " This is a **post-norm** model: after each addition a norm rescales the whole "
            "stream, so what was written earlier shrinks or grows with it."
        )
    return words + " Nothing is ever overwritten. A branch can only add, and so undo by adding."


def formula(config: GPTConfig, C: int) -> str:
    """The stream as a sum."""
    plus = " + p" if config.position in ("learned", "sinusoidal") else ""
    if config.norm_position == "post":
        return (
            "$$x \\leftarrow \\text{norm}(x + \\text{attn}_\\ell(x)),\\quad x \\leftarrow "
            "\\text{norm}(x + \\text{mlp}_\\ell(x)), \\qquad x \\in \\mathbb{R}^{" + str(C) + "}$$"
        )
    return (
        f"$$x_\\text{{end}} = e{plus} + \\sum_{{\\ell=0}}^{{{config.n_layer - 1}}} "
        "\\left(\\text{attn}_\\ell + \\text{mlp}_\\ell\\right), \\qquad x \\in "
        f"\\mathbb{{R}}^{{{C}}}$$"
    )


def question(branches: Sequence[Written], answer: str) -> str:
    """Length against direction, asked about the longest branch."""
    longest = max(_added(branches), key=lambda each: each.length)
    return (
        f"The longest vector here is written by **{part_name(longest.name)}**: "
        f"{three(longest.length)}. Length is not all: what counts for the answer {code(answer)} is "
        "how far a vector reaches **in the answer's direction**. Does the longest also push "
        f"{code(answer)} up the most?"
    )


def reveal(guess: str, branches: Sequence[Written], answer: str) -> Answer:
    """What is so on this prompt, beside what was guessed."""
    added = _added(branches)
    longest = max(added, key=lambda each: each.length)
    strongest = max(added, key=lambda each: each.logit)
    if longest is strongest:
        truth, told = 0, "it is the longest **and** pushes hardest."
    else:
        truth = 2 if longest.logit < 0 else 1
        told = (
            f"**{part_name(strongest.name)}** pushes harder "
            f"({number(strongest.logit, '+.2f')}) with "
            f"a vector of length {three(strongest.length)}: the cosine to the answer's direction "
            f"is {number(strongest.cosine, '+.2f')} there."
        )
    return Answer(
        guess == GUESSES[truth],
        f"{part_name(longest.name)} adds {number(longest.logit, '+.2f')} to the logit of "
        f"{code(answer)} (cosine {number(longest.cosine, '+.2f')}); {told}",
    )


def direction(config: GPTConfig) -> str:
    """How a logit is read off the stream, and what is held fixed; true of this model."""
    row = "Each token has a row in the output layer; a logit is that row times the stream's end"
    read = "a part's share is **its length × its cosine × the direction's length**."
    if config.norm == "none":
        return f"{row}. This model has no norms, so {read}"
    fixed = "**held fixed at what it was in the real pass**"
    if config.norm_position == "post":
        return (
            f"{row}. This is a post-norm model: what a part wrote passes through every norm after "
            f"it. Each norm's scale is {fixed}; then the sum is exact, and {read} What can't be "
            "split: a part also changes those scales, for itself and all the others."
        )
    if config.norm == "batchnorm":
        return (
            f"{row}, after the final norm. BatchNorm uses fixed statistics from training, so the "
            f"sum is exact without further ado, and {read}"
        )
    return (
        f"{row}, after the final norm. That norm's scale is {fixed}: otherwise a logit would be no "
        f"sum, because each part changes what all are divided by. With it, {read}"
    )


def adds_up(shares: Attribution) -> str:
    """The check: sum, logit, difference."""
    difference = abs(shares.total - shares.logit)
    verdict = "They agree to within 10⁻⁴."
    if difference >= CLOSE:
        verdict = "More than 10⁻⁴: the model's own pass is calculated in 32 bits only."
    return (
        f"**Check.** Sum of all {len(shares.parts)} parts: **{number(shares.total, '.6f')}** · the "
        f"logit that the model computed: **{number(shares.logit, '.6f')}** · difference: "
        f"**{tidy(difference, 0)}**. {verdict}"
    )


def share_table(shares: Attribution) -> pd.DataFrame:
    """Length, direction and share of every branch."""
    rows = shares.branches
    return pd.DataFrame(
        {
            "length": [f"{each.length:.3f}" for each in rows],
            "cosine to the answer": [number(each.cosine, "+.4f") for each in rows],
            "share of the logit": [number(each.logit, "+.4f") for each in rows],
        },
        index=[part_name(each.name) for each in rows],
    )


def lens_note(config: GPTConfig, lengths: tuple[float, float], matters: bool) -> str:
    """Why the final norm is computed anew at each layer, for this model."""
    first, last = lengths
    if config.norm_position == "post":
        return (
            "In this post-norm model each layer ends with a norm, so every row is at a common "
            "size already, and there is no final norm to compute anew."
        )
    if not matters:
        kind = "has no norm" if config.norm == "none" else "has BatchNorm with fixed statistics"
        return f"This model {kind}: nothing depends on the layer, so there is nothing to recompute."
    order = "The order within a row stays the same whatever the scale"
    if config.norm == "layernorm" and config.bias:
        order = "The order within a row depends on the scale only because of the norm's bias"
    return (
        f"The final norm is **computed anew for every row**. The stream's length changes from "
        f"{three(first)} to {three(last)} at the chosen token; divided by the last row's scale, "
        "an early stream would come out at the wrong size, and its probabilities too flat or too "
        "sharp. "
        f"{order}; the probabilities do."
    )


def reused(own: Lens, other: Lens, position: int) -> str:
    """What the last row's scale does to the first row, at one position."""
    before, after = (float(lens.probability[0, position, 0]) for lens in (own, other))
    same = int(own.top[0, position, 0]) == int(other.top[0, position, 0])
    token = "The same token stays" if same else "Another token is now"
    return (
        f"**Reused.** {token} the likeliest in the first row of the chosen column; its "
        f"probability there is **{100 * after:.1f}%**, and **{100 * before:.1f}%** with the row's "
        "own scale. That is no finding about the model: it is what the wrong scale does."
    )


def _added(branches: Sequence[Written]) -> list[Written]:
    return [each for each in branches if each.name.startswith("blocks")]


LENS = (
    "The **logit lens**: read the stream after each layer as if it were the last. Each cell "
    "shows the likeliest next token, the stronger its colour the likelier. The last row is the "
    "model's own prediction; on the right, how far up each layer already has it."
)


def intro(channels: int) -> str:
    return (
        f"Every token travels through the model as one vector of **{channels} numbers**: its "
        "**residual stream**. Attention and the MLP are branches off it. Each reads the stream, "
        "and **adds** what it found. At the end the stream is compared with every token of the "
        "vocabulary, which gives the **logits**: one score per possible next token."
    )


PATCHING = (
    "A share says who *wrote* the answer, not where its cause lies. So change the cause: take a "
    "second prompt that differs in one token, and **copy one state from its run into yours**. If "
    "the answer moves over, that state carried the difference."
)

MOVES = (
    "How much moves: of the two tokens whose probabilities differ most between the runs, A's logit "
    "minus B's, from 0% (as in A) to 100% (as in B). This shows what carries *this* difference, on "
    "*these* prompts; other states may be needed as well."
)

TRY = (
    "Set *minus that of* to the second likeliest token. Which part decides between the two?",
    "Follow the last column of the lower grid down: from which layer on does the last token's own "
    "stream carry the difference? Before that, where is it?",
    "Copy `attn_out` instead of the stream. Which layer's attention brings the difference over?",
    "Ask for something that was said: take `OTTO: Where is the red bucket?⏎⏎NADIA: The` as the "
    "prompt and replace `red`. Does any colour reach the last token, and through which layer?",
)

TAKES_LONGER = (
    "Any single state can be copied at once. To try **all** of them, which fills the "
    "lower grid, takes longer:"
)


def lengths_differ(other: int, yours: int) -> str:
    return (
        f"That prompt has **{other} tokens**, yours has **{yours}**. A state is copied to its own "
        "place, so both need equally many. Change a word for one of as many tokens."
    )


THE_SAME = "Both prompts are the same. Change a word."


def differs(changes: list[str], more: str) -> str:
    return f"**A** is your prompt. **B** differs in {', '.join(changes)}{more}."


TYPE_ONE = "Type a prompt that differs from yours in one word."


def outcome(
    state: str, layer: int, position: int, token: str, share: str, answer: str, instead: str
) -> str:
    return (
        f"{state} of layer {layer} at position {position} ({token}) copied from B into A: the "
        f"answer moves {share} of the way from A to B, measured by {answer} against {instead}."
    )


CHOOSE = "Choose, or type any other token."
