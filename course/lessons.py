"""The course as a table: which lessons there are, in which order, under which heading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """A folder in pages/; its name is the lesson's address as well. icon: of Material Symbols."""

    name: str
    title: str
    icon: str


COURSE = {
    "": (Lesson("home", "Home", "home"),),
    "From text to numbers": (
        Lesson("data", "Data", "library_books"),
        Lesson("sitcom", "Sitcom", "theater_comedy"),
        Lesson("tokenization", "Tokenization", "data_array"),
    ),
    "Inside the model": (
        Lesson("embeddings", "Embeddings", "scatter_plot"),
        Lesson("averaging", "Averaging", "functions"),
        Lesson("attention", "Attention", "grid_on"),
        Lesson("heads", "Multi-head attention", "hub"),
        Lesson("residual", "Residual stream", "call_merge"),
        Lesson("mlp", "MLP", "bubble_chart"),
        Lesson("layernorm", "LayerNorm", "equalizer"),
        Lesson("normalization", "Norms compared", "balance"),
    ),
    "Make it learn, make it speak": (
        Lesson("training", "Training", "trending_down"),
        Lesson("one_step", "One step", "biotech"),
        Lesson("head_born", "A head is born", "movie"),
        Lesson("sample", "Sample", "chat"),
    ),
}
LESSONS = tuple(lesson for lessons in COURSE.values() for lesson in lessons)
# Where old links lead: from a lesson, or from one value (lesson, key) of it, to the lesson that has
# it now.
MOVED: dict[tuple[str, str], str] = {}
FIRST = LESSONS[0]  # what the bare address of the app shows
