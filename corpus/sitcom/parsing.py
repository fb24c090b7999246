"""Parse a wording as the plots write it: conditions, lines, `[a|b]` choices, `{slot}` references.

@ B=GUS, place=THE ROOF
({A} looks [up|down] for the {thing}.)
{A}: {B!sorry}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from corpus.sitcom.wording import Choice, Line, Part, Slot, Wording, WordingError

TOKEN = re.compile(r"\{([^{}]*)\}|\[([^\[\]]*)\]|([^{}\[\]]+)|(.)", re.DOTALL)
SPEAKER = re.compile(r"\{([A-Z])\}: *(\S.*)")
CONDITION = re.compile(r"\s*(\w+)\s*(!?=)\s*(.*?)\s*")
SENTENCE_START = re.compile(r"(?:^|[.!?] )\(?$")

# Makes the slot that a reference such as "a thing" or "A.he" means; the flag asks for a capital.
Resolve = Callable[[str, bool], Slot]


def parse_wording(source: str, values: Mapping[str, tuple[str, ...]], resolve: Resolve) -> Wording:
    """Parse one wording. `values` are those each slot can have. Raises WordingError."""
    rows = [row.strip() for row in source.strip().splitlines() if row.strip()]
    conditions: dict[str, frozenset[str]] = {}
    while rows and rows[0].startswith("@"):
        conditions |= _conditions(rows.pop(0)[1:], values)
    if not rows:
        raise WordingError("there is no line in it.")
    return Wording(conditions, tuple(_line(row, resolve) for row in rows))


def _conditions(source: str, values: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    conditions = {}
    for condition in re.split(r",(?=\s*\w+\s*!?=)", source):
        match = CONDITION.fullmatch(condition)
        if match is None or match[1] not in values:
            raise WordingError(f'the condition "{condition.strip()}" names no slot.')
        slot, sign, listed = match[1], match[2], [v.strip() for v in match[3].split("/")]
        for value in listed:
            if value not in values[slot]:
                raise WordingError(f'{slot} can never be "{value}", as a condition wants.')
        allowed = frozenset(listed) if sign == "=" else frozenset(values[slot]) - set(listed)
        conditions[slot] = allowed
    return conditions


def _line(row: str, resolve: Resolve) -> Line:
    if row.startswith("(") and row.endswith(")"):
        return Line(None, _parts(row, resolve), row)
    match = SPEAKER.fullmatch(row)
    if match is None:
        raise WordingError(f'"{row[:60]}" is neither "{{A}}: words" nor a direction in brackets.')
    speaker = resolve(f"{match[1]}.speaker", False)
    return Line(match[1], (speaker, ": ", *_parts(match[2], resolve)), row)


def _parts(source: str, resolve: Resolve) -> tuple[Part, ...]:
    """Parse the words of a line, in which choices may hold references but no other choices."""
    parts: list[Part] = []
    for reference, choice, words, stray in TOKEN.findall(_spaced(source)):
        starts = not parts or isinstance(parts[-1], str) and SENTENCE_START.search(parts[-1])
        if stray:
            raise WordingError(f'there is a stray "{stray}" in "{source[:60]}".')
        if words:
            parts.append(words)
        elif reference:
            parts.append(resolve(reference, bool(starts)))
        else:
            options = choice.split("|")
            if len(options) < 2 or len(set(options)) < len(options):
                raise WordingError(f'the choice "[{choice}]" needs options that differ.')
            parts.append(
                Choice(tuple(_option(option, bool(starts), resolve) for option in options))
            )
    return tuple(parts)


def _option(source: str, starts: bool, resolve: Resolve) -> tuple[str | Slot, ...]:
    parts: list[str | Slot] = []
    for reference, _, words, stray in TOKEN.findall(source):
        if stray:
            raise WordingError(f'there is a stray "{stray}" in the choice "{source[:60]}".')
        parts.append(words or resolve(reference, starts and not parts))
    return tuple(parts)


def _spaced(source: str) -> str:
    """Move the space beside a choice that may be empty into it: "a [b|] c" → "a [b |]c"."""

    def moved(match: re.Match[str]) -> str:
        before, options, after = match[1], match[2].split("|"), match[3]
        if "" not in options or not (before or match.start() == 0):
            return match[0]
        if after == " ":
            options = [option and f"{option} " for option in options]
            return f"{before}[{'|'.join(options)}]"
        options = [option and f" {option}" for option in options] if before else options
        return f"[{'|'.join(options)}]{after}"

    return re.sub(r"( ?)\[([^\[\]{}]*(?:\{[^{}]*\}[^\[\]{}]*)*)\]( ?)", moved, source)
