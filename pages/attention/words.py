"""What the Attention lesson says, with the numbers of the model and the prompt in view."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gpt_core.interpret.attention import Ablation, Head
from gpt_core.model.config import GPTConfig
from pages.attention.results import FirstToken, Meaning, Row
from ui.app.lesson import Answer
from ui.show.numbers import counted, near_even, number, percent, went
from ui.show.theme import Palette
from ui.show.tokens import code

GOAL = "Read a picture of attention, cell by cell, and test whether a head matters."

# ---- A word that means what another word says ----

# The last one is no thing of the show: the model never met it.
THINGS = ("garden gnome", "wooden stool", "silver trophy", "cuckoo clock", "bicycle")
REASON = (
    "What does **It** mean here? That depends on another word. So a model must carry something "
    "from that word to later ones. **Attention** does this. (The model that comes with the course "
    "is to continue the text; its last token is framed.)"
)
MEANING_WEIGHTS = "What the last token looks at"
WITHOUT = (
    "Still the same thing: the other heads find it, too",
    "Some other thing of the show",
    "No thing at all",
)
ENOUGH = 0.5  # of the probability
MEANING_ALT = "The likeliest next tokens with all heads, and without the one that looks at it"


def sentence(thing: str) -> str:
    """A text that goes on with the thing."""
    return (
        f"INT. THE LIBRARY - MORNING\n\n(Otto and June are wrapping a {thing}. It still looks "
        "just like a"
    )


def name_of(head: Head) -> str:
    """A head in a sentence."""
    return f"layer {head[0]}, head {head[1]}"


def without_head(head: Head) -> str:
    """A head that is off, in a legend."""
    return f"without {head[0]}.{head[1]}"


def what_without(thing: str, found: Meaning) -> str:
    """What to predict before the head is off."""
    start = (
        f"The model goes on with “{thing}”; its probability is {percent(found.right)}."
        if found.right >= ENOUGH
        else f"The model gives “{thing}” only {percent(found.right)}."
    )
    return (
        f"{start} One head looks from the last token at the thing more than any other. We switch "
        "it off: its output becomes 0. What does the model say then?"
    )


def what_was_said(found: Meaning) -> str:
    """Which of WITHOUT came out."""
    if found.wrong >= ENOUGH:
        return WITHOUT[0]
    return WITHOUT[1 if found.things >= ENOUGH else 2]


def judged(guess: str, thing: str, found: Meaning) -> Answer:
    """Whether the guess holds, and by which numbers."""
    truth = what_was_said(found)
    why = (
        f"“{thing}” falls from {percent(found.right)} to {percent(found.wrong)}."
        if found.wrong < found.right and percent(found.wrong) != percent(found.right)
        else f"“{thing}” has {percent(found.wrong)}, and had {percent(found.right)}."
    )
    why += f" All things of the show together have {percent(found.things)} (by their first token). "
    if truth == WITHOUT[1]:
        why += "The model can still tell that a thing comes; it has lost *which*."
    return Answer(guess == truth, why)


def meaning(thing: str, found: Meaning) -> str:
    """Which head it is, what it looks at, and what goes without it."""
    seen = found.weights[found.place].item()
    if seen >= ENOUGH:
        told = f"At the last token, **{name_of(found.head)}** gives its largest weight, "
        told += f"{percent(seen)}, to {code(found.tokens[found.place].text)}. "
    else:
        told = f"From the last token, no head looks much at “{thing}”: the most is "
        told += f"{percent(seen)} of its weight, of **{name_of(found.head)}**. "
    if found.right < ENOUGH:
        return told + (
            f"{'And' if seen < ENOUGH else 'But'} “{thing}” gets {percent(found.right)}: this "
            "model doesn't say it. It learned from texts in which other things are wrapped."
            f"{' To look at a word is not enough.' if seen >= ENOUGH else ''}"
        )
    told += f"With all heads “{thing}” gets {percent(found.right)}. Without this one it gets "
    told += f"{percent(found.wrong)}. "
    if found.wrong < found.right / 2:
        told += "So this head carries the meaning of *It* to the end of the text."
    else:
        told += "So the model gets there without it: other heads may stand in."
    if found.needed:
        heads = ", ".join(f"{i}.{j}" for i, j in found.needed)
        told += (
            f" It is not alone: without any one of {heads} (layer.head) the thing loses more than "
            "half of its probability, too."
        )
    return told


def loaded_model(thing: str, share: float | None) -> str:
    """What another model makes of the same text; None where it can't read it."""
    if share is not None and share >= ENOUGH:
        return f"The model that you have loaded gets it right as well: {percent(share)}."
    if share is None:
        told = (
            "The model that you have loaded can't read this text: it is longer than the model's "
            "context, or has characters that its tokenizer doesn't know. "
        )
    else:
        told = (
            f"The model that you have loaded gives “{thing}” {percent(share)} here. Its text was "
            "another one, or it is too small, or it has learned too little. "
        )
    return told + (
        "So this part shows the model that comes with the course; all below is about yours."
    )


