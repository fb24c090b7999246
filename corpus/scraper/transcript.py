"""Make plain text of a script's HTML, in named steps that can be looked at one by one.

The rule of all of them: what is surely no part of the script goes, what may be one stays. A line
of the result is a sentence or several; a line that begins with "- " is surely another speaker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

import lxml.html

from corpus.cleaning import CONTROLS, LINE_ENDINGS, repair_letters
from corpus.scraper.pages import inner_html, parse_fragment

PARSER_VERSION = 1  # one more whenever the text of the same page changes

# Elements that hold no words of a script; and elements, class names and ids of advertisements and
# of what else a site puts between the words.
NO_WORDS = ["script", "style", "iframe", "object", "embed", "svg", "template", "video", "audio"]
BOXES = ["ins", "aside", "nav", "form", "button", "select", "noscript"]
AD_NAME = re.compile(
    r"(?:^|[\s_-])(?:ads?|ad(?:sense|slot|unit|box|block|space|container|wrapper|holder|banner)|"
    r"advert\w*|adsbygoogle|banner|sponsor\w*|promo\w*|google_ads\w*|taboola|outbrain|"
    r"breadcrumbs?)(?:$|[\s_-]|\d)",
    re.IGNORECASE,
)
# A box with more characters may hold the script itself: its end was forgotten, most likely.
LARGEST_BOX = 500

# lxml reads characters that it refuses to take back, so they are others while it works.
REFUSED = [*range(1, 9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]
HIDE = {code: 0x10F000 + i for i, code in enumerate(REFUSED)}
SHOW = {other: code for code, other in HIDE.items()}
BLOCKS = frozenset(
    [
        "p",
        "div",
        "li",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "center",
        "hr",
    ]
)

BR = re.compile(r" ?[\[<] ?/? ?br ?/? ?[\]>]", re.IGNORECASE)
SPACES = re.compile("[ \t\N{NO-BREAK SPACE}]+")
# Subtitle files' own markup: <i>, <font color=…>, and {\an8}, where on the screen a line stands.
SUBTITLE_TAG = re.compile(r"</?(?:i|b|u|em|strong|font)(?:\s[^<>\n]{0,80})?>|\{\\\w[^{}\n]{0,40}\}")

TIME = r"\d{1,2}:\d\d:\d\d[,.]\d{1,3}"
TIMING = re.compile(rf"^[ ]*(?:\d+[ ]*\n[ ]*)?{TIME}[ ]*-->[ ]*{TIME}[^\n]*(?:\n|$)", re.MULTILINE)
NUMBER_LINE = re.compile(r"\s*(\d{1,4})\s*")
# The first subtitle's number before its words. "1 more time" would begin with a small letter.
LEADING_NUMBER = re.compile(r"\s*0*1\s+(?=[-\[(\"'“‘♪]|[^\W\d_a-z])")

# Lines that subtitle makers and sites put among the words; a name of one of them is enough.
AD_LINE = re.compile(
    r"opensubtitles|addic7ed|subscene|podnapisi|tvsubtitles|yts\.\w\w|"
    r"\bsync(?:ed|hroni[sz]ed)?\b.{0,40}\bcorrect(?:ed|ions?)\b|"
    r"\b(?:subtitles?|captions?|captioned|transcript|subs)\s+(?:made\s+)?by\b|"
    r"advertise your product|become (?:a )?vip member|remove all ads|"
    r"(?:www\.|https?://)springfieldspringfield",
    re.IGNORECASE,
)

ENDED = r"[.?!…\"'”’)\]♪*]"
# A dash between spaces is a change of speaker where a sentence or a sound has ended, or where it
# comes twice. "I was - I mean" is one speaker, or can't be told.
TURN = re.compile(rf"(?<={ENDED}) [-–—] (?=\S)| [-–—]{{1,2}} [-–—] (?=\S)")
# A name and a colon after the end of a sentence: a line break there is harmless if it was no name.
NAME = re.compile(rf"(?<={ENDED}) (?=[A-Z][\w.'’]+(?: [A-Z][\w.'’]+){{0,2}}: [A-Z\[(\"“'‘¿¡])")
DASHED = re.compile(r"^ ?(?:[-–—] )+(?=\S)", re.MULTILINE)

# A full stop after one of these ends no sentence, and the site breaks the line there as well.
TITLE = re.compile(r"(?:^|[\s\"'(“])(?:Mr|Mrs|Ms|Dr|St|Prof|Rev|Capt|Lt|Sgt|Col|Gen|vs)\.$")
INITIAL = re.compile(r"(?:^|[\s.])[A-Z]\.$")
NEXT_INITIAL = re.compile(r"[A-Z]\.(?:\s|$)")
LABEL = re.compile(r"[A-Z][\w.'’]*(?: [\w.'’&]+){0,3}:")
LONGEST_SENTENCE = 2_000  # characters; what is longer was never one
CLOSING_QUOTE = re.compile(r"[\"”](?:\s|$)")
OWN_LINE = re.compile(r"[-–—\[(♪#*]|>>")
SENTENCE_END = re.compile(r"[.?!…♪\])*]['\"”’]*$|[-–—]$")
LOOKS_CAPTION = re.compile(r"[^a-z]*[A-Z][^a-z]*")


class Step(NamedTuple):
    """One step of cleaning. `why` is a sentence for a visitor."""

    name: str
    why: str
    function: Callable[[str], str]


class Stage(NamedTuple):
    """What a step made of a text."""

    step: Step
    before: str
    after: str


def without_ads(html: str) -> str:
    """HTML → HTML without elements that can't be part of the script."""
    body = parse_fragment(html.translate(HIDE))
    for element in list(body.iter()):
        if not isinstance(element.tag, str) or element.tag in NO_WORDS:  # or a comment
            element.drop_tree()
    for element in list(body.iter()):
        if _is_box(element) and not _is_long(element, LARGEST_BOX):
            element.drop_tree()
    return inner_html(body[0] if len(body) == 1 else body).translate(SHOW)


