"""What the glossary says besides its terms."""

from __future__ import annotations

INTRO = (
    "Every term of the course in one sentence. In a lesson, a term with dots under it shows its "
    "sentence when you point at it or reach it with Tab."
)
SEARCH = "Search"
NONE = "No term holds that. Try a shorter word."
SHAPES = (
    "In shapes, B is the number of texts read together, T the number of tokens of each, C the "
    "width of a vector in the stream, D the width of a head, and V the size of the vocabulary."
)