# ---- The picture ----

GUESSES = (
    "It falls by more than a tenth of itself",
    "It stays about the same",
    "It rises by more than a tenth of itself",
)


@dataclass(frozen=True)
class Favourite:
    """What one position of one head gives most weight to."""

    row: int
    asks: str
    column: int
    asked: str
    weight: float


def intro(config: GPTConfig, T: int) -> str:
    """What is in the picture."""
    heads = "one head" if config.n_head == 1 else f"{config.n_head} heads"
    layers, each = (
        ("one layer", "") if config.n_layer == 1 else (f"{config.n_layer} layers", " each")
    )
    pictures = config.n_layer * config.n_head
    return (
        f"This model has {layers} of {heads}{each}: "
        f"{'1 picture' if pictures == 1 else f'{pictures} pictures'} for "
        f"{'this 1 token' if T == 1 else f'these {T} tokens'}. Each cell is one weight from 0 to 1."
    )


ONE_HEAD = (
    "Each does what one head did in the lesson before: a token sends a *query*. The better another "
    "token's *key* matches it, the more of that token's *value* is added. Edit the prompt at the "
    "top and watch the pictures change."
)


def concrete(head: Head, favourite: Favourite, causal: bool, T: int) -> str:
    """One row of the chosen head in a sentence; the prompt has T tokens."""
    f = favourite
    visible = f.row + 1 if causal else T
    seen = f"the {visible} positions up to itself" if causal else "all positions"
    if visible == 1:
        seen = "the only position it may see, itself"
    even = ""
    if visible > 1 and near_even(f.weight, visible):
        even = f" Here that is hardly more than an even share, {1 / visible:.3f} for each."
    return (
        f"In **{name_of(head)}**, the :blue[**query**] of position {f.row}, {code(f.asks)}, is "
        f"compared with the :red[**key**] of {seen}. The weights sum to 1. The largest, "
        f"**{f.weight:.3f}**, goes to position {f.column}, {code(f.asked)}: that token's "
        f":green[**value**] enters the sum with a share of {f.weight:.0%}.{even}"
    )


SEEN = 0.01  # a smaller difference of two weights isn't marked
NOT_CELL_BY_CELL = "Their pictures differ in number or size, so no cells are compared."


def changes_most(head: Head, asks: str, asked: str, weight: float, size: float) -> str:
    """Of two pictures of all heads, where they differ most. asks, asked: A's tokens there."""
    if size < SEEN:
        return "No weight differs by 0.01 or more."
    return (
        f"The weight that differs most (by {size:.2f}; dashed in its head): {name_of(head)}, "
        f"{code(asks)} at {code(asked)}, {weight:.2f} in A. The number with ± at a head is "
        "its largest difference."
    )


def question(head: Head, token: str, share: float) -> str:
    """Ask for a prediction before the head is removed."""
    return (
        f"The model's best guess for the next token is {code(token)}, with {percent(share)}. We "
        f"switch off {name_of(head)}: its output becomes 0. What happens to that {percent(share)}?"
    )


def answer(guess: str, best: int, change: Ablation, sharpness: float, heads: int) -> Answer:
    """Compare the prediction with what happened; heads: how many the model has."""
    others = (
        " Try a sharper and a more blurred head, and see whether sharpness tells you anything."
        if heads > 1
        else ""
    )
    before, after = change.before[best].item(), change.after[best].item()
    happened = GUESSES[0 if after < 0.9 * before else 2 if after > 1.1 * before else 1]
    loss = ""
    if change.loss_before is not None and change.loss_after is not None:
        was, now = change.loss_before / math.log(2), change.loss_after / math.log(2)
        shown = went(number(was, ".3f"), number(now, ".3f"))
        loss = (
            f" The loss on the prompt's own tokens {shown} bits per token "
            f"({number(now - was, '+.3f')})."
        )
    return Answer(
        guess == happened,
        f"{happened}: it {went(percent(before), percent(after))}.{loss} How sharp was its picture? "
        f"On average the largest weight of a row of this head is {sharpness:.0%}.{others}",
    )


