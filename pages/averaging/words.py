"""What the lesson "From averaging to attention" says, with the numbers in view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gpt_core.experiments.averaging import Averaged, Difference, HeadView, Sharpness
from gpt_core.jobs.causal_mask import MODEL, PROMPT, SEED
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import number, tidy
from ui.show.theme import Palette
from ui.show.tokens import TokenLike, code

STEPS = ("1 · a loop", "2 · a matrix", "3 · softmax", "4 · q·k")
STEP_NAMES = dict(zip(STEPS, ("loop", "matrix", "softmax", "data"), strict=True))

STAGES = {
    ("loop", "weights"): "the weights inside the loop",
    ("matrix", "ones"): "ones",
    ("matrix", "tril"): "tril: the future becomes 0",
    ("matrix", "weights"): "each row ÷ its sum",
    ("softmax", "scores"): "scores: all 0",
    ("softmax", "masked"): "the future becomes −∞",
    ("softmax", "weights"): "softmax of each row",
    ("data", "scores"): "scores: q·k ÷ √D",
    ("data", "masked"): "the future becomes −∞",
    ("data", "weights"): "softmax of each row",
}

TOLD = {
    "loop": "**Step 1, a loop.** Go through the tokens, and replace each by the mean of itself and "
    "all earlier ones. It says just what is meant, but it is slow: one token after the other. The "
    "loop has no matrix. To see how it weighs the tokens, let it average a 1 for every token "
    "instead of x (the identity matrix).",
    "matrix": "**Step 2, a matrix.** Write ones everywhere, cut off what lies above the diagonal "
    "(`tril`, the lower triangle), divide each row by its sum. One matrix product with x then "
    "makes all the averages at once. That is what processors are good at.",
    "softmax": "**Step 3, softmax.** Start from *scores* instead: 0 for every pair of tokens. Set "
    "the future to −∞. Softmax raises e to each score and divides each row by its sum: e⁰ is 1 and "
    "e^−∞ is 0, so out come the same weights. But now there are scores that could be something "
    "other than 0.",
    "data": "**Step 4, weights that depend on the tokens.** The scores are no longer 0. Each token "
    "*asks* with a :blue[**query** q], each *offers* a :red[**key** k], and the score is their "
    "product q·k. These q and k are real ones. Nothing else has changed since step 3, and this is "
    "**attention**.",
}

SURPRISE = (
    "`torch.allclose` says **False**, though the arithmetic is the same. ",
    "All are close enough for `torch.allclose` here. ",
)

WHY_ROUNDING = (
    "**Why?** A 32-bit number keeps about seven digits, so every operation rounds. The loop adds "
    "first and divides once. The matrix divides first (1/3 is rounded already), multiplies, and "
    "adds the products, in whatever order suits the processor. It is the same sum **in another "
    "order**, so the last digits differ. Neither is wrong. By default `allclose` allows a "
    "difference of 10⁻⁸ + 10⁻⁵ · |number|. Where large numbers cancel to a sum close to 0, that "
    "allowance shrinks with the sum, and the rounding errors don't."
)

TRY = (
    "Go through the four steps with one row, and watch the last picture. Between which two steps "
    "does the average change?",
    "Put the same word into the prompt twice. Is there a head whose step 4 gives the second one's "
    "attention to the first?",
    "Divide by nothing, then look at the loss on the prompt. Which hurts this model more, scores "
    "that are too small or too large? Try another model from the sidebar.",
    "Set the source to random q and k and change the seed. How much does the evenness move? That "
    "is how little one draw can tell.",
    "Train both models again. Same seed, same machine: are the curves the same to the last digit?",
)

READING = (
    "Vaswani et al. 2017, [Attention Is All You Need](https://arxiv.org/abs/1706.03762), "
    "section 3.2.1: why the scores are divided by √D.",
    "Karpathy 2023, [Let's build GPT: from scratch, in code, spelled out]"
    "(https://www.youtube.com/watch?v=kCc8FmEb1nY): the averaging trick in four versions.",
    "Henry et al. 2020, [Query-Key Normalization for Transformers]"
    "(https://arxiv.org/abs/2010.04245).",
    "Goldberg 1991, [What Every Computer Scientist Should Know About Floating-Point Arithmetic]"
    "(https://docs.oracle.com/cd/E19957-01/806-3568/ncg_goldberg.html).",
    "Devlin et al. 2018, [BERT](https://arxiv.org/abs/1810.04805): a model without a causal mask, "
    "and what it is trained on instead.",
)


def intro(last: TokenLike, T: int) -> str:
    """The lesson's first sentences."""
    start = f"Your prompt ends with {code(last.text)}. "
    if T == 1:
        start += "It has no token before it yet; write more in the sidebar. "
    return (
        f"{start}To guess what follows, that token should know what came before it. What is the "
        "simplest way to tell it? **The average of all earlier tokens.** Order is lost and nothing "
        "is weighed, but it is a start. From there to attention it takes four small steps."
    )


