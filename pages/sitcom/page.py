"""Sitcom: a text made to be learned, each scene with the state that it was written from."""

from dataclasses import asdict
from functools import cache

import streamlit as st

from corpus.sitcom import generate
from corpus.sitcom.checker import Checker
from corpus.sitcom.looking import Size, size_of, unrelated_lines, wording_of
from corpus.sitcom.reading import Reader
from corpus.sitcom.scene import Scene, play, written
from corpus.sitcom.script import ScriptRules
from corpus.sitcom.show import the_show
from corpus.sitcom.text import MOST_SEED
from pages.sitcom import words
from pages.sitcom.check import break_it, check_own, checked, step_through
from pages.sitcom.scene import scene_of, show_cast, show_script, show_verdict
from ui.app import widgets
from ui.app.chosen_text import bundled_corpus, chosen_corpus
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.links import page_of
from ui.app.sitcom_text import sitcom_as_text
from ui.app.source import show_source
from ui.app.study_bar import current_study
from ui.show.theme import is_dark

ANY = "Any plot"


@cache
def size() -> Size:
    return size_of(the_show())


def another_scene() -> None:
    st.session_state["scene"] = int(st.session_state["scene"]) % MOST_SEED + 1
    st.session_state["beat"] = "setup"  # from its beginning


def choose_scene() -> tuple[int, Scene]:
    titles = {plot.title: plot.slug for plot in the_show().plots}
    one, two, three = st.columns([2, 4, 2], vertical_alignment="bottom")
    seed = widgets.number_input("Seed", 1, MOST_SEED, 1, key="scene", container=one)
    title = widgets.selectbox("Plot", [ANY, *sorted(titles)], key="plot", container=two)
    three.button(
        "Another scene",
        icon=":material/casino:",
        type="primary",
        on_click=another_scene,
        key="another_scene",
        width="stretch",
    )
    return int(seed), scene_of(int(seed), titles.get(title))


def show_wording(scene: Scene) -> None:
    wording, count = wording_of(scene, 0)
    left, right = st.columns(2, gap="large")
    left.caption(f"As it was written: one of {count} wordings of this setup")
    left.code("\n".join(line.source for line in wording.lines), language=None, wrap_lines=True)
    filled = ", ".join(f"{slot} = {value}" for slot, value in scene.slots.items())
    left.caption(words.slots(filled))
    right.caption("As it stands in the scene")
    elements = scene.text.split("\n\n")
    with right:
        show_script("\n\n".join(elements[: scene.beats[0].last + 1]))


st.title("Sitcom")
current_study()
goal(words.GOAL)
prose(words.INTRO.format(people=len(the_show().cast)))
seed, scene = choose_scene()
st.subheader(f"“{scene.plot}”")
step_through(scene)
st.caption(words.KEYS)

st.header("Predict first: does it hold together?")
prose(words.CHECKER)
break_it(scene, seed)
prose(words.HONEST.format(plots=size().plots))
st.subheader("Write one yourself")
check_own(scene)

st.header("How it is made")
prose(words.how_made(size()))
numbers = ("plots", "wordings", "people", "places", "words")
for column, name in zip(st.columns(len(numbers)), numbers, strict=True):
    column.metric("different words" if name == "words" else name, f"{getattr(size(), name):,}")
show_wording(scene)
st.subheader("Why not line by line?")
prose(words.INDEPENDENT)
if widgets.toggle("Show me such a scene", key="unrelated"):
    unrelated = unrelated_lines(seed)
    left, right = st.columns(2, gap="large")
    with left:
        show_script(unrelated)
    with right:
        show_verdict(checked(unrelated), is_dark(), "sitcom_rules_unrelated")
prose(words.HELD_OUT.format(**asdict(size())))
st.subheader("The cast")
show_cast([(p.name, p.manner, p.voice["hello"][0]) for p in the_show().cast.values()])

st.header("Use it as your text")
prose(words.USE_IT)
if sitcom_as_text():
    st.success(words.now_in_use(chosen_corpus().name), icon=":material/check_circle:")
elif chosen_corpus() is not bundled_corpus():
    st.caption(words.in_use(chosen_corpus().name))
left, right = st.columns(2)
left.page_link(page_of("data"), label="Data: what is in it", icon=":material/library_books:")
right.page_link(page_of("training"), label="Training: learn it", icon=":material/trending_down:")

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
further_reading(*words.READING)
show_source(generate, play, written, Checker.check, ScriptRules.faults, Reader.read)
