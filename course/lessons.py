"""The course as a table: which lessons there are, in which order, under which heading."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """A folder in pages/; its name is the lesson's address as well.

    icon: of Material Symbols. minutes: to read it and to answer its questions; 0 for what is no
    lesson but a tool beside the course. compares: whether it can draw two studies beside each
    other, see ui/app/compare.py. studies: whether a model and a prompt mean anything on it; where
    they don't, the bar with them isn't seen, and they are kept for the next lesson.
    """

    name: str
    title: str
    icon: str
    minutes: int
    compares: bool = False
    studies: bool = True


COURSE = {
    "Start": (Lesson("home", "Home", "home", 12, compares=True),),
    "Text": (
        Lesson("data", "Data", "library_books", 15),
        Lesson("tokenization", "Tokenization", "data_array", 20),
        Lesson("surprise", "Surprise", "bolt", 25, compares=True),
    ),
    "Inside": (
        Lesson("embeddings", "Embeddings", "scatter_plot", 15),
        Lesson("averaging", "Averaging", "functions", 20),
        Lesson("attention", "Attention", "grid_on", 25, compares=True),
        Lesson("positions", "Positions", "pin_drop", 20),
        Lesson("heads", "Multi-head attention", "hub", 20),
        Lesson("mlp", "MLP", "bubble_chart", 20),
        Lesson("residual", "Residual stream", "call_merge", 20),
        Lesson("layernorm", "LayerNorm", "equalizer", 25),
    ),
    "Learning": (
        Lesson("training", "Training", "trending_down", 30),
        Lesson("one_step", "One step", "biotech", 25),
        Lesson("sample", "Sample", "chat", 20, compares=True),
        Lesson("evaluation", "Evaluation", "fact_check", 40),
        Lesson("tuning", "Tuning", "tune", 35),
        Lesson("lean", "Lean models", "compress", 30),
        Lesson("fine_tuning", "Fine-tuning", "school", 20),
    ),
    "Deeper": (
        Lesson("head_importance", "Head importance", "leaderboard", 35),
        Lesson("patching", "Lens and patching", "swap_horiz", 30, compares=True),
        Lesson("head_born", "A head is born", "movie", 20),
        Lesson("normalization", "Norms compared", "balance", 25),
    ),
    "Workshop": (
        Lesson("sitcom", "Sitcom", "theater_comedy", 30),
        Lesson("scrape", "Scrape a show", "travel_explore", 15),
    ),
    "Tools": (
        Lesson("glossary", "Glossary", "dictionary", 0, studies=False),
        # A class may be kept at the model and the prompt of this page.
        Lesson("classroom", "Classroom", "groups", 0),
        Lesson("teach", "For teachers", "co_present", 0, studies=False),
        Lesson("play", "Play", "smart_toy", 0, studies=False),
    ),
}
LESSONS = tuple(lesson for lessons in COURSE.values() for lesson in lessons)
WITH_QUERIES = ("Inside", "Deeper")  # headings whose lessons colour queries, keys and values
FIRST = LESSONS[0]  # what the bare address of the app shows
_PATCHING = ("patch_way", "patch_at", "patch_token", "patch_prompt", "patch_state", "cell")
# Where old links lead: from a lesson, or from one value (lesson, key) of it, to the lesson that has
# it now.
MOVED: dict[tuple[str, str], str] = {
    (FIRST.name, ""): "./",  # Streamlit knows it by the bare address alone
    **{("residual", key): "patching" for key in ("lens_reuse", *_PATCHING)},
    **{
        ("embeddings", f"emb_{key}"): "positions"
        for key in ("layer", "head", "query", "key", "both", "how", "by", "place")
    },
    **{
        ("heads", key): "head_importance"
        for key in ("head", "heads_gone", "heads_steps", "heads_seed", "heads_kind", "heads_draw")
    },
}


def group_of(lesson: Lesson) -> str:
    """The heading that it stands under."""
    return next(heading for heading, lessons in COURSE.items() if lesson in lessons)


def number_of(lesson: Lesson) -> int | None:
    """Its number in the course, counted from 1 after Home; None for Home and for tools."""
    counted = [other for other in LESSONS if other.minutes and other is not FIRST]
    return counted.index(lesson) + 1 if lesson in counted else None


def around(lesson: Lesson) -> tuple[Lesson | None, Lesson | None]:
    """The lessons before and after it in the course; nothing around a tool."""
    way = [other for other in LESSONS if other.minutes]
    if lesson not in way:
        return None, None
    at = way.index(lesson)
    return (way[at - 1] if at else None), (way[at + 1] if at + 1 < len(way) else None)
