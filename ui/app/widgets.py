"""Every widget whose value is in the address is made here, and no other way.

Streamlit binds such a widget to the address and keeps its value from one rerun to the next. It
doesn't expect three things that happen here all the time:

- Strangers write addresses: `?seed=1e309` raises, and an empty `?step=` leaves nothing chosen.
- Limits and options depend on the prompt and the model. A shorter prompt has fewer places, and a
  value that lies outside raises.
- So do defaults. "The last token" is another one after every letter that is typed.

So before a widget is drawn, its value is brought inside the limits, in Streamlit's memory and in
the address. A widget that nobody touched stands on its default and follows it; what somebody chose
comes back as soon as the limits allow it again. With a single choice, no slider is drawn.

container: the column or other place to draw into; without it, where the page is. What these
functions don't name is handed on to the widget of the same name in Streamlit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

import streamlit as st

from gpt_core.model.settings import about
from ui.app import address
from ui.app.readers import note_reader
from ui.app.told import keep_told, leave, tell, unless_old

Number = TypeVar("Number", int, float)
Option = TypeVar("Option")

LINE_BREAK = "⏎"  # as it stands in a line of text, of which a browser drops real ones
_LONGEST_NUMBER = 40  # characters; reading a number of a million digits takes a while
_OF_ADDRESS = "of_address"
_NAMES = "names_drawn"
STEERED = "steered"  # a Steering, while a page is made to show something else
_GIVEN = 20  # edits of the prompt that a browser may be behind
_NOTHING: Any = object()  # where None would be a value


def slider(
    label: str, low: Number, high: Number, default: Number, step: Number | None = None,
    *, key: str, **more: Any,
) -> Number:  # fmt: skip
    """A number from low to high, both included. If they are the same, nothing is drawn."""
    if low >= high:
        return low
    values = Numbers(low, high, default, step)
    arguments = (label, low, high, values.default, step)
    # Streamlit takes a slider with other limits for another widget, which knows no value yet.
    return _draw("slider", arguments, values, key, more, limits=(low, high))


def number_input(
    label: str, low: Number, high: Number, default: Number, *, key: str, **more: Any
) -> Number:
    """A number from low to high, both included."""
    values = Numbers(low, high, default)
    return _draw("number_input", (label, low, high, values.default), values, key, more)


def help_of(settings: type, name: str, more: str = "") -> str:
    """What a setting is, in its own words, as a widget's help; more: what the widget adds."""
    said = about(settings)[name]
    return f"{said[0].upper()}{said[1:]}. {more}".rstrip()


def select_slider(
    label: str, options: Sequence[Option], default: Option,
    *, key: str, format_func: Callable[[Any], str] = str, **more: Any,
) -> Option:  # fmt: skip
    """One of the options, in their order. If there is only one, nothing is drawn."""
    if len(options) == 1:
        return options[0]
    values = Options(options, default, format_func)
    return _draw("select_slider", (label, options, default, format_func), values, key, more)


def selectbox(
    label: str, options: Sequence[Option], index: int = 0,
    *, key: str, format_func: Callable[[Any], str] = str, **more: Any,
) -> Option:  # fmt: skip
    """One of the options; options[index] is the default."""
    values = Options(options, options[index], format_func)
    return _draw("selectbox", (label, options, index, format_func), values, key, more)


def open_selectbox(
    label: str, options: Sequence[str], *, key: str, longest: int, **more: Any
) -> str:
    """One of the options, of which the first is the default, or any text up to `longest`."""
    more["accept_new_options"] = True
    return _draw("selectbox", (label, options), Text(options[0], longest), key, more)


def segmented_control(
    label: str, options: Sequence[Option], default: Option,
    *, key: str, format_func: Callable[[Any], str] = str, **more: Any,
) -> Option:  # fmt: skip
    """One of the options, always."""
    return _one_of("segmented_control", label, options, default, key, format_func, more)


def pills(
    label: str, options: Sequence[Option], default: Option,
    *, key: str, format_func: Callable[[Any], str] = str, **more: Any,
) -> Option:  # fmt: skip
    """The same as a row of pills, for more of them."""
    return _one_of("pills", label, options, default, key, format_func, more)


def _one_of(
    kind: str, label: str, options: Sequence[Option], default: Option,
    key: str, format_func: Callable[[Any], str], more: dict[str, Any],
) -> Option:  # fmt: skip
    values = Options(options, default, format_func)
    more |= {"default": default, "required": True, "format_func": format_func}
    return _draw(kind, (label, options), values, key, more)


def radio(
    label: str, options: Sequence[str], *, key: str, default: str | None = None, **more: Any
) -> str | None:
    """One of the options; as long as nobody has chosen, the default, which may be none of them."""
    more["index"] = None if default is None else options.index(default)
    return _draw("radio", (label, options), Options(options, default, str), key, more)


def toggle(label: str, default: bool = False, *, key: str, **more: Any) -> bool:
    """On or off."""
    return _draw("toggle", (label, default), Switch(default), key, more)


