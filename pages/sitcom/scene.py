"""A scene of the sitcom as a script, its state beside it, and what the checker says of it."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from corpus.sitcom import Fault, PlayedBeat, Scene, Verdict
from corpus.sitcom.checker import RULES
from corpus.sitcom.looking import first_scene
from corpus.sitcom.script import DIALOGUE, shortened
from pages.sitcom import words
from ui.services.caches import shared
from ui.show.tables import show_markup

# What a state says of a person, in the order of its rows.
SAYS = ("wants", "believes", "knows", "has")
TRUTH = "In truth"
# Without these two nothing else can be read.
READ_FIRST = ("format", "length")
_OF_PERSON = re.compile(rf"(\w+) ({'|'.join(SAYS)})")

_STYLE = """<style>
.sitcom {display:grid; grid-template-columns:minmax(0,11fr) minmax(0,9fr); gap:1.6rem;
         align-items:start}
.script {font-family:Georgia,'Iowan Old Style','Palatino Linotype',serif; font-size:1.2rem;
         line-height:1.45}
.script h4 {font:700 1rem/1.3 ui-monospace,monospace; letter-spacing:.06em; margin:0 0 .7rem;
            padding:0}
.script .beat {border-left:5px solid transparent; border-radius:.3rem; padding:.2rem .5rem .2rem
               .7rem; margin-bottom:.2rem}