def _is_box(element: lxml.html.HtmlElement) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')}"
    return element.tag in BOXES or bool(AD_NAME.search(names))


def _is_long(element: lxml.html.HtmlElement, characters: int) -> bool:
    """Whether an element holds more characters than that; no more of them are counted."""
    return any(total > characters for total in accumulate(map(len, element.itertext())))


def break_lines(html: str) -> str:
    """HTML → text: a line break for each <br> and around each block, entities resolved."""
    parts: list[str] = []
    _collect(parse_fragment(html), parts)
    return "".join(parts).strip("\n")


def _collect(body: lxml.html.HtmlElement, parts: list[str]) -> None:
    """Append an element's words in order. A loop, for pages may be nested deeper than Python."""
    stack: list[tuple[lxml.html.HtmlElement, bool]] = [(body, False)]
    while stack:
        element, left = stack.pop()
        tag = element.tag if isinstance(element.tag, str) else "comment"
        if tag == "br" or tag in BLOCKS:
            parts.append("\n")
        if left:
            parts.append(_flat(element.tail))
            continue
        if tag != "comment":
            parts.append(_flat(element.text))
        if tag == "br":
            parts.append(_flat(element.tail))
            continue
        stack.append((element, True))
        stack.extend((child, False) for child in reversed(element))


def _flat(text: str | None) -> str:
    """In HTML a line break in the source is a space."""
    return (text or "").replace("\r\n", " ").replace("\n", " ")


def without_legacy_markup(text: str) -> str:
    """A literal [br] or a carriage return is a line break, a tab a space; subtitle tags go."""
    # Single spaces from here on: patterns that look for runs of them take quadratic time.
    text = SPACES.sub(" ", LINE_ENDINGS.sub("\n", text))
    return SUBTITLE_TAG.sub("", BR.sub("\n", text))


def without_controls(text: str) -> str:
    """Characters that print nothing go."""
    return CONTROLS.sub("", text)