def sum_in_words(
    step: Averaged, x: Sequence[Sequence[float]], row: int, tokens: Sequence[TokenLike]
) -> str:
    """One row's average, written out for its first channel."""
    weights = step.weights[row, : row + 1].tolist()
    terms = [f"{w:.2f} · ({number(x[t][0])})" for t, w in enumerate(weights)]
    favourite = max(range(row + 1), key=lambda t: weights[t])
    spread = max(weights) - min(weights)
    told = (
        "every token up to it counts the same"
        if spread < 1e-6
        else f"it listens most to token {favourite}, {code(tokens[favourite].text)}"
    )
    return (
        f"**Row {row}**, {code(tokens[row].text)}: {told}. Channel 0 of its average is "
        f"{' + '.join(terms)} = **{number(step.output[row, 0].item())}**."
    )


def difference_in_words(names: tuple[str, str], d: Difference, exact: float) -> str:
    """The one number that disagrees most with what allclose allows, digit by digit."""
    token, channel = d.place
    gap = abs(d.first - d.second)
    verdict = "more" if gap > d.allowed else "less"
    return (
        f"{SURPRISE[d.close]}The hardest case is token {token}, channel {channel}:\n"
        f"- {names[0]}: `{d.first:.12f}`\n"
        f"- {names[1]}: `{d.second:.12f}`\n"
        f"- without rounding: `{exact:.12f}`\n\n"
        f"The two differ by {tidy(gap, 0)}, {verdict} than the {tidy(d.allowed, 0)} that is "
        f"allowed there.{_loose(d)}"
    )


def _loose(d: Difference) -> str:
    """A tolerance with which allclose agrees."""
    if d.close:
        return ""
    power = math.ceil(math.log10(d.largest))
    return f" Asked with `atol=1e{power}`, it says True."


def projections(config: GPTConfig, T: int, layer: int, head: int) -> str:
    """Where q, k and v come from, with the shapes of this model."""
    C, D, H = config.n_embd, config.head_dim, config.n_head
    source = f"what layer {layer} reads" + (
        ", the stream after its norm" if config.norm_position == "pre" and config.norm != "none"
        else ""
    )  # fmt: skip
    bias = " + b" if config.bias else ""
    heads = "the only head" if H == 1 else f"one of {H} heads, so D = {C} / {H} = {D}"
    return (
        f"The query and key of step 4 come from **layer {layer}, head {head}** of this model "
        f"({heads}). The head has three learned matrices, each {C} × {D}. Every token's vector x "
        f"({source}, {C} numbers) is multiplied by each of them:\n"
        f"- :blue[**Q** = x · W_Q{bias}]: what each token asks. {T} × {C} times {C} × {D} gives "
        f"{T} × {D}.\n"
        f"- :red[**K** = x · W_K{bias}]: what each token offers. {T} × {D}.\n"
        f"- :green[**V** = x · W_V{bias}]: what each token brings if it is heard. {T} × {D}.\n\n"
        "Step 4 still averaged plain embeddings. A real head averages **V** instead, and the "
        f"result is its :violet[**output**], {T} × {D}. {_before_they_meet(config)}"
    )


def _before_they_meet(config: GPTConfig) -> str:
    parts = []
    if config.qk_norm:
        parts.append("brings every q and k to length √D (query-key norm)")
    if config.position == "rope":
        parts.append("turns them by their position (rotary positions)")
    if not parts:
        return ""
    return f"Before q and k meet, this model {' and '.join(parts)}; the bars show them after that."


def question_in_words(
    view: HeadView, row: int, tokens: Sequence[TokenLike], config: GPTConfig
) -> str:
    """How one token's question is answered."""
    D = config.head_dim
    weights = view.weights[row]
    best = int(weights.argmax())
    score = view.scores[row, best].item()
    raw = score * math.sqrt(D)
    asks, asked = (code(tokens[t].text) for t in (row, best))
    return (
        f"Token {row}, {asks}, asks. Its :blue[q] fits the :red[k] of token {best}, {asked}, "
        f"best: q·k = {number(raw)}, divided by √{D} = {math.sqrt(D):.2f} that is "
        f"{number(score)}. Softmax turns the scores into shares that sum to 1, and that token's "
        f":green[v] enters the :violet[output] with a share of **{weights[best]:.0%}**."
    )


