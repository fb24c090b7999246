"""The averaging lesson's experiment: two equal models, one trained without the causal mask."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from gpt_core.jobs.causal_mask import MODEL, PROMPT, SEED, attention_on_next, loss_by_length
from ui.app.job_panel import job_panel, recorded_result
from ui.app.lesson import Answer, predict
from ui.app.source import show_source
from ui.show.curves import Bar, Line, curves, show

RECORDED = "causal_mask"
STEPS = 300
NAMES = {"mask": "with mask", "no mask": "without mask"}  # longer ones would not fit on one line
GUESSES = (
    "The one with the mask: lower loss, better text",
    "The one without: lower loss, better text",
    "The one without has the lower loss, but writes worse",
    "No difference worth mentioning",
)

INTRO = (
    "Steps 2 to 4 all cut off the future: row t may use tokens 0 to t, and no later one. This is "
    "the **causal mask**. It throws away half of the scores. What if we left it out, and let every "
    "token listen to all the others? Here are two models that differ in nothing else."
)

QUESTION = (
    "Two small models are trained on the same text. They start from the same weights, see the same "
    "batches, and take the same number of steps. One has the causal mask. In the other every "
    "position sees the **whole** piece of text, also what comes after it. Both must guess each "
    "position's next character. Which one reaches the lower training loss, and which one writes "
    "better afterwards?"
)

WHY = (
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


def show_mask_experiment() -> None:
    """Ask, then show the recorded run, which can be done again live."""
    st.markdown(INTRO)
    value = recorded_result(RECORDED)["value"]
    if not predict("mask_guess", QUESTION, GUESSES, lambda guess: _answer(guess, value)):
        return
    job_panel("causal_mask", {"steps": STEPS}, _draw, label="Train both models", recorded=RECORDED)
    st.markdown(WHY)
    show_source(attention_on_next, loss_by_length, label="How it was measured")


def happened(value: dict[str, Any]) -> str:
    """Which of GUESSES came out. Who writes better: whose loss is lower without the future."""
    mask, free = value["models"]["mask"], value["models"]["no mask"]
    last = {name: curve[-1] for name, curve in value["curves"].items()}
    lower, better = last["no mask"] < last["mask"], free["hidden"] < mask["hidden"]
    if lower:
        return GUESSES[1 if better else 2]
    return GUESSES[3 if better else 0]


def _answer(guess: str, value: dict[str, Any]) -> Answer:
    truth = happened(value)
    last = {name: curve[-1] for name, curve in value["curves"].items()}
    hidden = {name: model["hidden"] for name, model in value["models"].items()}
    return Answer(
        guess == truth,
        f"{truth}. In the recorded run the training loss ends at "
        f"{last['no mask']:.2f} nats per character without the mask and at {last['mask']:.2f} with "
        "it. With the future hidden, as it is when writing, the losses on new text are "
        f"{hidden['no mask']:.2f} and {hidden['mask']:.2f}.",
    )


def _draw(value: dict[str, Any], finished: bool) -> None:
    lines = [
        Line(NAMES[name], value["steps"], curve, color=number)
        for number, (name, curve) in enumerate(value["curves"].items())
    ]
    st.markdown("**Training loss**, nats per character of each batch")
    show(
        curves(lines, x_title="step", y_title="loss", x_max=STEPS, height=320),
        "mask_curves",
        "Training loss of the model with the mask and of the one without",
    )
    if value["models"]:
        _draw_models(value["models"], value["characters"])


def _draw_models(models: dict[str, Any], characters: int) -> None:
    st.markdown("**What came of them**, measured on text that neither was trained on")
    st.table(pd.DataFrame([_row(NAMES[name], model) for name, model in models.items()]).set_index(
        "model"
    ))  # fmt: skip
    st.markdown(_next_in_words(models))
    _draw_lengths(models, characters)
    st.markdown(f"**What they write** after `{PROMPT}`, one character at a time, seed {SEED}")
    for column, (name, model) in zip(st.columns(2), models.items(), strict=True):
        column.caption(NAMES[name])
        column.code(PROMPT + model["text"], language=None, wrap_lines=True)


def _row(name: str, model: dict[str, Any]) -> dict[str, str]:
    return {
        "model": name,
        "loss, as it was trained": f"{model['loss']:.2f}",
        "loss, the future hidden": f"{model['hidden']:.2f}",
        "most attention on the next character": f"{_most(model):.0%}",
    }


def _most(model: dict[str, Any]) -> float:
    return max(share for layer in model["next"] for share in layer)


def _next_in_words(models: dict[str, Any]) -> str:
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


def _draw_lengths(models: dict[str, Any], characters: int) -> None:
    T = MODEL["block_size"]
    lines = [
        Line(NAMES[name], list(range(1, T + 1)), model["by_length"], color=number)
        for number, (name, model) in enumerate(models.items())
    ]
    st.markdown("**Loss with the future hidden**, by how many characters they are given")
    show(
        curves(
            lines,
            x_title="characters given",
            y_title="loss",
            x_max=T,
            height=320,
            bars=[Bar(f"guessing blindly among {characters} characters", math.log(characters))],
        ),
        "mask_lengths",
        "Loss of the next character for both models by the number of characters before it",
    )
    st.markdown(_blind_in_words(models["no mask"]["hidden"], math.log(characters)))
    free = models["no mask"]["by_length"]
    if free[-1] < free[-2]:
        st.caption(
            f"Without the mask, {T} characters are a special case ({free[-1]:.1f}, after "
            f"{free[-2]:.1f} for {T - 1}): the last position of a piece was the only one that "
            "could never peek, so there the model had to learn a little."
        )


def _blind_in_words(hidden: float, blind: float) -> str:
    if hidden <= blind:
        return ""
    return (
        f"Without the mask and without a future, the loss is **{hidden:.1f}**. Whoever knows "
        f"nothing, and calls all characters equally likely, has {blind:.2f}. This model is worse "
        "off than knowing nothing: it is *sure* of what it takes for the next character."
    )
