"""A page's words for a handout, out of what a browser has told of them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

_TAGS = re.compile(
    "p|figure|ul|ol|li|strong|em|code|pre|blockquote|su[bp]|table|thead|tbody|t[rhd]|h2|h3|details"
    "|summary|math|mrow|m[ino]|mtext|mspace|mfrac|msqrt|mroot|msu[bp]|msubsup|mover|munder|munderover"
    "|mtable|mt[rd]|mstyle|mpadded"
)
_DEEPEST = 80  # elements inside of each other


def html_of(said: Any, picture: Callable[[str], str], depth: int = 0) -> str:
    """HTML of these tags alone, without their attributes; all else is text.

    said: a list, see ui/components/page_prose/said.js; nothing in it is trusted. picture: the HTML
    of the one with a key.
    """
    if not isinstance(said, list) or depth > _DEEPEST:
        return ""
    return "".join(_one(node, picture, depth + 1) for node in said)


def _one(node: Any, picture: Callable[[str], str], depth: int) -> str:
    if isinstance(node, str):
        return html.escape(node)
    if isinstance(node, list) and node:
        tag = node[0] if isinstance(node[0], str) else ""
        text = html_of(node[1:], picture, depth)
        if tag == "br" or not _TAGS.fullmatch(tag):
            return "<br>" if tag == "br" else text
        return f"<{tag}>{text}</{tag}>"
    if isinstance(node, dict) and isinstance(key := node.get("picture"), str):
        return picture(key)
    if isinstance(node, dict) and isinstance(link := node.get("link"), str):
        text = html_of(node.get("said"), picture, depth)
        is_web = link.startswith(("http://", "https://"))
        return f'<a href="{html.escape(link)}">{text}</a>' if is_web else text
    return ""