def formula(config: GPTConfig, colors: Palette) -> str:
    """Scaled dot-product attention, masked if the model's is, in the colours of its parts."""
    letters = {"Q": colors.query, "K": colors.key, "V": colors.value, "Z": colors.output}
    q, k, v, z = (rf"\textcolor{{{hue}}}{{{letter}}}" for letter, hue in letters.items())
    scores = rf"\frac{{{q}{k}^\top}}{{\sqrt{{{config.head_dim}}}}}"
    if config.causal:
        scores = rf"\operatorname{{mask}}\!\left({scores}\right)"
    return rf"{z} = \operatorname{{softmax}}\!\left({scores}\right){v}"


def variance(D: int, measured: float, seed: int) -> str:
    """Why the sum of D products is √D too large."""
    return (
        f"q·k is a sum of D = **{D}** products. Before training, q and k are as good as random: "
        "say each of their numbers has mean 0 and **variance** 1 (the variance is the mean of the "
        "squares). Then one product q₁k₁ also has variance 1, and when independent numbers are "
        f"added, *their variances add*. So q·k has variance {D}: it is typically as large as "
        f"√{D} ≈ **{math.sqrt(D):.1f}**, plus or minus. Measured on random q and k (seed {seed}): "
        f"variance **{measured:.1f}**. Softmax raises e to that: a token "
        f"whose score is √{D} higher than another's gets $e^{{{math.sqrt(D):.1f}}}$ ≈ "
        f"{_large(math.exp(math.sqrt(D)))} times its share, before anything was learned. Dividing "
        f"by √{D} brings the variance back to 1, however wide a head is."
    )


def _large(value: float) -> str:
    return f"{value:,.0f}" if value < 1e6 else tidy(value)


def slip(config: GPTConfig) -> str:
    """What the notebook divides by, and what that does in this model."""
    C, D, H = config.n_embd, config.head_dim, config.n_head
    if H == 1:
        return (
            f"**The notebook's slip.** It divides by √C, the root of the model's *width*. This "
            f"model has one head, which is as wide as the model (D = C = {C}), so here it is no "
            "slip at all. Choose a model with several heads."
        )
    repair = "Training can make q and k larger to make up for it, but has to learn that first."
    if config.qk_norm:
        repair = "Here training can't make up for it: q and k are normalised."
    return (
        f"**The notebook's slip.** It divides by √C, the root of the model's *width* {C}. But q "
        f"and k are only {D} wide, so the variance of the scores becomes {D}/{C} = {D / C:.2g} "
        f"instead of 1. The scores begin {math.sqrt(H):.3g} times too small, and softmax too flat, "
        f"close to a plain average. {repair} Nothing crashes: such a slip shows in no error "
        "message."
    )


def normed_queries(config: GPTConfig, largest: float) -> str:
    """What query-key norm changes in the argument."""
    D = config.head_dim
    if not config.qk_norm:
        return (
            "In a trained model q and k are no longer random, and nothing holds their size: "
            "training may make the scores as large as it needs. On this prompt the largest score "
            f"of any head, divided by √D, is **{number(largest)}** in size. Some models normalise "
            "q and k to prevent that (*query-key norm*); this one doesn't."
        )
    return (
        "**This model normalises q and k** (query-key norm). Each has length √D, whatever was "
        f"learned, so q·k lies between −{D} and {D}, and after dividing by √{D} between "
        f"−{math.sqrt(D):.2f} and {math.sqrt(D):.2f}. The score says only how well the "
        f"*directions* agree. On this prompt the largest is **{number(largest)}** in size. So "
        "training can't let the scores grow out of hand, and it can't make softmax sharper than "
        "that allows either."
    )


def chosen_in_words(name: str, measured: dict[str, Sharpness], losses: dict[str, float]) -> str:
    """What the chosen divisor does to this model's rows and to its loss, against √D."""
    real, proper = measured[name], measured[PROPER]
    change = real.evenness - proper.evenness
    if name == PROPER:
        verdict = "This is what the model learned with."
    elif abs(change) < 0.005:
        verdict = "That makes next to no difference here."
    elif change > 0:
        verdict = "Softmax **flattens**: attention comes closer to the plain average of step 1."
    else:
        verdict = "Softmax **saturates**: rows come closer to all or nothing."
    if name != PROPER:
        verdict += f" The loss on the prompt goes from {losses[PROPER]:.2f} to {losses[name]:.2f}."
    return (
        f"**Divided by {name}:** evenness {real.evenness:.2f}, largest weight {real.largest:.2f} "
        f"on average. {verdict}"
    )


SLIP, PROPER, NOTHING = "√C, the slip", "√D, the head's size", "nothing"
DIVISORS = (SLIP, PROPER, NOTHING)

HOW_TO_MEASURE = (
    "**Evenness** is a row's entropy, divided by the largest that it could have: 1 is a plain "
    "average, 0 means that one token takes all. All numbers are means over all heads, and over the "
    "rows that have a choice (at least two tokens to listen to)."
)

