"""MLP: one neuron at a time, the text that fires it, what it writes, what goes without it."""

import pandas as pd
import streamlit as st

from gpt_core.interpret import neurons
from gpt_core.interpret.attention import Ablation
from gpt_core.interpret.neurons import Loud
from gpt_core.model.gpt import GPT, FeedForward
from gpt_core.model.recording import Recording
from pages.mlp import words
from pages.mlp.view import activation_chips, activation_curves, effect_bars, show_top_texts
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import (
    ask,
    further_reading,
    goal,
    say_what_is_cut,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.projector import own_panel
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.services.caches import shared
from ui.services.study import Study
from ui.services.traces import recorded
from ui.show.bars import probability_pairs, show_bars
from ui.show.curves import show as show_chart
from ui.show.tables import show_markup, show_table
from ui.show.tokens import code, short

MOST_TOKENS, OFFERED = 64, 8


def neurons_of(study: Study) -> Recording:
    return recorded(study.loaded, study.ids, *neurons.KEPT)


@shared()
def removal_of(study: Study, layer: int, neuron: int) -> Ablation:
    return neurons.remove_neuron(study.model, neurons_of(study), layer, neuron)


def choose(key: str, neuron: int) -> None:
    st.session_state[key] = neuron


def choose_neuron(study: Study, seen: Recording) -> tuple[int, int]:
    """Layer and number; those that add the longest vectors on this prompt are a click away."""
    with own_panel("mlp"):
        left, right = st.columns([1, 3], vertical_alignment="bottom")
    layers = range(study.model.config.n_layer)
    layer = widgets.selectbox("Layer", layers, len(layers) // 2, key="mlp_layer", container=left)
    hidden = study.model.blocks[layer].mlp.down.in_features
    loud = neurons.loudest(study.model, seen, layer, OFFERED)
    key = f"mlp_neuron_{layer}"  # each layer remembers its own
    neuron = widgets.number_input(
        f"Neuron, 0 to {hidden - 1}", 0, hidden - 1, loud[0].neuron, key=key, container=right
    )
    st.caption(words.LOUDEST)
    with st.container(horizontal=True):
        for each in loud:
            offer(study, each, key, each.neuron == neuron)
    return layer, int(neuron)


def offer(study: Study, loud: Loud, key: str, chosen: bool) -> None:
    token = code(study.tokens[loud.place].text)
    st.button(
        f"{loud.neuron} at {token}",
        key=f"{key}_{loud.neuron}",
        type="primary" if chosen else "secondary",
        on_click=choose,
        args=(key, loud.neuron),
    )


def show_activation(study: Study, seen: Recording, layer: int, neuron: int) -> int:
    """The neuron on every token of the prompt; the token where it is strongest."""
    post = seen[f"blocks.{layer}.mlp_post"][:, neuron]
    place = int(post.abs().argmax())
    st.subheader(f"Layer {layer}, neuron {neuron}, on your prompt")
    length = study.model.blocks[layer].mlp.down.weight[:, neuron].norm().item()
    pre = seen[f"blocks.{layer}.mlp_pre"][place, neuron].item()
    texts, values = [short(token.text) for token in study.tokens], post.tolist()
    show_markup(
        activation_chips(study.tokens, values, post.abs().max().item()),
        "mlp_chips",
        words.ACTIVATIONS,
        lambda: [("token", "activation"), *zip(texts, values, strict=True)],
    )
    st.markdown(
        words.concrete(study.tokens[place], pre, post[place].item(), study.model.config, length)
    )
    return place


def show_writing(study: Study, seen: Recording, layer: int, neuron: int, place: int) -> None:
    st.subheader("What it writes towards")
    activation = seen[f"blocks.{layer}.mlp_post"][place, neuron].item()
    effect = neurons.direct_effect(study.model, seen, layer, neuron, place)
    times = activation or 1.0
    show_bars(effect_bars(effect * times, study.tokenizer), "mlp_effect", words.EFFECT_ALT)
    later = study.model.config.n_layer - 1 - layer
    normed = study.model.config.norm != "none"
    st.caption(words.effect(study.tokens[place].text, activation, later, normed))


def ask_removal(study: Study, seen: Recording, layer: int, neuron: int) -> None:
    share, best = seen.logits[-1].softmax(dim=-1).max(dim=-1)
    token = study.tokenizer.token_text(int(best))

    def change() -> Ablation:
        return removal_of(study, layer, neuron)

    fires = bool((seen[f"blocks.{layer}.mlp_post"][:, neuron] != 0).any())
    if ask(
        f"mlp_guess_{layer}_{neuron}",
        words.question(layer, neuron, token, share.item()),
        words.GUESSES,
        lambda guess: words.answer(guess, change(), fires),
    ):
        names = ("with it", "without it")
        show_bars(
            probability_pairs(change().before, change().after, study.tokenizer, names=names),
            "mlp_probabilities",
            words.REMOVAL_ALT,
        )


def share_of_mlp(model: GPT) -> float:
    """Of a layer's parameters, those in its MLP."""
    own, every = (
        sum(weight.numel() for weight in part.parameters())
        for part in (model.blocks[0].mlp, model.blocks[0])
    )
    return own / every


@about_prompt
def note_cut(study: Study) -> None:
    say_what_is_cut(study.last(MOST_TOKENS))


@about_prompt
def explore(study: Study) -> None:
    """The part that runs again when another neuron is chosen; the rest of the page stays."""
    study = study.last(MOST_TOKENS)
    seen = neurons_of(study)
    layer, neuron = choose_neuron(study, seen)
    place = show_activation(study, seen, layer, neuron)
    ask_removal(study, seen, layer, neuron)
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.subheader("The text that fires it most")
        show_top_texts(study, layer, neuron)
    with right:
        show_writing(study, seen, layer, neuron, place)


@about_prompt
def show_silence(study: Study) -> None:
    """How much of each layer is 0 on the prompt."""
    study = study.last(MOST_TOKENS)
    seen, every = neurons_of(study), range(study.model.config.n_layer)
    found = [neurons.silence(seen, layer) for layer in every]
    layers = [f"layer\u00a0{layer}" for layer in every]  # in a narrow column, too
    show_table(
        pd.DataFrame(words.silence_table(found, hidden), index=layers),
        "mlp_silence",
        "Silent neurons",
    )
    zero = max(each.zero for each in found)
    st.caption(words.silence(len(study.ids), hidden, config.activation, zero))


st.title("MLP")
model = current_study().model
config, hidden = model.config, model.blocks[0].mlp.up.out_features
goal(words.GOAL)
prose(words.intro(config, hidden))
note_cut()
explore()

st.header("In, between, out")
prose(words.mechanism(config, hidden))
prose(words.width(config, hidden, share_of_mlp(model)))

st.header("Which activation function?")
left, right = st.columns([3, 2], gap="large")
with left:
    show_chart(
        activation_curves(config.activation), "mlp_functions", "Four activation functions as curves"
    )
with right:
    prose(words.own_function(config.activation))
    show_silence()

try_this(*words.to_try(config))
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(FeedForward, neurons.loudest, neurons.direct_effect, neurons.without_neuron)
further_reading(*words.READING)
