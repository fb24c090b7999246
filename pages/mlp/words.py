"""What the MLP lesson says of a neuron, with this model's numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpt_core.interpret.attention import Ablation
from gpt_core.interpret.neurons import Silence
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import counted, number, percent, tidy, went
from ui.show.tokens import TokenLike, code

GOAL = "Follow one neuron: what it reads, how active it is, what it adds, what goes without it."

ACTIVATIONS = "The neuron on each token"
TOP_TEXTS = "Where the neuron is most active"
STAYS, MOVES, FALLS = (
    "hardly changed: the best guess stays, and less than 1% of the probability moves",
    "changed more than that, but the best guess stays the best",
    "another token becomes the best guess",
)
GUESSES = (STAYS, MOVES, FALLS)

FUNCTIONS = {
    "relu": "**relu**: max(x, 0). Below zero nothing passes: the neuron is exactly 0.",
    "gelu": "**gelu**: x times the chance that a normal random number is below x. Nearly relu, but "
    "smooth, and slightly negative left of zero.",
    "gelu_tanh": "**gelu**, in the approximation by tanh that GPT-2's code has; it differs by less "
    "than 0.001.",
    "relu2": "**relu²**: max(x, 0)². As often 0 as relu. What is above 1 grows, what is below 1 "
    "shrinks.",
    "swiglu": "**SwiGLU**: two matrices read the token; what comes out of one passes through "
    "silu, x · sigmoid(x), and is the **gate** that multiplies the other. So an activation can "
    "have either sign.",
}
READING = (
    "Geva et al. 2021, [Transformer Feed-Forward Layers Are Key-Value Memories]"
    "(https://arxiv.org/abs/2012.14913): what neurons fire on and what they write",
    "Elhage et al. 2022, [Toy Models of Superposition](https://arxiv.org/abs/2209.10652): why one "
    "neuron may stand for several things",
    "Bolukbasi et al. 2021, [An Interpretability Illusion for BERT]"
    "(https://arxiv.org/abs/2104.07143): why the strongest texts alone can fool you",
    "Shazeer 2020, [GLU Variants Improve Transformer](https://arxiv.org/abs/2002.05202); So et al. "
    "2021, [Primer](https://arxiv.org/abs/2109.08668): relu²",
)


def intro(config: GPTConfig, hidden: int) -> str:
    """What an MLP is, with this model's sizes."""
    return (
        "Attention moves information between tokens. Then the **MLP** works on each token alone, "
        f"with **{hidden:,} neurons** in {_layers(config, hidden)}. Below is one of them, on every "
        "token of your prompt."
    )


def _layers(config: GPTConfig, hidden: int) -> str:
    if config.n_layer == 1:
        return "this model's only layer"
    return f"each layer: {config.n_layer * hidden:,} in this model"


def mechanism(config: GPTConfig, hidden: int) -> str:
    """From a token's vector through the neurons and back, with this model's sizes."""
    C, name = config.n_embd, config.activation
    pre = config.norm != "none" and config.norm_position == "pre"
    read = "norm(x)" if pre else "x"
    inner = f"{name}(W_up · {read})"
    if name == "swiglu":
        inner = f"(silu(W_gate · {read}) × (W_up · {read}))"
    formula = f"x + W_down · {inner}"
    if config.norm != "none" and not pre:
        formula = f"norm({formula})"
    norm = (
        ""
        if config.norm == "none"
        else " The norm brings a vector to a common size; LayerNorm is about it."
    )
    bias = " Biases are left out." if config.bias else ""
    return (
        f"1. **In.** `W_up`, {hidden} × {C}, turns the token's {C} numbers into {hidden}: one for "
        "each neuron.\n"
        "2. **Between.** An activation function decides how active each neuron is.\n"
        f"3. **Out.** `W_down`, {C} × {hidden}, holds a vector of {C} numbers for each neuron. The "
        "vectors of active neurons are added back.\n\n"
        f"In short: `{formula}`.{norm}{bias}"
    )


