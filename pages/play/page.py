"""Play: nothing but a run's model and its box, made for a phone."""

import html
from secrets import randbelow

import streamlit as st

from gpt_core.generate.sample import SampleConfig, SampleError, decoder_of, generate
from pages.play import words
from ui.app import address
from ui.app.links import page_of
from ui.app.startup import let_words_through
from ui.app.study_bar import model_names
from ui.services.models import BUNDLED, load, own_copy
from ui.services.study import study_of
from ui.services.training import training_service
from ui.show.names import as_text, show_error
from ui.show.tokens import short

LONGEST_PROMPT = 200  # characters
TOKENS = 200  # that it writes
_STYLE = """<style>
[data-testid=stSidebar], [data-testid=stExpandSidebarButton] { display: none }
[data-testid=stMainBlockContainer] { max-width: 40rem; padding: 2rem 1rem }
.played { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 1.2rem; line-height: 1.5 }
.played b { font-weight: 500; background: color-mix(in srgb, #8f62e6 22%, transparent) }
</style>"""


def name_of(key: str) -> str:
    """What the run is called, whoever's it is."""
    view = training_service().find(key)
    return view.about.name if view else model_names().get(key, key)


def write_on(key: str, prompt: str) -> str:
    """What the model writes after a prompt. Raises ValueError with one sentence."""
    study = study_of(key, prompt)
    if not study.ids:
        raise SampleError(words.EMPTY)
    if strange := [*dict.fromkeys(short(t.text) for t in study.tokens if not t.known)]:
        raise SampleError(words.unknown(strange))
    model, written = own_copy(study.loaded), []
    decoder = decoder_of(model) if model.config.causal else None
    config = SampleConfig(temperature=0.8, max_new_tokens=TOKENS, seed=randbelow(10**6))
    for step in generate(model, study.ids, config, decoder=decoder):
        written.append(step.token)
    return study.tokenizer.decode(written)


def play(key: str) -> None:
    """The box, a button, and the text below them."""
    st.title(as_text(name_of(key)))
    with st.form("play", border=False):
        prompt = st.text_input(words.PROMPT, max_chars=LONGEST_PROMPT, key="play_prompt")
        pressed = st.form_submit_button(words.WRITE, type="primary", width="stretch")
    if not pressed:
        return
    try:
        written = write_on(key, prompt or "")
    except ValueError as error:
        show_error(error)
        return
    begin, end = html.escape(prompt or ""), html.escape(written)
    st.html(f'<p class="played">{begin}<b>{end}</b></p>')


st.html(_STYLE)
let_words_through()
key = address.text_of("run") or BUNDLED
try:
    load(key)
except ValueError:
    st.info(words.NOTHING)
else:
    play(key)
st.page_link(page_of("home"), label=words.HOME, icon=":material/home:")
