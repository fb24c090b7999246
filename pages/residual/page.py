"""The residual stream: who writes the answer, what each layer would say, where it comes from."""

import streamlit as st

from gpt_core.interpret.attribution import Attribution, Written, attribute
from gpt_core.interpret.logit_lens import logit_lens, scale_matters
from gpt_core.interpret.patching import patch, patch_each
from gpt_core.interpret.variants import run_variants
from gpt_core.model.recording import Recording
from pages.layernorm.words import token_in_words
from pages.residual import figures, words
from pages.residual.answers import choose_token
from pages.residual.patching import patching, room
from pages.residual.results import attribution_of, lens_of, stream_of
from ui.app import widgets
from ui.app.lesson import further_reading, predict, say_what_is_cut, try_this
from ui.app.links import open_lesson
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.block_diagram import block_diagram
from ui.components.stream_grids import chosen_column, lens_grid
from ui.services.study import Study
from ui.show.plotly_json import show
from ui.show.tokens import code

LIKELIEST, ALONE, AVERAGE = "the likeliest", "nothing", "the average of all tokens"
LENS, POSITION = "logit_lens", "stream_token"


def choose_position(study: Study) -> int:
    T = len(study.ids)
    position = widgets.select_slider("Which token's stream", range(T), T - 1, key=POSITION)
    st.markdown(token_in_words(study.tokens, position))
    return position


def show_diagram(
    study: Study, seen: Recording, position: int, written: tuple[Written, ...]
) -> None:
    """The model with the length of what each branch adds to the chosen token, and of its stream."""
    streams = seen.layers("resid_pre")[:, position].norm(dim=-1).tolist()
    numbers = {each.name: each.length for each in written}
    numbers |= {f"blocks.{layer}.resid_pre": length for layer, length in enumerate(streams)}
    unit = "the length of what each branch adds"
    open_lesson(block_diagram(study.model.config, key="stream_diagram", numbers=numbers, unit=unit))


def choose_answer(study: Study, seen: Recording, position: int) -> tuple[int, int | None, bool]:
    """The token whose logit is split, the one it is compared with, or the average."""
    logits = seen.logits[position]
    likely = logits.topk(min(12, len(logits))).indices.tolist()
    left, right = st.columns(2)
    with left:
        answer = choose_token(
            "Explain the logit of", [LIKELIEST], likely, study.tokenizer, "stream_answer"
        )
    with right:
        fixed = [ALONE, AVERAGE]
        against = choose_token("minus that of", fixed, likely, study.tokenizer, "stream_against")
    answer = likely[0] if answer == LIKELIEST else int(answer)
    if isinstance(against, str):
        return answer, None, against == AVERAGE
    return answer, against, False


def show_shares(shares: Attribution) -> None:
    show(figures.waterfall(shares), "stream_shares", "Each part's share of the logit, adding up")
    st.markdown(words.adds_up(shares))
    st.markdown("Attention is the sum of its heads. **Each head's share:**")
    show(figures.head_map(shares), "stream_heads", "Each head's share of the logit, by layer")
    with st.expander("Every branch as a table", icon=":material/table:"):
        st.table(words.share_table(shares))


def show_lens(study: Study, seen: Recording, position: int) -> None:
    st.header("What would each layer say?")
    st.markdown(words.LENS)
    matters = scale_matters(study.model)
    reuse = matters and widgets.toggle("Reuse the last layer's scale instead", key="lens_reuse")
    ends = seen.stream[[0, -1], position].norm(dim=-1).tolist()
    st.caption(words.lens_note(study.model.config, ends, matters))
    lens = lens_of(study, reuse)
    if reuse:
        st.markdown(words.reused(lens_of(study, False), lens, position))

    def choose_column() -> None:
        column = chosen_column(LENS, len(study.ids))
        if column is not None:
            st.session_state[POSITION] = column

    name = f"{study.fingerprint} {study.ids} {reuse}"
    lens_grid(lens, study.tokens, study.tokenizer, position, LENS, name, choose_column)


@about_prompt
def note_cut(study: Study) -> None:
    say_what_is_cut(study.last(room(study)))


@about_prompt
def explore(study: Study) -> None:
    """All about one chosen token; the rest of the page stays when it changes."""
    study = study.last(room(study))
    seen = stream_of(study)
    config, position = study.model.config, choose_position(study)
    likeliest = int(seen.logits[position].argmax())
    written = attribution_of(study, position, likeliest, None, False).branches
    st.header("What each branch writes")
    beside, picture = st.columns(2, gap="large")
    with beside:
        st.markdown(words.sum_in_words(config, written))
        st.markdown(words.formula(config, config.n_embd))
        show(figures.lengths(written), "stream_lengths", "Length of what each part writes")
        answer, against, average = choose_answer(study, seen, position)
        token = study.tokenizer.token_text(answer)
        shares = attribution_of(study, position, answer, against, average)
        told = predict(
            "stream_guess",
            words.question(shares.branches, token),
            words.GUESSES,
            lambda guess: words.reveal(guess, shares.branches, token),
        )
    with picture:
        show_diagram(study, seen, position, written)
    if told:
        st.header(f"Who writes {code(token)}?")
        st.markdown(words.direction(config))
        show_shares(shares)
    show_lens(study, seen, position)


st.title("The residual stream")
channels = current_study().model.config.n_embd
st.markdown(words.intro(channels))
note_cut()
explore()

st.header("Where does the answer come from?")
st.markdown(words.PATCHING)
patching()
st.caption(words.MOVES)

try_this(*words.TRY)
show_source(attribute, logit_lens, patch, patch_each, run_variants)
further_reading(*words.READING)
