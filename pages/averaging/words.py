"""What the lesson "From averaging to attention" says, with the numbers in view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gpt_core.experiments.averaging import Averaged, Difference, HeadView, Sharpness
from gpt_core.jobs.causal_mask import MODEL, PROMPT, SEED
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import number, sure_and_wrong, tidy
from ui.show.tokens import TokenLike, code

BEFORE_WEIGHTS = "How the weights are made"
WEIGHTS_TIMES_X = "Weights × x = averages"
ONE_QUESTION = "One query and all the keys"
MASK_TABLE = "With the mask and without"
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

GOAL = "Build attention from a plain average, in four steps, and say what the mask is for."

TOLD = {
    "loop": "**Step 1, a loop.** Replace each token's vector by the mean of itself and all earlier "
    "ones. It says what is meant, but works token after token.",
    "matrix": "**Step 2, a matrix.** Write ones everywhere, cut off what lies above the diagonal "
    "(`tril`), and divide each row by its sum. One matrix product with x makes all the averages "
    "at once, which is what processors are good at.",
    "softmax": "**Step 3, softmax.** Start from *scores*: 0 for every pair of tokens. Set the "
    "future to −∞ (the **causal mask**). **Softmax** raises e to each score and divides each row "
    "by its sum. e to the power of 0 is 1, to that of −∞ it is 0, so the weights are the same. But "
    "now the scores could be something other than 0.",
    "data": "**Step 4, scores that depend on the tokens.** Each token gets two more vectors: a "
    ":blue[**query** q] and a :red[**key** k]. The score of two tokens is q·k, the query of one "
    "times the key of the other, number by number, added up, and divided by √D (why, is said "
    "further down). Nothing else has changed since step 3, and this is **attention**.",
}

SURPRISE = (
    "`torch.allclose` says **False**, though the arithmetic is the same. ",
    "All are close enough for `torch.allclose` here. ",
)

ROUNDING = "Are steps 1, 2 and 3 equal to the last digit?"
WHY_ROUNDING = (
    "**Why?** A 32-bit number keeps about seven digits, and every operation rounds. The loop adds "
    "first and divides once; the matrix divides first. It is the same sum **in another order**, so "
    "the last digits differ, and neither is wrong. `allclose` allows a difference of "
    "10⁻⁸ + 10⁻⁵ · |number|; where large numbers cancel, that is less than the rounding."
)

TRY = (
    "Put the same word into the prompt twice. Is there a head whose step 4 gives the second one's "
    "attention to the first?",
    "Divide by nothing, then look at the loss on the prompt. Which hurts this model more, scores "
    "that are too small or too large?",
    "Set the source to random q and k and change the seed. How much does the evenness move?",
)
QUESTIONS = (
    (
        "Three tokens have the scores 0, 0 and −∞. What are the weights?",
        "e⁰ = 1, 1 and 0; divided by their sum, 2: 0.5, 0.5 and 0.",
    ),
    (
        "Why does a model with a causal mask learn from a text of T tokens as from T exercises?",
        "Each position sees only what comes before the token that it should predict. So one pass "
        "asks T honest questions at once.",
    ),
    (
        "A head is made twice as wide, and the numbers of q and k keep their size. What happens to "
        "q·k, and to q·k ÷ √D?",
        "q·k is a sum of twice as many products: its variance doubles. Divided by √D, the variance "
        "stays.",
    ),
)
ABILITIES = (
    "write an average of earlier tokens as a matrix, and as a softmax",
    "say what changes from averaging to attention",
    "explain what a model learns without the causal mask",
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
    """The problem, and what to watch."""
    start = f"Your prompt ends with {code(last.text)}. "
    if T == 1:
        start += "It has no token before it yet; write more at the top. "
    return (
        f"{start}To guess what follows, its vector should hold something of what came before, most "
        "simply **the average of all earlier tokens**. Go through the four steps. Between which "
        "two does the average change?"
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
        else f"its largest weight is that of token {favourite}, {code(tokens[favourite].text)}"
    )
    return (
        f"**Row {row}**, {code(tokens[row].text)}: {told}. Channel 0 of its average is "
        f"{' + '.join(terms)} = **{number(step.output[row, 0].item())}**."
    )


def difference_in_words(names: tuple[str, str], d: Difference, exact: float) -> str:
    """The one number that disagrees most with what allclose allows, digit by digit."""
    if not d.largest:
        return "Here all numbers are the same, to the last digit."
    token, channel = d.place
    gap = abs(d.first - d.second)
    verdict = "more" if gap > d.allowed else "less"
    return (
        f"{SURPRISE[d.close]}The hardest case is token {token}, channel {channel}:\n"
        f"- {names[0]}: `{number(d.first, '.12f')}`\n"
        f"- {names[1]}: `{number(d.second, '.12f')}`\n"
        f"- without rounding: `{number(exact, '.12f')}`\n\n"
        f"The two differ by {tidy(gap, 0)}, {verdict} than the {tidy(d.allowed, 0)} that is "
        f"allowed there.{_loose(d)}\n\n{WHY_ROUNDING}"
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
    bias = " + b" if config.bias else ""
    layers = "the only layer" if config.n_layer == 1 else f"each of {config.n_layer} layers"
    return (
        f"In a GPT, **heads** do step 4: this model has {H} in {layers}. This is layer {layer}, "
        f"head {head}. Three learned matrices, each {C} × {D} (D = {C} / {H} = {D}), multiply each "
        f"token's vector x:\n"
        f"- :blue[**Q** = x · `W_Q`{bias}]: what a token looks for, {T} × {D}.\n"
        f"- :red[**K** = x · `W_K`{bias}]: what queries are compared with, {T} × {D}.\n"
        f"- :green[**V** = x · `W_V`{bias}]: what a token passes on, {T} × {D}.\n\n"
        f"A head averages **V**, not x; that is its :violet[**output**], {T} × {D}. "
        f"{_before_they_meet(config)}"
    )


def _before_they_meet(config: GPTConfig) -> str:
    parts = []
    if config.qk_norm:
        parts.append("brings every q and k to length √D (query-key norm)")
    if config.position == "rope":
        parts.append("turns them by their position (as *Positions* shows)")
    if not parts:
        return ""
    return f"Before q and k meet, this model {' and '.join(parts)}."


def question_in_words(
    view: HeadView, row: int, tokens: Sequence[TokenLike], config: GPTConfig
) -> str:
    """One token's largest weight, step by step."""
    D = config.head_dim
    weights = view.weights[row]
    best = int(weights.argmax())
    score = view.scores[row, best].item()
    raw = score * math.sqrt(D)
    own, other = (code(tokens[t].text) for t in (row, best))
    return (
        f"The :blue[q] of {own} (token {row}) matches the :red[k] of {other} (token {best}) best: "
        f"q·k = {number(raw)}, divided by √{D} = {math.sqrt(D):.2f} that is {number(score)}. "
        f"Softmax makes it **{weights[best]:.0%}**: so much of its :green[v] enters the "
        ":violet[output]."
    )


