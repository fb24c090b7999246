"""The residual stream: what each part adds to it, and who writes the answer."""

import streamlit as st

from gpt_core.interpret.attribution import Attribution, Written, attribute
from gpt_core.model.recording import Recording
from pages.residual import figures, words
from pages.residual.results import attribution_of, stream_of
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
from ui.app.links import open_lesson, page_of
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.app.token_choice import choose_token
from ui.components.block_diagram import block_diagram
from ui.components.chart import show
from ui.services.study import Study
from ui.show.tables import show_table
from ui.show.tokens import code, token_in_words

LIKELIEST, ALONE, AVERAGE = "the likeliest", "nothing", "the average of all tokens"
MOST_TOKENS = 512


def choose_position(study: Study) -> int:
    T = len(study.ids)
    position = widgets.select_slider("Which token's stream", range(T), T - 1, key="stream_token")
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


def who_writes(study: Study, seen: Recording, position: int) -> None:
    """A token's logit as the sum of what each part adds to it."""
    heading = st.empty()
    prose(words.direction(study.model.config))
    answer, against, average = choose_answer(study, seen, position)
    heading.header(f"Who writes {code(study.tokenizer.token_text(answer))}?")
    show_shares(attribution_of(study, position, answer, against, average))


def show_shares(shares: Attribution) -> None:
    show(figures.waterfall(shares), "stream_shares", "Each part's share of the logit, adding up")
    st.markdown(words.adds_up(shares))
    st.markdown("Attention is the sum of its heads. **Each head's share:**")
    show(figures.head_map(shares), "stream_heads", "Each head's share of the logit, by layer")
    with st.expander("Every branch as a table", icon=":material/table:"):
        show_table(words.share_table(shares), "stream_table", "Every branch")


def explain_sum(study: Study, seen: Recording, position: int, written: tuple[Written, ...]) -> None:
    """The stream as a sum, in words and as a formula; why it is one."""
    config, run = study.model.config, study.loaded
    st.header("The stream is a sum")
    prose(words.sum_in_words(config, written))
    st.latex(words.formula(config, config.n_embd))
    ends = seen.stream[[0, -1], position].norm(dim=-1).tolist()
    prose(words.why_add(config, *ends))
    # Of a run that goes on from another model, nobody knows that one's.
    unknown = run.imported or run.run.start is not None
    decay = None if unknown else run.run.train_config.weight_decay
    if unusual := words.unusual_size(config, written, decay):
        prose(unusual)


@about_prompt
def note_cut(study: Study) -> None:
    say_what_is_cut(study.last(MOST_TOKENS))


@about_prompt
def explore(study: Study) -> None:
    """All about one chosen token; the rest of the page stays when it changes."""
    study = study.last(MOST_TOKENS)
    seen = stream_of(study)
    left, right = st.columns(2, gap="large")
    # The question first, then the picture, then what changes both.
    beside = left.container(key="along_picture_high")
    asked, drawn, chosen = (beside.container() for _ in range(3))
    with chosen:
        position = choose_position(study)
    likeliest = int(seen.logits[position].argmax())
    written = attribution_of(study, position, likeliest, None, False).branches
    with drawn:
        show(figures.lengths(written), "stream_lengths", "Length of what each part writes")
    token = study.tokenizer.token_text(likeliest)
    with asked:
        told = ask(
            "stream_guess",
            words.question(written, token),
            words.GUESSES,
            lambda guess: words.reveal(guess, written, token),
        )
    with right:
        show_diagram(study, seen, position, written)
    if told:
        who_writes(study, seen, position)
    explain_sum(study, seen, position, written)


st.title("The residual stream")
channels = current_study().model.config.n_embd
goal(words.GOAL)
prose(words.intro(channels))
note_cut()
explore()
prose(words.CAUSE)
st.page_link(page_of("patching"), label=words.CAUSE_LINK, icon=":material/arrow_forward:")

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(attribute)
further_reading(*words.READING)