def text_input(label: str, default: str = "", *, key: str, max_chars: int, **more: Any) -> str:
    """A line of text of at most max_chars characters."""
    more["max_chars"] = max_chars
    values = Text(default, max_chars)
    return _draw("text_input", (label, values.default), values, key, more)


def from_address(key: str, default: str) -> str:
    """What a box of Streamlit's own shows that is about to be drawn: what the address says of it.

    Of a box whose options have other names on the page than in the address, into which the page
    itself writes what was chosen.
    """
    of_address(key)
    drawn, chosen = st.session_state.get(_NAMES, {}).get(key, {}), st.session_state.get(key)
    if chosen in drawn and chosen not in drawn.values():
        st.session_state[key] = drawn[chosen]
    said = address.text_of(key) or default
    if _steered(key):
        tell(key, said)
    else:
        keep_told(key)
    return st.session_state.setdefault(key, said)


def name_in(key: str, names: Mapping[str, str]) -> Callable[[str], str]:
    """How the options of such a box are called on the page, for `format_func`.

    A browser says what is chosen by the name that it was drawn with. It may have another one by
    now, as a shared run that is the class's as soon as the seat is known: `from_address` reads it.
    """
    drawn: dict[str, dict[str, str]] = st.session_state.setdefault(_NAMES, {})
    drawn[key] = drawn.get(key, {}) | {name: option for option, name in names.items()}
    return lambda option: names.get(option, option)


def of_address(key: str) -> None:
    """The session keeps under this name what the address says under it."""
    st.session_state.setdefault(_OF_ADDRESS, set()).add(key)


def forget(names: Iterable[str]) -> None:
    """What widgets of these names showed; strangers write names that stand for something else."""
    own = {*st.session_state.get("widgets", ()), *st.session_state.get(_OF_ADDRESS, ())}
    leave(own.intersection(names))


def forget_texts() -> None:
    """A page begins, and none of its widgets has been drawn yet."""
    st.session_state["texts_of_widgets"] = {}


def texts_of_widgets() -> dict[str, str]:
    """What the address would say of every widget that the page shows, defaults as well."""
    return dict(st.session_state.get("texts_of_widgets", {}))


# ---- The values that a widget may have ----


class Values(Protocol):
    """The values that one widget may have now."""

    @property
    def default(self) -> Any:
        """The one it has as long as nobody chose."""

    def fit(self, value: Any) -> Any:
        """The value itself if it is allowed, else the nearest one, else the default."""

    def read(self, text: str) -> Any:
        """What a text in the address means: an allowed value. Nonsense means the default."""

    def write(self, value: Any) -> str:
        """What the address says for an allowed value."""


@dataclass(slots=True)
class Numbers:
    """Numbers from low to high, both included: whole ones if low is one.

    step: how far they lie apart, from low on; high and the default may lie between.
    """

    low: float
    high: float
    default: float
    step: float | None = None

    def __post_init__(self) -> None:
        self.default = min(max(self.default, self.low), self.high)

    def fit(self, value: Any) -> float:
        """The nearest number within the limits."""
        if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
            return self.default
        value = min(max(value, self.low), self.high)
        if self.step and value not in (self.default, self.high):
            steps = round((value - self.low) / self.step)
            value = min(max(round(self.low + steps * self.step, 9), self.low), self.high)
        return type(self.low)(value)

    def read(self, text: str) -> float:
        """A finite number, brought within the limits."""
        try:
            value = float(text) if len(text) <= _LONGEST_NUMBER else math.nan
        except ValueError:
            return self.default
        return self.fit(value) if math.isfinite(value) else self.default

    def write(self, value: float) -> str:
        """Without “.0”."""
        return str(int(value) if value == int(value) else value)


@dataclass(slots=True)
class Options:
    """Any of some values, which the address calls by their names. Places are ranges."""

    options: Sequence[Any]
    default: Any
    name: Callable[[Any], str]

    def fit(self, value: Any) -> Any:
        """The option itself, the nearest place, or the default."""
        if isinstance(self.options, range):
            fits = type(value) is int
            return min(max(value, self.options[0]), self.options[-1]) if fits else self.default
        return value if value in self.options else self.default

    def read(self, text: str) -> Any:
        """The option with this name; of places the nearest."""
        named = {str(option): option for option in self.options}  # as in old links
        named |= {self.name(option): option for option in self.options}
        if isinstance(self.options, range) and text not in named:
            whole = Numbers(self.options[0], self.options[-1], self.default)
            return whole.read(text)
        return named.get(text, self.default)

    def write(self, value: Any) -> str:
        """Its name."""
        return self.name(value)


@dataclass(slots=True)
class Switch:
    """On or off."""

    default: bool

    def fit(self, value: Any) -> bool:
        """The value itself, if it is one of both."""
        return value if isinstance(value, bool) else self.default

    def read(self, text: str) -> bool:
        """“true” or “false”."""
        return {"true": True, "false": False}.get(text.lower(), self.default)

    def write(self, value: bool) -> str:
        """“true” or “false”."""
        return str(value).lower()


