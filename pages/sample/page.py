"""Sample: from probabilities to text, one choice at a time."""

from inspect import unwrap

import streamlit as st

from gpt_core.generate.compiled import can_decode, is_prepared
from gpt_core.generate.decoder import Decoder
from gpt_core.generate.sample import (
    distribution,
    generate,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    stages,
)
from pages.sample import words
from pages.sample.measured import show_measured
from pages.sample.sampling import (
    LONGEST_TEXT,
    Writing,
    candidates,
    cuts,
    first_difference,
    next_logits,
)
from ui.app.compare import SIDES, in_two, next_token_differs, other_study
from ui.app.glossary import prose
from ui.app.lesson import (
    ask,
    case_of,
    further_reading,
    goal,
    say_what_is_cut,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.sample_settings import sample_settings
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.app.watch import watch
from ui.components.writing import generated_text, next_token_bars
from ui.services.study import Study
from ui.show.names import show_error

TICK = 0.12  # seconds between two chunks: slow enough to watch, and the server rests in between
CHUNK = 8  # tokens


@about_prompt
def say_what_is_special(study: Study) -> None:
    unknown = list(dict.fromkeys(token.text for token in study.tokens if not token.known))
    if unknown:
        st.warning(words.unknown(unknown), icon=":material/help:")
    say_what_is_cut(study)


@about_prompt
def next_token(study: Study) -> None:
    st.markdown("**The next token**, before anything is drawn")
    differs = []
    if other := other_study():
        both = [next_logits(each).softmax(dim=-1) for each in (study, other.study)]
        differs = [next_token_differs(study, *both)]
    in_two(study, show_next_token, "next_token", differs)


def show_next_token(study: Study, side: str) -> None:
    logits = next_logits(study)
    before, after = distribution(logits, config)
    st.caption(words.kept(config, cuts(logits, config), after))
    next_token_bars(candidates(before, after, study.tokenizer), "next_token" + side)


def write_and_stop() -> None:
    if any(writing.live for writing in written()):
        if st.button("Stop", key="stop", icon=":material/stop:", type="primary", width="stretch"):
            for writing in written():
                writing.stop()
            st.rerun()
    elif st.button("Write", key="write", icon=":material/edit:", type="primary", width="stretch"):
        other = other_study()
        st.session_state["writing"] = Writing.start(current_study(), config)
        st.session_state["writing_b"] = Writing.start(other.study, config) if other else None
        st.rerun()


def written() -> list[Writing]:
    """A's text and, where B is compared, B's, if there are any."""
    sides = SIDES if other_study() else SIDES[:1]
    kept = (st.session_state.get("writing" + side) for side in sides)
    return [writing for writing in kept if writing]


@about_prompt
def text(study: Study) -> None:
    """A text that was written stays when the prompt is edited; before there is one, the prompt."""
    other = other_study()
    studies = [study, other.study] if other else [study]
    texts = [
        st.session_state.get("writing" + side) or Writing.blank(each, config)
        for each, side in zip(studies, SIDES, strict=False)
    ]

    def draw(texts: list[Writing]) -> None:
        go_on(texts)
        first = first_difference(texts)
        in_two(study, lambda _, side: show_text(texts[bool(side)], side, first), "texts")
        if said := words.texts_differ(texts, first):
            st.caption(said)

    watch(lambda: texts, draw, lambda texts: TICK if any(each.live for each in texts) else None)


def go_on(texts: list[Writing]) -> None:
    live = [each for each in texts if each.live]
    for each in live:
        each.more(CHUNK)
    if live and not any(each.live for each in texts):
        st.rerun()  # the whole page: Stop becomes Write again


def show_text(writing: Writing, side: str, first: int | None) -> None:
    hint = words.CHOOSE
    generated_text(writing, hint if writing.texts else "Press Write.", "text" + side, first)
    if writing.problem:
        show_error(writing.problem)
    if not writing.live:
        st.caption(words.written(writing))


@about_prompt
def nucleus(study: Study) -> None:
    logits = next_logits(study)
    ask(
        f"nucleus_{case_of(study.fingerprint, study.ids)}",  # another prompt asks anew
        words.question(logits),
        words.GUESSES,
        lambda guess: words.nucleus_answer(guess, logits),
    )


@about_prompt
def what_settings_do(study: Study) -> None:
    logits, tokenizer = next_logits(study), study.tokenizer
    first, second = st.columns(2, gap="large")
    with first:
        prose(
            f"### Temperature τ\n\n{words.temperature(logits, config, tokenizer)}\n\n"
            f"$$\n{words.FORMULA}\n$$\n\n"
            f"### Top-k\n\n{words.top_k(logits, config, tokenizer)}"
        )
    with second:
        prose(
            f"### Top-p\n\n{words.top_p(logits, config, tokenizer)}\n\n"
            f"### Min-p\n\n{words.min_p(logits, config, tokenizer)}"
        )
    with st.expander("Why it is quick", icon=":material/bolt:"):
        prose(words.cache(study.model.config))
        st.markdown(words.step_by(is_prepared(), can_decode(study.model)))


st.title("Sample")
goal(words.GOAL)
prose(words.INTRO)
current_study()
say_what_is_special()

with st.container(key="draw_settings"):
    config = sample_settings(LONGEST_TEXT)
# Two texts beside each other need the whole width.
left, right = [st.container()] * 2 if other_study() else st.columns(2, gap="large")
with left:
    write_and_stop()
    text()
with right, st.container(key="next_place"):
    next_token()

st.subheader("Predict first")
nucleus()

st.header("What the settings do to these numbers")
what_settings_do()

show_measured()

try_this(*words.TRY)
prose(words.ADDRESS)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(
    distribution, stages, keep_top_k, keep_top_p, keep_min_p, generate, unwrap(Decoder.__call__)
)
further_reading(*words.READING)