# ---- What is read below the picture ----

MASK = (
    "- **The triangle:** the hatched half is the future, which is masked (see *Averaging*). A "
    "cell without any colour is different: it was allowed, and got almost nothing."
)
NO_MASK = (
    "- **No triangle:** this model was built without a mask. Every token sees the whole prompt, "
    "also what comes after it."
)


def how_to_read(causal: bool) -> str:
    """What a row, a column and the triangle mean."""
    return (
        "- **A row** belongs to the token whose query it is. Its weights are shares: they sum to "
        "1.\n"
        "- **A column** belongs to the token whose key it is. A column of strong colour is a "
        "token that gets much weight from many; its sum can be anything.\n"
        f"{MASK if causal else NO_MASK}\n"
        "- **The colour** means the same weight in every picture and for every prompt. In the "
        "small pictures a dot shows the strongest of the cells that fall on it."
    )


def formula(colours: Palette, causal: bool) -> str:
    """Scaled dot-product attention, in the colours of its parts (LaTeX)."""

    def part(colour: str, letter: str) -> str:
        return rf"\textcolor{{{colour}}}{{{letter}}}"

    q, k, v = part(colours.query, "Q"), part(colours.key, "K"), part(colours.value, "V")
    z, scores = part(colours.output, "Z"), rf"\frac{{{q}{k}^\top}}{{\sqrt{{D}}}}"
    if causal:
        scores = rf"\operatorname{{mask}}\!\left({scores}\right)"
    return rf"{z} = \operatorname{{softmax}}\!\left({scores}\right){v}"


def sizes(config: GPTConfig, T: int) -> str:
    """What the letters of the formula are in this model, on this prompt."""
    H, D, C = config.n_head, config.head_dim, config.n_embd
    turned = (
        " (each q and k is turned by its position first, as *Positions* shows)"
        if config.position == "rope"
        else ""
    )
    return (
        f"Here **T = {T}** token{'s' if T > 1 else ''}, **H = {H}** head{'s' if H > 1 else ''} "
        "in each layer, and "
        f"**D = {C} / {H} = {D}** numbers per head. In each head, :blue[**Q**], :red[**K**] and "
        f":green[**V**] are {T} × {D}{turned}, and QKᵀ is {T} × {T}: one picture. The "
        f":violet[**outputs**] of all heads, side by side, are {T} × {C} again. One more matrix "
        "mixes them, and the result is added to each token's vector."
    )


def why_infinity(row: Row, token: str) -> str:
    """Why the mask writes −∞ before softmax and not 0 after it, on one row of the head."""
    return (
        "**Why −∞ before softmax, and not 0 after it?** A row has to sum to 1. Without a mask, "
        f"softmax would give {row.future:.0%} of row {row.position}, {code(token)}, to later "
        f"tokens. Setting that to 0 afterwards would leave a row that sums to "
        f"{number(1 - row.future)}: how much is left depends on the future. With −∞ softmax never "
        "counts those tokens: e to the power of −∞ is 0, and the rest sums to 1."
    )


def twice_as_long(T: int, attending: int, matrices: int) -> str:
    """What attention costs when the text is twice as long; numbers of one layer's products."""
    told = (
        "**What does a text twice as long cost?** Each head makes T × T = "
        f"{counted(T * T, 'score')} now, and would make {4 * T * T:,}: four times as many. The "
        "weight matrices have twice as much to do. "
    )
    share, even = attending / (attending + matrices), T * matrices / attending
    told += f"In a layer, scores and sums take {share:.0%} of the multiplications on this prompt"
    if attending < matrices:
        return told + f"; beyond T = {even:,.0f} they would take more than half."
    return told + ", more than the matrices."


def first_in_words(found: FirstToken, token: str) -> str:
    """Whether the heads rest on the first token, and why many models' heads do."""
    mean, heads = sum(found.shares) / len(found.shares), len(found.shares)
    resting = sum(share > 2 * found.even for share in found.shares)
    told = (
        "**Why do heads look at the first token?** A row must sum to 1, also where a head finds "
        "nothing. The weight has to go somewhere, and every later token can see the first one. "
        "In large models most heads put much of it there. "
    )
    on_average = "" if heads == 1 else " on average over all heads"
    here = f"{code(token)} gets {mean:.0%}{on_average}; spread evenly it would be {found.even:.0%}."
    if resting > heads / 2:
        who = "So does this model's only head" if heads == 1 else "So do the heads here"
        return f"{told}{who}: {here}"
    if resting:
        return told + (
            f"Here {resting} of {heads} {'does' if resting == 1 else 'do'}, with more than twice "
            f"an even share. {here}"
        )
    if heads == 1:
        return f"{told}In this model, on this prompt, its only head doesn't: {here}"
    still = f" Still, in {found.most} of {heads} it is the favourite of at least one later row."
    return told + (
        "In this model, on this prompt, no head gives it more than twice an even share: "
        f"{here}{still if found.most else ''}"
    )


