"""What the MLP lesson says of a neuron, with this model's numbers."""

from __future__ import annotations

from collections.abc import Sequence

from gpt_core.interpret.attention import Ablation
from gpt_core.interpret.neurons import Silence
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import tidy
from ui.show.tokens import TokenLike, code

STAYS, MOVES, FALLS = (
    "hardly changed: less than 1% of the probability moves",
    "changed, but the best guess stays the best",
    "another token becomes the best guess",
)
GUESSES = (STAYS, MOVES, FALLS)

FUNCTIONS = {
    "relu": "**relu**: max(x, 0). Below zero nothing passes, so a neuron can be silent.",
    "gelu": "**gelu**: x times the chance that a normal random number is below x. Nearly relu, but "
    "smooth, and slightly negative left of zero.",
    "gelu_tanh": "**gelu**, in the approximation by tanh that GPT-2's code has; it differs by less "
    "than 0.001.",
    "relu2": "**relu²**: max(x, 0)². As silent as relu, and what is strong becomes stronger still.",
    "swiglu": "**SwiGLU**: two layers read the token; one passes through silu, x · σ(x), and is "
    "the **gate** that multiplies the other. So a neuron can say *more* or *less*, with either "
    "sign.",
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
    C, name = config.n_embd, config.activation
    formula = (
        "x + W_down · (W_up x · silu(W_gate x))"
        if name == "swiglu"
        else f"x + W_down · {name}(W_up x)"
    )
    bias = " (biases left out)" if config.bias else ""
    return (
        "Attention carries things from token to token. Then the **MLP** looks at each token alone: "
        f"{C} numbers become **{hidden} neurons**, an activation function decides which of them "
        f"speak, and what they say is added back as {C} numbers. In short: `{formula}`{bias}, "
        f"W_up is {hidden} × {C}, W_down {C} × {hidden}. This model has {config.n_layer} layers of "
        f"{hidden}: **{config.n_layer * hidden:,} neurons**."
    )


def concrete(token: TokenLike, pre: float, post: float, config: GPTConfig, length: float) -> str:
    """The neuron at one token, in its numbers."""
    function = "times its gate" if config.activation == "swiglu" else f"→ {config.activation}"
    told = f"At {code(token.text)}: **{tidy(pre)}** {function} → **{tidy(post)}**. "
    if post == 0:
        return told + "The neuron is silent here and adds nothing."
    return told + (
        f"It adds {tidy(post)} times its vector in W_down, which has length {tidy(length)}: "
        f"together {tidy(abs(post) * length)}."
    )


def question(layer: int, neuron: int, token: str, share: float) -> str:
    """What to predict."""
    return (
        f"After your prompt the best guess is {code(token)} with {100 * share:.1f}%. Now neuron "
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
    told = (
        f"{100 * moved(change):.2f}% of the probability moved; the best guess went from "
        f"{100 * change.before[best]:.1f}% to {100 * change.after[best]:.1f}%."
    )
    if guess != truth:
        told = f"What happens: {truth}. {told}"
    if not fires:
        told += " It never fires on this prompt, so there was nothing to take away."
        return Answer(guess == truth, told)
    if change.loss_before is not None and change.loss_after is not None:
        told += (
            f" The prompt's own loss went from {change.loss_before:.3f} to {change.loss_after:.3f} "
            "nats per token."
        )
    told += (
        " A small change does not prove a neuron useless: others may stand in for it, and another "
        "text may need it."
    )
    return Answer(guess == truth, told)


def later(layers: int) -> str:
    """Who else reads what a neuron writes."""
    if not layers:
        return "No later layer reads this vector."
    who = "A later layer reads" if layers == 1 else f"{layers} later layers read"
    return f"That is not the whole story: {who} this vector too, and may do something else with it."


def silence_table(found: Sequence[Silence], hidden: int) -> dict[str, list[str]]:
    """A row for each layer."""
    return {
        "exactly 0": [f"{100 * each.zero:.1f}%" for each in found],
        "below 1% of the layer's largest": [f"{100 * each.quiet:.1f}%" for each in found],
        "neurons silent on every token": [f"{each.never} of {hidden}" for each in found],
    }


LOUDEST = "The loudest of this layer on your prompt, by the length of what they add:"
EFFECT_ALT = "The tokens whose logits this neuron raises and lowers the most, by itself"


def effect(token: str, activation: float, layers: int) -> str:
    """layers: how many come after the neuron's own."""
    silent = "It is silent here; if its activation were 1"
    at = f"At {code(token)}, with its activation of {tidy(activation)}" if activation else silent
    return (
        f"{at}: what its vector adds to each token's logit when the output table reads it through "
        "the last norm (**direct effect**; the norm's divisor is held fixed). "
        f"{later(layers)}"
    )


REMOVAL_ALT = "Probabilities of the likeliest next tokens with and without the neuron"


def silence(tokens: int, hidden: int) -> str:
    return (
        f"Of {tokens} tokens × {hidden} activations in each layer, on your prompt. Functions that "
        "cut off at zero make exact zeros; the others never do."
    )


def own_function(activation: str) -> str:
    return (
        f"This model's own is {FUNCTIONS[activation]} Without such a function, W_down · W_up "
        "would be one matrix, and the MLP could only do what a single layer does."
    )


TRY = (
    "Choose a neuron of the first layer and one of the last. Which one's texts are easier to name?",
    "Find a neuron whose texts have one thing in common, write a prompt with it, and see whether "
    "the neuron fires. Then write one that should not fire it.",
    "Find a neuron that is silent on your prompt, and a dead one, which is silent on every text.",
    "Train a model with another activation function and compare the table of zeros.",
)


def dead(read: int) -> str:
    return (
        f"**A dead neuron.** On all {read:,} tokens that were read, its activation is exactly 0. "
        "Whatever it would write, it never does."
    )


def firing(read: int, share: float, kind: str) -> str:
    rare = " Nearly dead." if share < 1e-4 else ""
    return (
        f"Of {read:,} tokens of the text that this model learned, its activation is above 0 on "
        f"**{100 * share:.3g}%**.{rare} It is strongest on the marked tokens below. "
        + ("Either sign counts, since SwiGLU has both." if kind == "swiglu" else "")
    )


ONCE = (
    "Places where the last three tokens are the same are shown once. The model saw up to a "
    "whole context before each; only the end of it is printed."
)