def variance(D: int, measured: float, seed: int) -> str:
    """Why the sum of D products is √D too large."""
    return (
        f"q·k is a sum of D = **{D}** products. *If* the numbers of q and k are independent, with "
        f"mean 0 and **variance** 1, each product has variance 1, and these add: q·k has {D}; "
        f"measured on random q and k (seed {seed}): **{measured:.1f}**. Its typical size is √{D} ≈ "
        f"**{math.sqrt(D):.1f}**: a token whose score is so much higher than another's gets "
        f"{_large(math.exp(math.sqrt(D)))} times its share. Dividing by √{D} brings the variance "
        "back to 1, however wide a head is."
    )


def at_the_start(config: GPTConfig) -> str:
    """How large q and k are before the first step, when weights have standard deviation 0.02."""
    C, D = config.n_embd, config.head_dim
    if config.qk_norm:
        return ""
    size = C * INITIAL**2
    return (
        f"**At the first training step** the divisor hardly matters. Weights usually start with "
        f"standard deviation {INITIAL}, so where x has variance 1 the numbers of q and k have "
        f"variance {C} · {INITIAL}² = {number(size, '.2g')}, and even undivided scores have "
        f"standard deviation {number(math.sqrt(D) * size, '.2g')}. The divisor keeps their size "
        "independent of D as q and k grow.\n\n"
    )


def _large(value: float) -> str:
    return f"{value:,.0f}" if value < 1e6 else tidy(value)


SLIP_TITLE = "Before training, and a slip that no error message shows"


def slip(config: GPTConfig) -> str:
    """What the notebook divides by, and what that does in this model."""
    C, D, H = config.n_embd, config.head_dim, config.n_head
    if H == 1:
        return (
            "The notebook that this course grew from divides by √C, the root of the *width*. "
            f"This model has one head, as wide as the model (D = C = {C}), so here it is no slip "
            "at all."
        )
    repair = "Training can make q and k larger to make up for it."
    if config.qk_norm:
        repair = "Here training can't make up for it: q and k are normalised."
    return (
        "The notebook that this course grew from divides by √C, the root of the *width*, not "
        f"by √D. In this model C = {C} and D = {D}: its scores would come out √{H} = "
        f"{math.sqrt(H):.3g} times too small, and softmax too flat. {repair}"
    )