.script .beat.now {scroll-margin:5rem; border-left-color:#64748b;
                   background:color-mix(in srgb, #64748b 20%, transparent)}
.script .line {display:grid; grid-template-columns:4.6rem minmax(0,1fr); gap:.8rem;
               margin:.3rem 0; border-radius:.25rem}
.script .who {font:700 .8rem/1.65 ui-monospace,monospace; text-align:right;
              letter-spacing:.04em; padding-top:.12rem}
.script .does {font-style:italic; opacity:.86; margin:.35rem 0 .35rem 1.6rem;
               border-radius:.25rem}
.script .wrong {background:color-mix(in srgb, #be185d 17%, transparent);
                box-shadow:-4px 0 0 #d6337c}
.script .wrong::after {content:"✗ the checker names this"; font:600 .74rem/1.4 sans-serif;
                       display:block; grid-column:2; margin-top:-.7rem; padding-bottom:.15rem}
.script .does.wrong::after {margin-top:0}
.script .moved {outline:2px dashed color-mix(in srgb, currentColor 60%, transparent)}
.state {position:sticky; top:4.2rem; border:1px solid color-mix(in srgb, currentColor 22%,
        transparent); border-radius:.6rem; padding:.7rem .9rem}
.facts {border-collapse:collapse; width:100%; line-height:1.35}
.facts th, .facts td {text-align:left; vertical-align:top; padding:.22rem .45rem}
.facts thead th {font-size:.85rem; opacity:.8}
.rules th {width:48%}
.facts tbody tr.first > * {border-top:1px solid color-mix(in srgb, currentColor 22%, transparent)}
.facts th {font-weight:650}
.facts small {display:block; font-size:.85em; font-weight:400; opacity:.85}
.facts td.says {opacity:.8; white-space:nowrap; width:1%}
.facts tr.new td {background:color-mix(in srgb, #64748b 20%, transparent)}
.facts mark {background:#475569; color:#fff; border-radius:.25rem; font-size:.72rem;
             font-weight:650; padding:.05rem .35rem; margin-left:.35rem; white-space:nowrap}
.facts tr.truth > * {border-top:3px double color-mix(in srgb, currentColor 45%, transparent)}
.facts .yes {color:light-dark(#0e7490, #4fd1e0); font-weight:700}
.facts .no {color:light-dark(#9d174d, #ff8fc4); font-weight:700}
.sitcom-cast {display:grid; grid-template-columns:repeat(auto-fit,minmax(15rem,1fr)); gap:.7rem}
.sitcom-cast div {border:1px solid color-mix(in srgb, currentColor 22%, transparent);
                  border-radius:.5rem; padding:.55rem .75rem}
.sitcom-cast b {display:block; letter-spacing:.04em}
.sitcom-cast i {display:block; font-family:Georgia,serif; margin-top:.25rem}
@media (max-width:800px) {
  .sitcom {grid-template-columns:minmax(0,1fr)} .sitcom .state {order:-1; position:static}
  .script .line {grid-template-columns:3.7rem minmax(0,1fr); gap:.5rem}
  .script .does {margin-left:.5rem} .script .beat {padding-left:.35rem; padding-right:.1rem}
}
</style>"""
# The two colours of a tick and a cross, legible on black.
_DARK = "<style>.facts .yes {color:#4fd1e0} .facts .no {color:#ff8fc4}</style>"


@shared(wait="Writing the scene …")
def scene_of(seed: int, slug: str | None) -> Scene:
    """A seed's scene, written once for all visitors."""
    return first_scene(seed, slug)


def show_scene(scene: Scene, beat: int) -> None:
    """The script with one beat's lines highlighted, and beside it what is true after that beat."""
    show_markup(
        f'{_STYLE}<div class="sitcom">{script_html(scene.text, scene.beats, beat)}'
        f'<div class="state">{state_html(scene, beat)}</div></div>',
        "sitcom_state",
        words.STATE,
        lambda: [words.STATE_COLUMNS, *_told(scene, beat)],
    )


def _told(scene: Scene, beat: int) -> Iterator[tuple[str, str, str, str]]:
    """What is true after a beat, each row with whom it is about."""
    who = ""
    for row in state_rows(scene, beat):
        who = row.who or who
        yield who, row.says, row.value, "changed" * row.changed


NOW = ".beat.now"  # the highlighted lines


def show_script(text: str, wrong: Collection[int] = (), moved: Collection[int] = ()) -> None:
    """A script with elements marked: those that the checker names, and those that were changed."""
    st.html(_STYLE + script_html(text, wrong=wrong, moved=moved))


def script_html(
    text: str,
    beats: Sequence[PlayedBeat] = (),
    now: int = -1,
    wrong: Collection[int] = (),
    moved: Collection[int] = (),
) -> str:
    """HTML of a script: its heading, its lines with the names aligned, directions in italics."""
    heading, *elements = text.split("\n\n")
    lines = []
    for number, element in enumerate(elements, 1):
        css = " wrong" * (number in wrong) + " moved" * (number in moved)
        spoken = DIALOGUE.fullmatch(element)
        if spoken:
            who, said = html.escape(spoken[1]), html.escape(spoken[2])
            lines.append(
                f'<div class="line{css}"><span class="who">{who}</span><span>{said}</span></div>'
            )
        else:
            lines.append(f'<div class="does{css}">{html.escape(element)}</div>')
    if beats:
        lines = [
            f'<div class="beat{" now" * (k == now)}">{"".join(lines[b.first - 1 : b.last])}</div>'
            for k, b in enumerate(beats)
        ]
    return f'<div class="script"><h4>{html.escape(heading)}</h4>{"".join(lines)}</div>'


def state_html(scene: Scene, beat: int) -> str:
    """A table of all that is true after a beat; what the beat changed is marked."""
    rows = "".join(map(_row, state_rows(scene, beat)))
    return (
        '<table class="facts"><thead><tr><th>who or what</th><th></th>'
        f"<th>after “{html.escape(scene.beats[beat].name)}”</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


class Row(NamedTuple):
    """A row of the state's table. `who` is empty where it is the same as in the row before."""

    who: str
    says: str
    value: str
    changed: bool


def state_rows(scene: Scene, beat: int) -> Iterator[Row]:
    """Yield what is true after a beat: of every person, of the thing, and the truth at last."""
    state = scene.beats[beat].state
    before = scene.beats[beat - 1].state if beat else state
    for person in people_of(scene):
        here, was = person in _there(state), person in _there(before)
        yield Row(person, "", _presence(scene, beat, person), here != was)
        for says in SAYS:
            value, old = (s.get(f"{person} {says}") for s in (state, before))
            if value or old:
                yield Row("", says, value or "(no longer)", value != old)
    thing = scene.slots.get("thing", "")
    if thing:
        where, was_at = _where(state, thing), _where(before, thing)
        yield Row(f"The {thing}", "is", where or "(not said)", where != was_at)
    if any("truth" in b.state for b in scene.beats):
        truth, old = state.get("truth"), before.get("truth")
        yield Row(TRUTH, "", truth or "(not told yet)", truth != old)


def _row(row: Row) -> str:
    css = ["first"] * bool(row.who) + ["new"] * row.changed + ["truth"] * (row.who == TRUTH)
    mark = "<mark>changed</mark>" if row.changed else ""
    return (
        f'<tr class="{" ".join(css)}"><th scope="row">{html.escape(row.who)}</th>'
        f'<td class="says">{row.says}</td><td>{html.escape(row.value)}{mark}</td></tr>'
    )


def people_of(scene: Scene) -> list[str]:
    """Everybody of the scene, in the order in which the state names them."""
    names: dict[str, None] = {}
    for beat in scene.beats:
        names |= dict.fromkeys(_there(beat.state))
        names |= {m[1]: None for key in beat.state if (m := _OF_PERSON.fullmatch(key))}
    return list(names)


def _there(state: Mapping[str, str]) -> list[str]:
    return [name for name in state.get("there", "").split(", ") if name]


def _presence(scene: Scene, beat: int, person: str) -> str:
    if person in _there(scene.beats[beat].state):
        return "is here"
    been = any(person in _there(b.state) for b in scene.beats[:beat])
    comes = any(person in _there(b.state) for b in scene.beats[beat:])
    return "has left" if been else "is not here yet" if comes else "is not here"


def _where(state: Mapping[str, str], thing: str) -> str:
    """Where the thing is: as the plot says, or with whom it is."""
    if "thing is" in state:
        return state["thing is"]
    holders = [key.split()[0] for key, value in state.items() if value == f"the {thing}"]
    return f"with {holders[0]}" if holders else ""


def show_verdict(verdict: Verdict | None, dark: bool, key: str) -> None:
    """The eight rules, and for each a tick or what breaks it; None keeps that a secret.

    key: of the picture.
    """
    rows = "".join(
        f'<tr class="first"><th scope="row">{rule}<small>{asks}</small></th>'
        f"{_said(verdict, rule)}</tr>"
        for rule, asks in RULES.items()
    )
    show_markup(
        f"{_STYLE}{_DARK if dark else ''}"
        '<table class="facts rules"><thead><tr><th>rule, and what it asks for</th>'
        f"<th>does it hold?</th></tr></thead><tbody>{rows}</tbody></table>",
        key,
        words.VERDICT,
    )


def _said(verdict: Verdict | None, rule: str) -> str:
    if verdict is None:
        return "<td>?</td>"
    faults = [fault.message for fault in verdict.faults if fault.rule == rule]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return f'<td><span class="no">✗</span> {html.escape(faults[0])}{more}</td>'
    if rule not in READ_FIRST and any(fault.rule in READ_FIRST for fault in verdict.faults):
        return "<td>– not asked: first mend the rules above</td>"
    return '<td><span class="yes">✓</span> yes</td>'


def named_lines(text: str, faults: Sequence[Fault]) -> list[int]:
    """The elements that the faults quote; the heading is 0."""
    found = []
    for number, element in enumerate(text.rstrip("\n").split("\n\n")):
        spoken = DIALOGUE.fullmatch(element)
        quotes = [f'"{shortened(element)}"']
        if spoken:
            quotes.append(f'{spoken[1]}\'s line "{shortened(spoken[2])}"')
        elif element.startswith("("):
            quotes.append(f'the direction "{shortened(element[1:-1])}"')
        if any(quote in fault.message for quote in quotes for fault in faults):
            found.append(number)
    return found


def changed_lines(before: str, after: str) -> list[int]:
    """The elements of `after` that aren't as they were in `before`."""
    pairs = zip(before.split("\n\n"), after.split("\n\n"), strict=False)
    return [number for number, (old, new) in enumerate(pairs) if old != new]


def show_cast(people: Sequence[tuple[str, str, str]]) -> None:
    """Cards of (name, manner, a phrase)."""
    cards = "".join(
        f"<div><b>{html.escape(name)}</b>{html.escape(manner)}<i>“{html.escape(said)}”</i></div>"
        for name, manner, said in people
    )
    st.html(f'{_STYLE}<div class="sitcom-cast">{cards}</div>')