MASK_GUESSES = (
    "The one with the mask: lower loss, better text",
    "The one without: lower loss, better text",
    "The one without has the lower loss, but writes worse",
    "No difference worth mentioning",
)

MASK_INTRO = (
    "Steps 2 to 4 all cut off the future: row t may use tokens 0 to t, and no later one. This is "
    "the **causal mask**. It throws away half of the scores. What if we left it out, and let every "
    "token listen to all the others? Here are two models that differ in nothing else."
)

MASK_QUESTION = (
    "Two small models are trained on the same text. They start from the same weights, see the same "
    "batches, and take the same number of steps. One has the causal mask. In the other every "
    "position sees the **whole** piece of text, also what comes after it. Both must guess each "
    "position's next character. Which one reaches the lower training loss, and which one writes "
    "better afterwards?"
)

MASK_WHY = (
    "**Why?** While training, the right answer for position t stands in the text at position "
    "t + 1. Without a mask a head only has to look one place to the right and copy. That is easier "
    "than learning English, so it is what the model learns: its loss falls nearly to 0, and it has "
    "learned next to nothing about what follows what. When it **writes**, there is no next "
    "character yet: it is what we ask for. The head looks to the right, and nothing is there.\n\n"
    "The mask takes the answer away while training, so that training asks the same question as "
    "writing does. And it costs nothing: one pass over T tokens still gives T exercises at once. "
    "Models without a mask have their uses (BERT, to understand whole texts), but they are trained "
    "on another exercise: tokens are blotted out, and the model guesses those."
)


def what_masking_did(value: dict[str, Any]) -> str:
    """Which of MASK_GUESSES came out. Who writes better: whose loss is lower without the future."""
    mask, free = value["models"]["mask"], value["models"]["no mask"]
    last = {name: curve[-1] for name, curve in value["curves"].items()}
    lower, better = last["no mask"] < last["mask"], free["hidden"] < mask["hidden"]
    if lower:
        return MASK_GUESSES[1 if better else 2]
    return MASK_GUESSES[3 if better else 0]


def mask_answer(guess: str, value: dict[str, Any]) -> Answer:
    truth = what_masking_did(value)
    last = {name: curve[-1] for name, curve in value["curves"].items()}
    hidden = {name: model["hidden"] for name, model in value["models"].items()}
    return Answer(
        guess == truth,
        f"{truth}. In the recorded run the training loss ends at "
        f"{last['no mask']:.2f} nats per character without the mask and at {last['mask']:.2f} with "
        "it. With the future hidden, as it is when writing, the losses on new text are "
        f"{hidden['no mask']:.2f} and {hidden['mask']:.2f}.",
    )


MASK_CURVES_ALT = "Training loss of the model with the mask and of the one without"
MASK_OUTCOME = "**What came of them**, measured on text that neither was trained on"
MASK_TEXTS = f"**What they write** after `{PROMPT}`, one character at a time, seed {SEED}"


def next_in_words(models: dict[str, Any]) -> str:
    shares = models["no mask"]["next"]
    heads = [
        f"layer {layer}, head {head}: **{share:.0%}**"
        for layer, row in enumerate(shares)
        for head, share in enumerate(row)
    ]
    return (
        "How much of its attention does a position of the model without the mask give to the "
        f"character right after it, on average? {'; '.join(heads)}. Spread evenly it would be "
        f"{1 / MODEL['block_size']:.1%}. With the mask it is 0 by construction."
    )


MASK_LENGTHS = "**Loss with the future hidden**, by how many characters they are given"

MASK_LENGTHS_ALT = (
    "Loss of the next character for both models by the number of characters before it"
)


def last_place(T: int, last: float, before: float) -> str:
    return (
        f"Without the mask, {T} characters are a special case ({last:.1f}, after {before:.1f} for "
        f"{T - 1}): the last position of a piece was the only one that could never peek, so there "
        "the model had to learn a little."
    )


def blind_in_words(hidden: float, blind: float) -> str:
    if hidden <= blind:
        return ""
    return (
        f"Without the mask and without a future, the loss is **{hidden:.1f}**. Whoever knows "
        f"nothing, and calls all characters equally likely, has {blind:.2f}. This model is worse "
        "off than knowing nothing: it is *sure* of what it takes for the next character."
    )


def check(error: float, tokens: int) -> str:
    return (
        "Check: q, k, v, weights and output, calculated here step by step, differ from what "
        f"flowed through the model by at most {tidy(error, 0)}. The model read these {tokens} "
        "tokens alone, as if they were the whole prompt."
    )


UNMASKED = "This model was built without a mask: its own heads skip the step to −∞."
LONELY = "One token shares its attention with nobody. Write at least two in the sidebar."