def width(config: GPTConfig, hidden: int, share: float) -> str:
    """Why there are more neurons than channels. share: the MLP's of a layer's parameters."""
    C = config.n_embd
    told = (
        f"**Why {number(hidden / C, '.3g')} times wider?** One neuron can do one thing: compare "
        "the vector with one direction, and add one other vector. "
    )
    if hidden > C:
        told += (
            f"{hidden} neurons hold {hidden} such pairs, more than the {C} directions at right "
            f"angles that {C} numbers have room for. "
        )
    told += f"The price: {100 * share:.0f}% of a layer's parameters are in its MLP. "
    if config.activation == "swiglu":
        return told + (
            "With three matrices instead of two, SwiGLU is mostly 8/3 times wider: about as many "
            "weights as two matrices that are 4 times wider."
        )
    return told + (
        "Four is a habit, not a law: the first transformer had it (512 → 2,048; Vaswani et al. "
        "2017), and most GPTs kept it."
    )


def concrete(token: TokenLike, pre: float, post: float, config: GPTConfig, length: float) -> str:
    """The neuron at one token, in its numbers."""
    function = "times its gate" if config.activation == "swiglu" else f"→ {config.activation}"
    told = f"At {code(token.text)}: **{tidy(pre)}** {function} → **{tidy(post)}**. "
    if post == 0:
        return told + "Its activation is 0 on the whole prompt: it adds nothing."
    return told + (
        f"It adds {tidy(post)} times its vector in `W_down`, which has length {tidy(length)}: "
        f"together a vector of length {tidy(abs(post) * length)}."
    )


def question(layer: int, neuron: int, token: str, share: float) -> str:
    """What to predict."""
    return (
        f"After your prompt the best guess is {code(token)} with {percent(share)}. Now neuron "
        f"{neuron} of layer {layer} is taken away: its activation is 0 at every token. The "
        "prediction is …"
    )


def outcome(change: Ablation) -> str:
    """Which of the three guesses is true."""
    if change.before.argmax() != change.after.argmax():
        return FALLS
    return STAYS if moved(change) < 0.01 else MOVES


def moved(change: Ablation) -> float:
    """How much of the probability some tokens lost and others gained, 0 to 1."""
    return (change.after - change.before).abs().sum().item() / 2


def answer(guess: str, change: Ablation, fires: bool) -> Answer:
    """Whether the guess holds, by the numbers."""
    truth = outcome(change)
    best = change.before.argmax()
    shares = (percent(float(each[best])) for each in (change.before, change.after))
    told = f"{100 * moved(change):.2f}% of the probability moved; the best guess {went(*shares)}."
    if guess != truth:
        told = f"What happens: {truth}. {told}"
    if not fires:
        told += " It never fires on this prompt, so there was nothing to take away."
        return Answer(guess == truth, told)
    if change.loss_before is not None and change.loss_after is not None:
        losses = (number(n / math.log(2), ".3f") for n in (change.loss_before, change.loss_after))
        told += f" The prompt's own loss {went(*losses)} bits per token."
    if truth == STAYS:
        told += " That does not prove the neuron useless: another text may need it."
    return Answer(guess == truth, told)


def later(layers: int) -> str:
    """Who else reads what a neuron writes."""
    if not layers:
        return "No later layer reads this vector."
    who = "a later layer reads" if layers == 1 else f"{layers} later layers read"
    return f"That is not the whole story: {who} this vector too, and may do something else with it."


def silence_table(found: Sequence[Silence], hidden: int) -> dict[str, list[str]]:
    """A row for each layer."""
    return {
        "exactly 0": [f"{100 * each.zero:.1f}%" for each in found],
        "below 1% of the layer's largest": [f"{100 * each.quiet:.1f}%" for each in found],
        "neurons that are 0 on every token": [f"{each.never} of {hidden}" for each in found],
    }


LOUDEST = "Neurons of this layer that add the longest vectors on your prompt:"
ADDED = "added to the logit"
EFFECT_ALT = "The tokens whose logits this neuron raises and lowers the most, by itself"


def effect(token: str, activation: float, layers: int, normed: bool) -> str:
    """layers: how many come after the neuron's own. normed: whether a norm does."""
    silent = "Its activation is 0 here; if it were 1"
    at = f"At {code(token)}, with its activation of {tidy(activation)}" if activation else silent
    return (
        f"{at}: what its vector by itself adds to each token's score for coming next, its "
        f"**logit**. {_direct(layers, normed)}{later(layers)}"
    )