def without_numbers(text: str) -> str:
    """Subtitle timings, and numbers that are surely the subtitles': first, or counting up."""
    lines = TIMING.sub("", text).strip("\n").split("\n")
    places = [i for i, line in enumerate(lines) if NUMBER_LINE.fullmatch(line)]
    numbers = [int(lines[i]) for i in places]
    # 1, 2, 3 … with words between each two: nobody counts like that.
    apart = all(b - a > 1 for a, b in pairwise(places))
    if len(places) >= 3 and apart and numbers == list(range(1, len(places) + 1)):
        lines = [line for line in lines if not NUMBER_LINE.fullmatch(line)]
    elif places[:1] == [0] and numbers[0] < 1000:  # a year on the screen stays
        lines = lines[1:]
    text = "\n".join(lines)
    return text[leading.end() :] if (leading := LEADING_NUMBER.match(text)) else text


def without_ad_lines(text: str) -> str:
    """Lines in which a subtitle maker or a subtitle site names itself."""
    return "\n".join(line for line in text.split("\n") if not AD_LINE.search(line[:500]))


def mark_speakers(text: str) -> str:
    """A line break before each change of speaker: a dash, which stays, or a name."""
    return DASHED.sub("- ", TURN.sub("\n- ", NAME.sub("\n", text)))


def join_sentences(text: str) -> str:
    """Join lines that are one sentence; a break where a sentence has ended stays."""
    lines: list[str] = []
    for line in (line.strip() for line in text.split("\n")):
        if line and lines and lines[-1] and CLOSING_QUOTE.match(line):
            lines[-1] += line
        elif line and lines and lines[-1] and _goes_on(lines[-1], line):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return "\n".join(lines)


def _goes_on(line: str, following: str) -> bool:
    """Whether a sentence surely goes on from one line to the next."""
    if OWN_LINE.match(following) or (LABEL.match(following) and not line.endswith(",")):
        return False
    if line.endswith(("]", "♪")) or len(line) > LONGEST_SENTENCE:
        return False
    tail = line[-80:]  # enough to see how it ends, and quick on a long line
    if following.lstrip("'’\"“")[:1].islower():
        return True
    if TITLE.search(tail) or (INITIAL.search(tail) and NEXT_INITIAL.match(following)):
        return True
    if LOOKS_CAPTION.fullmatch(tail) and " " in tail:
        return False  # a heading in capitals
    return not SENTENCE_END.search(tail)


def tidy_spaces(text: str) -> str:
    """One space between words, no empty lines, one line break at the end."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    joined = "\n".join(line for line in lines if line)
    return joined + "\n" if joined else ""


STEPS = (
    Step("Advertisements", "Programs and boxes between the words are no script.", without_ads),
    Step("Line breaks", "Tags become line breaks, entities become letters.", break_lines),
    Step(
        "Old markup",
        "Older pages have a written [br], tabs, carriage returns, and the subtitles' own tags.",
        without_legacy_markup,
    ),
    Step("Wrong letters", "UTF-8 that was read as something else: Ã© was an é.", repair_letters),
    Step("Control bytes", "They print nothing, and a model would learn them.", without_controls),
    Step(
        "Subtitle numbers",
        "The number of a subtitle and its times; a number that somebody may have said stays.",
        without_numbers,
    ),
    Step("Lines of advertising", "Who made the subtitles is not in the episode.", without_ad_lines),
    Step(
        "Speakers",
        "After the end of a sentence, a dash or a name and a colon is another speaker: a new line.",
        mark_speakers,
    ),
    Step(
        "Sentences",
        "A sentence over two lines becomes one; where a sentence ended, the break stays, because "
        "nobody can tell whether the speaker changed.",
        join_sentences,
    ),
    Step("Spaces", "One space between words, no empty lines.", tidy_spaces),
)


def stages(html: str) -> Iterator[Stage]:
    """Yield what each step makes of the HTML inside a script container, in order."""
    text = html
    for step in STEPS:
        after = step.function(text)
        yield Stage(step, text, after)
        text = after


def clean_script(html: str) -> str:
    """Return the script as plain text; empty if there are no words in it."""
    for stage in stages(html):
        html = stage.after
    return html if any(c.isalnum() for c in html) else ""
