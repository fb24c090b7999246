"""LayerNorm: what it does to every token, by hand, and what it does not care about."""

import streamlit as st

from gpt_core.interpret.norms import (
    DepthTrace,
    find_norm,
    norm_names,
    normalize_by_hand,
    trace_norms,
)
from gpt_core.model import norms
from pages.layernorm import figures, words
from pages.layernorm.experiment import Place, show_experiment
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import (
    further_reading,
    goal,
    say_what_is_cut,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.links import page_of
from ui.app.projector import own_panel
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.chart import show
from ui.services.caches import PASSES, shared
from ui.services.study import Study
from ui.show.tables import show_table
from ui.show.tokens import token_in_words


@shared(PASSES)
def trace_of(study: Study) -> DepthTrace:
    """One forward pass, kept for whoever looks at the same prompt with the same weights."""
    return trace_norms(study.model, study.ids)


@about_prompt
def one_token(study: Study) -> None:
    """One token at one norm: its numbers, the arithmetic, what was learned, a question."""
    trace, T = trace_of(study), len(study.ids)
    with own_panel("layernorm"):
        left, right = st.columns(2)
    with left:
        name = widgets.selectbox(
            "Which norm", names, min(2, len(names) - 1), key="norm_name",
            format_func=lambda name: words.norm_label(name, pre),
        )  # fmt: skip
        st.markdown(words.place_in_words(name, pre))
    with right:
        position = widgets.select_slider("Which token", range(T), T - 1, key="norm_token")
        st.markdown(token_in_words(study.tokens, position))
    say_what_is_cut(study)
    seen = trace.norms[name]
    hand = normalize_by_hand(find_norm(study.model, name), seen.before[position].tolist())

    show_experiment(Place(study, trace, name, position))

    st.header("What it does")
    prose(words.bars(norm=name, position=position, hand=hand, channels=C))
    prose(words.what_it_does(kind, biased))
    if saves := words.rms_saves(kind, biased, len(names), C):
        prose(saves)

    st.header("The same, by hand")
    steps = words.steps_by_hand(kind, hand, biased)
    st.markdown(f"Token {position} at `{name}`, number by number:\n{steps}")
    show_table(words.table_by_hand(kind, hand, biased), "norm_hand", "The norm by hand")
    error = max(abs(a - b) for a, b in zip(hand.result, seen.after[position].tolist(), strict=True))
    st.caption(words.check(channels=C, norm=name, error=error))

    if kind != "none":
        st.header(words.learned_names(biased))
        st.markdown(words.learned_in_words(name, hand, biased))
        show(
            figures.learned_bars(hand.gain, hand.bias if biased else None),
            "norm_learned",
            "Sorted bars of what was learned for every channel",
        )

    st.header("The stream through the layers")
    prose(words.STREAM)
    show(
        figures.stream_lengths(trace, position, study.tokens[position]),
        "norm_stream",
        words.STREAM_ALT,
    )
    first, last = trace.stream[0].mean().item(), trace.stream[-1].mean().item()
    prose(words.stream_in_words(kind, pre, first, last))


@about_prompt
def every_token(study: Study) -> None:
    """All tokens at all norms, in three maps."""
    trace = trace_of(study)
    st.header("Every token, every norm")
    statistic = widgets.segmented_control(
        "Of each token's numbers, show the",
        ["standard deviation", "mean"],
        "standard deviation",
        key="norm_statistic",
    )
    rows = [words.norm_row(name, pre) for name in trace.norms]
    show(
        figures.statistic_maps(trace, study.tokens, statistic, stages, rows),
        "norm_maps",
        words.maps_alt(statistic),
    )
    st.markdown(words.spread_in_words(trace, statistic))
    st.caption(words.maps(trace, statistic))


st.title("LayerNorm")
model = current_study().model
kind, pre, C = model.config.norm, model.config.norm_position == "pre", model.config.n_embd
names = norm_names(model)
norm = find_norm(model, names[0])
biased = getattr(norm, "bias", None) is not None
stages = words.stages(kind, biased)

goal(words.GOAL)
prose(words.intro(C, kind, pre))
one_token()
every_token()

try_this(words.TRY[kind], words.TOKENS, words.another(kind))
st.page_link(
    page_of("training"), label="Training: make a model of your own", icon=":material/trending_down:"
)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(type(norm), normalize_by_hand, label="The lines that ran: the norm, and by hand")
if kind != "layernorm":
    show_source(norms.LayerNorm, label="For comparison: LayerNorm")
further_reading(*words.READING)