def _direct(layers: int, normed: bool) -> str:
    if not (layers or normed):
        return ""
    past = ", past all later layers" if layers else ""
    fixed = "; what the norms on this way divide by is held fixed" if normed else ""
    return f"(The *direct effect*: straight to the end{past}{fixed}.) "


REMOVAL_ALT = "Probabilities of the likeliest next tokens with and without the neuron"


def silence(tokens: int, hidden: int, activation: str, zero: float) -> str:
    """zero: the largest share of exact zeros in a layer, 0 to 1."""
    told = f"Of {counted(tokens, 'token')} × {hidden} activations in each layer, on your prompt. "
    if activation in ("relu", "relu2"):
        return told + f"{activation} makes everything below 0 exactly 0."
    name, bound = _ROUNDED[activation]
    if zero > 0:
        return told + (
            f"{name} is only nearly 0 far below zero; the exact zeros come from rounding: in 32 "
            f"bits it is 0 below about {number(bound, 'g')}."
        )
    return told + (
        f"{name} is only nearly 0 far below zero. Rounding would make it exactly 0 below about "
        f"{number(bound, 'g')}; no neuron got that far here."
    )


# Below which input a function is rounded to 0 in 32 bits.
_ROUNDED = {"gelu": ("gelu", -5.5), "gelu_tanh": ("gelu", -5.1), "swiglu": ("The gate's silu", -89)}


def own_function(activation: str) -> str:
    return (
        f"This model's own is {FUNCTIONS[activation]} Without such a function, `W_down · W_up` "
        "would be one matrix, and the MLP could do no more than a single *linear* layer."
    )


_ZEROS = "Find a neuron that is 0 on your whole prompt, and a dead one, which is 0 on every text."
_SILENT = {
    "relu": _ZEROS,
    "relu2": _ZEROS,
    "swiglu": "Find a neuron with an activation above 0 at one token and below 0 at another.",
}
_QUIET = "Find a neuron whose activation is nowhere above 0 on your prompt. What would fire it?"


def to_try(config: GPTConfig) -> tuple[str, ...]:
    """What to do with a model of this activation function."""
    two = "one of the first layer and one of the last" if config.n_layer > 1 else "two neurons"
    return (
        f"Choose {two.replace('one of', 'a neuron of', 1)}. Which one's texts are easier to name?",
        "Find a neuron whose texts have one thing in common, write a prompt with it, and see "
        "whether the neuron fires. Then write one that should not fire it.",
        _SILENT.get(config.activation, _QUIET),
        "Train a model with another activation function and compare the table of zeros.",
    )


QUESTIONS = (
    (
        "Does an MLP see the other tokens of the prompt?",
        "No. It reads one token's vector. What it can use of other tokens, attention has brought "
        "into that vector before.",
    ),
    (
        "Leave out the activation function. What can the MLP do then?",
        "Only what one matrix can: `W_down · W_up` is a single matrix, however many neurons lie "
        "between.",
    ),
    (
        "All texts that fire a neuron most are about colours. Is it a neuron for colours?",
        "That is not shown. You see only its strongest texts; it may fire on much else, too, and "
        "other neurons may fire on colours. Test it with prompts of your own, and remove it.",
    ),
)
ABILITIES = (
    "say what happens to a token's vector in an MLP",
    "read what a neuron fires on and what it adds, and say what that leaves open",
    "tell why there is a curve between the two matrices",
)


def dead(read: int) -> str:
    return (
        f"**Dead, as far as was read.** On all {read:,} tokens its activation is exactly 0, so it "
        "adds nothing there. A **dead** neuron is one that is 0 on every text."
    )


def search(imported: bool) -> str:
    """On the button that looks for a neuron's texts."""
    return "Search the text that came with it" if imported else "Search the text the model learned"


def firing(read: int, share: float, kind: str, imported: bool) -> str:
    whose = "text that came with this model" if imported else "text that this model learned"
    rare = " Nearly dead." if share < 1e-4 else ""
    return (
        f"Of {read:,} tokens of the {whose}, its activation is above 0 on "
        f"**{number(100 * share, '.3g')}%**.{rare} It is strongest on the marked tokens below. "
        + ("Either sign counts, since SwiGLU has both." if kind == "swiglu" else "")
    )


ONCE = (
    "Places where the last three tokens are the same are shown once. The model saw up to a "
    "whole context before each; only the end of it is printed."
)