PRETTY = """
A crisp stripe is easy to name, and tempting to believe in. But the picture shows only **where** a
head looks. What it **adds** is in v, and what that changes is decided by what comes after it. A
head with a sharp pattern may have no effect; a blurred one may carry the answer. So don't judge by
the looks: **take the head away and measure.**

Even then, mind what was measured: this prompt, these heads, all at once. When little changes, the
other heads may have stood in for the missing one. When much changes, part of it may be that what
comes after it meets numbers that it never saw while training.
"""


COUNTED = {1: "A question", 2: "Two questions", 3: "Three questions"}


def explanation(config: GPTConfig, T: int, colours: Palette, more: list[str]) -> str:
    """All that is read below the pictures, as one text: the page has less to redraw at an edit."""
    return "\n\n".join(
        (
            "## How to read the pictures",
            how_to_read(config.causal),
            "## A clear picture is no proof",
            PRETTY,
            "## The formula",
            f"$$\n{formula(colours, config.causal)}\n$$",
            sizes(config, T),
            f"## {COUNTED[len(more)]} that {'comes' if len(more) == 1 else 'come'} up",
            *more,
        )
    )


_FUTURE = "**Look into the future.** Point at a hatched cell. What does the mask do to its score?"
_TRY = (
    "**Find the neighbour.** Look for a head with a stripe just below the diagonal: each token "
    "looks at the one before it. Choose it, point at the stripe, and read how large q·k is there.",
    "**Repeat a word.** Write the same word two times. Is there a head in which the second copy "
    "looks at what came *after* the first one? That is one way in which models copy. Not every "
    "model has such a head; *Head importance* tests this one for it.",
    "**Be alone.** Shorten the prompt to one letter. Why is the weight exactly 1?",
    "**Switch off a whole layer.** Is the next token still the same?",
)


def to_try(causal: bool) -> tuple[str, ...]:
    """What to do on the page; without a mask no cell is hatched."""
    return (*_TRY, _FUTURE) if causal else _TRY


QUESTIONS = (
    (
        "A row of a head has the weights 0.7, 0.2 and 0.1. What is the head's output for this "
        "token?",
        "0.7 times the first token's value, plus 0.2 times the second's, plus 0.1 times the "
        "third's.",
    ),
    (
        "Row 4 gives 0.9 of its weight to column 1. May row 1 give 0.9 to column 4?",
        "Not in a model with a causal mask: token 4 is the future of token 1. And nothing makes "
        "the picture symmetric: a query is not a key.",
    ),
    (
        "A head has a sharp stripe, and switching it off changes nothing. Name two reasons.",
        "What it adds may not matter for this prediction (its values are short, or point where "
        "later layers do nothing with them). Or other heads stand in for it.",
    ),
)
ABILITIES = (
    "say why a model needs attention, with an example",
    "calculate one weight from a query, the keys and the mask",
    "say what a picture of attention doesn't show",
)
READING = (
    "Vaswani et al. 2017, [Attention Is All You Need](https://arxiv.org/abs/1706.03762), "
    "section 3.2.",
    "Michel, Levy & Neubig 2019, [Are Sixteen Heads Really Better than "
    "One?](https://arxiv.org/abs/1905.10650): how many heads can be removed.",
    "Jain & Wallace 2019, [Attention is not Explanation](https://arxiv.org/abs/1902.10186), and "
    "the reply: Wiegreffe & Pinter 2019, [Attention is not not "
    "Explanation](https://arxiv.org/abs/1908.04626).",
    "Kobayashi et al. 2020, [Attention is Not Only a "
    "Weight](https://arxiv.org/abs/2004.10102): why the length of v counts as well.",
    "Xiao et al. 2023, [Efficient Streaming Language Models with Attention "
    "Sinks](https://arxiv.org/abs/2309.17453): why heads rest on the first token.",
    "Elhage et al. 2021, [A Mathematical Framework for Transformer "
    "Circuits](https://transformer-circuits.pub/2021/framework/index.html).",
)