@dataclass(slots=True)
class Text:
    """Any line of text of at most `longest` characters; line breaks are marks in it."""

    default: str
    longest: int

    def __post_init__(self) -> None:
        self.default = self.read(self.default)

    def fit(self, value: Any) -> str:
        """Its first characters, as many as are allowed."""
        return self.read(value) if isinstance(value, str) else self.default

    def read(self, text: str) -> str:
        """Its first characters, as many as are allowed; an empty text is one, too."""
        return re.sub("\r\n?|\n", LINE_BREAK, text)[: self.longest]

    def write(self, value: str) -> str:
        """Itself."""
        return value


# ---- The mechanism ----


@dataclass(slots=True)
class Steering:
    """What a lesson's page is made to show in place of what its visitor chose.

    query: what an address would say of it. done: the widgets that have been told, as a page may be
    interrupted, and what the visitor does then counts.
    """

    lesson: str
    query: Mapping[str, str]
    done: set[str] = field(default_factory=set)


class _Last(NamedTuple):
    """What a widget had when it was drawn last.

    wish: what the visitor chose, which may be out of reach now; _NOTHING: the default.
    asked: the model and the prompt. given: the last values that nobody chose.
    """

    value: Any
    default: Any
    wish: Any
    limits: Any
    asked: Any
    given: tuple[Any, ...]


def _draw(
    kind: str,
    arguments: tuple[Any, ...],
    values: Values,
    key: str,
    more: dict[str, Any],
    limits: Any = None,
) -> Any:
    """Draw Streamlit's widget of this kind, and remember what was chosen. Its value."""
    note_reader(key)
    memory: dict[str, _Last] = st.session_state.setdefault("widgets", {})
    if steered := _steered(key):
        memory.pop(key, None)
        said = steered.query.get(key)
        told = values.default if said is None else values.read(said)
        tell(key, told)
        _put(key, told, values)
    else:
        keep_told(key)
    if act := more.get("on_change"):
        more["on_change"] = unless_old(key, _said_first(key, values, act))
    last = memory.get(key)
    _correct_address(key, values)
    wish, value = _NOTHING, st.session_state.get(key, _NOTHING)
    if value is not _NOTHING:
        wish = _wish(last, value, values.default)
        wanted = values.default if wish is _NOTHING else values.fit(wish)
        if value != wanted or (last and last.limits != limits):
            _put(key, wanted, values)
        value = wanted
    widget = getattr(more.pop("container", st), kind)
    drawn = widget(*arguments, key=key, bind="query-params", **more)
    if drawn is None:  # Streamlit's server doesn't insist that something is chosen
        drawn = values.default
    if drawn != value:  # it came from the address, or is the first
        wish = _NOTHING if drawn == values.default else drawn
    given = last.given if last else ()
    if wish is _NOTHING or drawn != wish:
        given = (drawn, *given)[:_GIVEN]
    memory[key] = _Last(drawn, values.default, wish, limits, _asked(), given)
    texts = st.session_state.setdefault("texts_of_widgets", {})
    texts.pop(key, None)
    if drawn is not None:
        texts[key] = values.write(drawn)
    _keep_address(key, drawn, values)
    return drawn


def _said_first(key: str, values: Values, act: Callable[..., None]) -> Callable[..., None]:
    """A widget's callback, after which the widget itself may not be drawn: the address says it."""

    def changed(*args: Any) -> None:
        _keep_address(key, values.fit(st.session_state[key]), values)
        act(*args)

    return changed


def _steered(key: str) -> Steering | None:
    """What a widget has to show that is about to be drawn, if it hasn't been told."""
    steered: Steering | None = st.session_state.get(STEERED)
    if steered is None or key in steered.done:
        return None
    steered.done.add(key)
    return steered


def _wish(last: _Last | None, value: Any, default: Any) -> Any:
    """What the visitor wants, if the widget now has this value."""
    if last and value == last.value:
        return last.wish
    if value == default:
        return _NOTHING
    if last and last.asked != _asked() and value in last.given:
        return last.wish  # an edit of the prompt is quicker than what the browser was told before
    if last and value == last.default:
        return _NOTHING
    return value


def _asked() -> Any:
    return st.session_state.get("study_request")


def _correct_address(key: str, values: Values) -> None:
    asked = address.asked_of_widget(key)
    if asked is None:
        return
    value = values.read(asked[-1] if isinstance(asked, list) else asked)
    text = None if value == values.default else values.write(value)
    if text != asked:
        address.correct_widget(key, text)


def _keep_address(key: str, drawn: Any, values: Values) -> None:
    """See to it that the address says what the widget shows.

    The browser writes it there, but forgets to when the widget has moved down the page because
    something was revealed above it.
    """
    address.repeat()
    said = address.says_of_widget(key)
    if drawn != (values.default if said is None else values.read(said)):
        address.correct_widget(key, None if drawn == values.default else values.write(drawn))


def _put(key: str, value: Any, values: Values) -> None:
    st.session_state[key] = value
    address.correct_widget(key, None if value == values.default else values.write(value))
