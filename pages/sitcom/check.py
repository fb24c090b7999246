"""Step through a scene, break it, or have one of one's own checked: each redraws itself alone."""

from __future__ import annotations

from random import Random

import streamlit as st

from corpus.sitcom import Scene, Verdict, check
from corpus.sitcom.checker import RULES
from corpus.sitcom.corruption import corrupted
from pages.sitcom import words
from pages.sitcom.scene import (
    NOW,
    changed_lines,
    named_lines,
    show_scene,
    show_script,
    show_verdict,
)
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.in_view import bring_into_view
from ui.app.lesson import ask, case_of
from ui.services.caches import shared
from ui.show.theme import is_dark

LONGEST = 6_000  # characters of a scene of one's own; a real one has 1,200 at most


@st.fragment
def step_through(scene: Scene) -> None:
    """The scene, its beats to choose from, and the state after the chosen one."""
    names = [beat.name for beat in scene.beats]
    bar = st.container(horizontal=True, vertical_alignment="bottom")
    chosen = widgets.segmented_control(
        "Beat", names, names[0], key="beat", container=bar, wrap=True
    )
    at = names.index(chosen)
    for label, key, step in (("Back", "B", -1), ("Next", "N", 1)):
        bar.button(
            label,
            key=f"beat_{label.lower()}",
            shortcut=key,
            disabled=not 0 <= at + step < len(names),
            on_click=_go_to,
            args=(names[(at + step) % len(names)],),
        )
    prose(words.BEATS.get(names[at], ""))
    show_scene(scene, at)
    if st.session_state.pop("beat_stepped", False):
        bring_into_view([NOW], at)


def _go_to(beat: str) -> None:
    st.session_state["beat"] = beat
    st.session_state["beat_stepped"] = True


@st.fragment
def break_it(scene: Scene, seed: int) -> None:
    """Break the scene in one of four ways, guess which rule catches it, and see."""
    options = [words.WHOLE, *words.KINDS.values()]
    label = widgets.segmented_control(
        words.HOW_BROKEN, options, words.KINDS["turns"], key="break", wrap=True
    )
    kinds = {name: kind for kind, name in words.KINDS.items()}
    if label not in kinds:
        show_verdict(checked(scene.text), is_dark(), "sitcom_rules_broken")
        return
    name = f"{seed} {kinds[label]}"
    times = st.session_state.get("broken", {}).get(name, 0)
    broken = corrupted(scene, kinds[label], Random(f"{name} {times}"))
    st.button(
        "Break another place",
        icon=":material/shuffle:",
        on_click=_again,
        args=(name,),
        key="again",
    )
    if broken is None:
        st.info(words.UNBREAKABLE)
        return
    left, right = st.columns(2, gap="large")
    with right:
        told = ask(
            f"rule_{case_of(broken)}",  # another broken scene asks anew
            words.WHICH_RULE,
            [*RULES, words.NOTHING],
            lambda guess: words.answer(guess, checked(broken), bool(wrong_in(broken))),
        )
    verdict = checked(broken) if told else None
    with left:
        wrong = wrong_in(broken) if told else []
        show_script(broken, wrong, changed_lines(scene.text, broken) if told else ())
    with right:
        if told and kinds[label] != "ending":
            st.caption(words.DASHED)
        show_verdict(verdict, is_dark(), "sitcom_rules_broken")


def wrong_in(text: str) -> list[int]:
    """The lines of a text that a rule names."""
    return named_lines(text, checked(text).faults)


def _again(name: str) -> None:
    times = st.session_state.setdefault("broken", {})
    times[name] = times.get(name, 0) + 1


@st.fragment
def check_own(scene: Scene) -> None:
    """A box with the scene to edit, or to paste another over it."""
    left, right = st.columns(2, gap="large")
    with left:
        own = st.text_area(
            "A scene of your own: edit this one, or paste another over it",
            scene.text,
            height=430,
            max_chars=LONGEST,
            key=f"own_{case_of(scene.text)}",  # another scene fills the box anew
            persist_state="session",  # and this one's edits are there again when it comes back
            help=words.OWN_HELP,
        )
        if (own or "") != scene.text:
            st.caption(words.OWN_NOT_IN_LINK)
    text = "\n".join(line.rstrip() for line in (own or "").strip().splitlines())
    with right:
        if not text:
            st.info(words.EMPTY)
            return
        verdict = checked(text)
        if verdict.scene and verdict.passed:
            st.success(words.read_back(verdict.scene), icon=":material/check_circle:")
        elif "\n\n" not in text:
            st.info(words.BLANK_LINES)
        show_verdict(verdict, is_dark(), "sitcom_rules_own")
        if wrong := named_lines(text, verdict.faults):
            with st.expander("Which lines?", icon=":material/search:"):
                show_script(text, wrong)


@shared(wait="Reading the scene …")
def checked(text: str) -> Verdict:
    """What the checker says of a text, kept for all visitors."""
    return check(text)