def normed_queries(config: GPTConfig, largest: float) -> str:
    """What query-key norm changes in the argument."""
    D = config.head_dim
    if not config.qk_norm:
        return (
            "**In a trained model** nothing holds the size of q and k. On this prompt the largest "
            f"score of any head, divided by √D, is **{number(largest)}** in size."
        )
    return (
        "**This model normalises q and k** (query-key norm). Each has length √D, so q·k ÷ "
        f"√{D} lies between −{math.sqrt(D):.2f} and {math.sqrt(D):.2f}, whatever training does. On "
        f"this prompt the largest is **{number(largest)}** in size."
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
        verdict += f" The loss on the prompt goes from {losses[PROPER]:.2f} to "
        verdict += f"{losses[name]:.2f} bits per token."
    return (
        f"**Divided by {name}:** evenness {real.evenness:.2f}, largest weight {real.largest:.2f} "
        f"on average. {verdict}"
    )


SLIP, PROPER, NOTHING = "√C, the slip", "√D, the head's size", "nothing"
DIVISORS = (SLIP, PROPER, NOTHING)
INITIAL = 0.02  # standard deviation of a GPT's weights before training

HOW_TO_MEASURE = (
    "**Spread of weights**: a row's entropy, 0 bits if one token takes all. **Evenness** divides "
    "that by the most it could be: 1 is a plain average. Means over all heads and rows."
)

MASK_GUESSES = (
    "The one with the mask: lower loss, better text",
    "The one without: lower loss, better text",
    "The one without has the lower loss, but writes worse",
    "No difference worth mentioning",
)

MASK_INTRO = (
    "Steps 2 to 4 cut off the future: row t may use tokens 0 to t. What if every token could look "
    "at all the others?"
)

MASK_QUESTION = (
    "Two small models start from the same weights and see the same batches, to guess each next "
    "character. One has the causal mask. In the other, every position sees the **whole** piece of "
    "text. Which one reaches the lower training loss, and which one writes better?"
)


def mask_why(value: dict[str, Any]) -> str:
    """Why it came out so, where the model without the mask learned to copy."""
    use = (
        "With the mask, training asks the same question as writing does, and one pass over T "
        "tokens still gives T exercises. (BERT has no mask and another exercise: to guess hidden "
        "tokens.)"
    )
    if what_masking_did(value) != MASK_GUESSES[2]:
        return use
    return (
        "**Why?** In training, the answer for position t stands in the text at t + 1. Without a "
        "mask, a head only has to look there and copy, which is easier than English. When the "
        f"model **writes**, there is no next character yet. {use}"
    )


def what_masking_did(value: dict[str, Any]) -> str:
    """Which of MASK_GUESSES came out. Who writes better: whose loss is lower without the future."""
    mask, free = value["models"]["mask"], value["models"]["no mask"]
    last = {name: curve[-1] for name, curve in value["curves"].items()}
    lower, better = last["no mask"] < last["mask"], free["hidden"] < mask["hidden"]
    if lower:
        return MASK_GUESSES[1 if better else 2]
    return MASK_GUESSES[3 if better else 0]


def bits(nats: float) -> float:
    """A loss in nats, in bits."""
    return nats / math.log(2)


def mask_answer(guess: str, value: dict[str, Any]) -> Answer:
    """Whether the guess holds, by the losses of the recorded run."""
    truth = what_masking_did(value)
    last = {name: bits(curve[-1]) for name, curve in value["curves"].items()}
    hidden = {name: bits(model["hidden"]) for name, model in value["models"].items()}
    return Answer(
        guess == truth,
        f"{truth}. In the recorded run the training loss ends at {last['no mask']:.2f} bits per "
        f"character without the mask and at {last['mask']:.2f} with it. With the future hidden, as "
        f"in writing, the losses on new text are {hidden['no mask']:.2f} and {hidden['mask']:.2f}.",
    )


MASK_CURVES = "**Training loss**, bits per character of each batch"
MASK_CURVES_ALT = "Training loss of the model with the mask and of the one without"
MASK_OUTCOME = "**What came of them**, measured on text that neither was trained on"
MASK_TEXTS = f"**What they write** after `{PROMPT}`, one character at a time, seed {SEED}"


def next_in_words(models: dict[str, Any]) -> str:
    """How much the model without the mask looks at the answer."""
    shares = models["no mask"]["next"]
    share, layer, head = max(
        (share, layer, head) for layer, row in enumerate(shares) for head, share in enumerate(row)
    )
    return (
        f"Without the mask, layer {layer}, head {head} gives **{share:.0%}** of its attention to "
        f"the next character; spread evenly it would be {1 / MODEL['block_size']:.1%}."
    )


MASK_LENGTHS = "The loss with the future hidden, by how many characters are given"

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
    """Whether the model without the mask is worse than guessing; in bits."""
    if hidden <= blind:
        return ""
    return (
        f"Without the mask and without a future, the loss is **{hidden:.1f}**. Calling all "
        f"characters equally likely costs {blind:.2f}. This model does worse"
        f"{': it is *sure* of a wrong character' if sure_and_wrong(hidden, blind) else ''}."
    )


def check(error: float, tokens: int) -> str:
    differ = f"differ by at most {tidy(error, 0)} from" if error else "are to the last digit"
    return (
        "And the head below: its q, k, v, weights and output, calculated step by step, "
        f"{differ} what flowed through the model. The model read "
        f"{'this 1 token' if tokens == 1 else f'these {tokens} tokens'} alone, as if that were the "
        "whole prompt."
    )


UNMASKED = "This model was built without a mask: its own heads skip the step to −∞."
LONELY = "With one token there is nothing to share: its weight is 1. Write at least two at the top."
