"""The course's terms: one sentence each, which the first use in a lesson shows by itself.

A term is introduced in one lesson. What a lesson says through `prose` has every term linked where
it first stands: pointing at it, or reaching it by Tab, shows its sentence.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote_plus

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_SEEN = "terms_seen"
# What is no running text: code, formulas, links, directives of Streamlit, headings.
NOT_PROSE = re.compile(
    r"(`+).*?\1|\$\$.*?\$\$|\$[^$\n]*\$|!?\[[^\]]*\]\([^)]*\)|:[a-z-]+(?:/[a-z_]+:|\[[^\]]*\]|:)"
    r"|^#+ .*?$|<[^>]*>",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Term:
    """One term.

    lesson: the folder of the lesson that introduces it. symbol: as formulas write it. shape: of the
    numbers it stands for, if it stands for any. forms: other words for it in running text; a plural
    in -s needs none.
    """

    name: str
    sentence: str
    lesson: str
    symbol: str = ""
    shape: str = ""
    forms: tuple[str, ...] = ()


TERMS = (
    Term(
        "parameter",
        "One of the learned numbers inside a model; also called a weight.",
        "home",
    ),
    Term(
        "token",
        "A piece of text, from one character to a word, that the model reads as one symbol.",
        "home",
    ),
    Term(
        "attention",
        "The part in which a token takes up something of other tokens, more from some than from "
        "others.",
        "home",
    ),
    Term(
        "95% interval",
        "A range made so that it holds the true value in 95 of 100 such measurements.",
        "home",
    ),
    Term(
        "training text",
        "The text that a model learned from.",
        "data",
    ),
    Term(
        "validation text",
        "Text that the model did not learn from, kept to measure it and to choose settings by.",
        "data",
        forms=("held-out text", "unseen text", "validation split"),
    ),
    Term(
        "batch",
        "The pieces of text that one training step looks at together.",
        "data",
        "B",
        "(B, T)",
    ),
    Term(
        "tokenizer",
        "The rule that cuts a text into tokens and numbers them.",
        "tokenization",
    ),
    Term(
        "vocabulary",
        "All tokens that a tokenizer knows.",
        "tokenization",
        "V",
        forms=("vocabularies",),
    ),
    Term(
        "BPE",
        "Byte-pair encoding: a tokenizer made by merging, again and again, the pair of tokens that "
        "stands next to each other most often.",
        "tokenization",
        forms=("byte-pair encoding",),
    ),
    Term(
        "surprise",
        "How unlikely the model thought what came: −log₂ of its probability, in bits.",
        "surprise",
        "−log₂ p",
    ),
    Term(
        "bit",
        "A unit of surprise: one bit is the surprise at a coin's fall.",
        "surprise",
    ),
    Term(
        "loss",
        "The mean surprise at each next token; the number that training makes smaller.",
        "surprise",
        "L",
        forms=("losses",),
    ),
    Term(
        "nat",
        "Another unit of surprise, from the natural logarithm: 1 nat is 1.44 bits.",
        "surprise",
    ),
    Term(
        "perplexity",
        "2 to the power of the loss in bits: among so many equally likely tokens, guessing would "
        "be as hard.",
        "surprise",
    ),
    Term(
        "entropy",
        "The mean surprise under the true probabilities of a source; no predictor of it can do "
        "better.",
        "surprise",
        "H",
    ),
    Term(
        "cross-entropy",
        "The mean surprise of one predictor at a text that something else wrote.",
        "surprise",
    ),
    Term(
        "bits per character",
        "The loss counted per character, which can be compared between tokenizers that lose "
        "nothing.",
        "surprise",
    ),
    Term(
        "bigram model",
        "A model that predicts the next token from the last one alone.",
        "surprise",
        forms=("bigram",),
    ),
    Term(
        "vector",
        "A list of numbers of fixed length.",
        "embeddings",
    ),
    Term(
        "embedding",
        "The vector that stands for a token: one row of a learned table.",
        "embeddings",
        "W_E",
        "(V, C)",
    ),
    Term(
        "cosine",
        "How alike two vectors point: 1 the same way, 0 at right angles, −1 opposite.",
        "embeddings",
    ),
    Term(
        "hash",
        "A number computed from something, that says in which row of a table it stands.",
        "embeddings",
        forms=("hashing",),
    ),
    Term(
        "collision",
        "Two different things have the same hash, and so one row for both.",
        "embeddings",
    ),
    Term(
        "channel",
        "One of the C places in a token's vector: the same place in every token's vector.",
        "averaging",
    ),
    Term(
        "softmax",
        "Turns scores into positive numbers that add up to 1.",
        "averaging",
    ),
    Term(
        "causal mask",
        "Hides from each token all that come after it.",
        "averaging",
    ),
    Term(
        "query",
        "The vector of a token that is compared with the keys of others.",
        "averaging",
        "q",
        "(T, D)",
    ),
    Term(
        "key",
        "The vector that a token's query is compared with.",
        "averaging",
        "k",
        "(T, D)",
    ),
    Term(
        "value vector",
        "What a token passes on to those that attend to it.",
        "averaging",
        "v",
        "(T, D)",
    ),
    Term(
        "head",
        "One attention unit with queries, keys and values of its own.",
        "averaging",
        "h",
        forms=("attention head",),
    ),
    Term(
        "layer",
        "One round of attention and MLP; a model has several.",
        "averaging",
        forms=("block",),
    ),
    Term(
        "rotary positions",
        "Positions that turn queries and keys by an angle, so that their product depends on how "
        "far apart the tokens stand.",
        "positions",
        forms=("RoPE",),
    ),
    Term(
        "MLP",
        "The second part of a layer: two matrices with a curve between them, applied to each token "
        "alone.",
        "mlp",
    ),
    Term(
        "neuron",
        "One of the numbers between an MLP's two matrices.",
        "mlp",
    ),
    Term(
        "residual stream",
        "The vector that a token carries through the model; every part adds to it.",
        "residual",
        "x",
        "(T, C)",
    ),
    Term(
        "logit",
        "A token's score for coming next, before softmax.",
        "residual",
        shape="(T, V)",
    ),
    Term(
        "LayerNorm",
        "Brings a vector to mean 0 and standard deviation 1, then scales each number by a learned "
        "factor.",
        "layernorm",
    ),
    Term(
        "pre-norm",
        "A norm at the start of each branch, as in nearly all GPTs; post-norm puts it after the "
        "sum.",
        "layernorm",
    ),
    Term(
        "gradient",
        "For each weight, how fast the loss rises per unit of change in that weight.",
        "training",
        "g",
    ),
    Term(
        "learning rate",
        "How far a training step moves the weights.",
        "training",
        "η",
    ),
    Term(
        "warm-up",
        "The first steps, in which the learning rate rises from 0 to its full value.",
        "training",
    ),
    Term(
        "weight decay",
        "Pulls the matrices of weights a little towards 0 at each step.",
        "training",
    ),
    Term(
        "clipping",
        "Shortens a gradient that is longer than a limit.",
        "training",
    ),
    Term(
        "dropout",
        "Sets random numbers inside the model to 0 while it trains, against overfitting.",
        "training",
    ),
    Term(
        "overfitting",
        "Getting better on the training text while the gap to unseen text grows.",
        "training",
    ),
    Term(
        "seed",
        "The number that fixes all random choices, so that an experiment can be repeated.",
        "data",
    ),
    Term(
        "Adam",
        "A rule for training steps that divides each weight's gradient by its usual size.",
        "one_step",
        forms=("AdamW",),
    ),
    Term(
        "Muon",
        "A rule for training steps that makes all singular values of a matrix's step about equal.",
        "one_step",
    ),
    Term(
        "temperature",
        "Divides the logits before softmax: below 1 the likely get likelier, above 1 all come "
        "closer together.",
        "sample",
        "τ",
    ),
    Term(
        "top-p",
        "Draw only from the likeliest tokens that together have probability p.",
        "sample",
    ),
    Term(
        "top-k",
        "Draw only from the k likeliest tokens.",
        "sample",
    ),
    Term(
        "min-p",
        "Draw only from tokens that are at least m times as likely as the likeliest.",
        "sample",
    ),
    Term(
        "KV cache",
        "The keys and values of all tokens so far, kept so that only the new token has to be "
        "computed.",
        "sample",
    ),
    Term(
        "calibration",
        "Whether probabilities come true: of what gets 70%, 7 of 10.",
        "evaluation",
        forms=("calibrated",),
    ),
    Term(
        "expected calibration error",
        "The mean distance between the probabilities that a model gives and how often they come "
        "true.",
        "evaluation",
        "ECE",
    ),
    Term(
        "hyperparameter",
        "A setting that is chosen before a training run and not learned in it.",
        "tuning",
    ),
    Term(
        "range test",
        "One run in which the learning rate rises step by step, to see where the model breaks.",
        "tuning",
    ),
    Term(
        "muP",
        "Initial weights and learning rates scaled by width, so that one learning rate serves "
        "models of every width.",
        "tuning",
    ),
    Term(
        "scaling law",
        "A formula, fitted to small runs, for the loss by the number of parameters and of tokens.",
        "tuning",
    ),
    Term(
        "quantization",
        "Keeping each weight as a small whole number times a scale, in fewer bits.",
        "lean",
        forms=("quantized",),
    ),
    Term(
        "pruning",
        "Removing the weights, neurons or heads that matter least.",
        "lean",
    ),
    Term(
        "distillation",
        "Training a small model on the probabilities of a large one.",
        "lean",
    ),
    Term(
        "fine-tuning",
        "Training a model further on another text, from the weights that it has.",
        "fine_tuning",
    ),
    Term(
        "LoRA",
        "Low-rank adaptation: every weight stays, and beside a matrix two thin ones are learned "
        "whose product is added to it.",
        "fine_tuning",
        shape="A (r, in), B (out, r)",
    ),
    Term(
        "induction head",
        "A head that finds where the present token stood before and looks at what came after it.",
        "head_importance",
    ),
    Term(
        "ablation",
        "Removing a part of a model to see what it was for.",
        "head_importance",
    ),
    Term(
        "standard error",
        "How much a measured mean would vary if it were measured again on other texts.",
        "head_importance",
    ),
    Term(
        "logit lens",
        "Reads a prediction off the stream in the middle of the model, as if it ended there.",
        "patching",
    ),
    Term(
        "activation patching",
        "Copies a state of a run on one prompt into a run on another, to find causes.",
        "patching",
        forms=("patching",),
    ),
    Term(
        "steering",
        "Adds a vector to a model's states, to push its answers in a direction.",
        "patching",
    ),
    Term(
        "snapshot",
        "A copy of all weights, kept at some step of training.",
        "head_born",
    ),
    Term(
        "RMSNorm",
        "A norm that divides by the root mean square and subtracts no mean.",
        "layernorm",
    ),
    Term(
        "BatchNorm",
        "A norm that takes mean and size over other tokens and sequences, too.",
        "normalization",
    ),
)


STYLE = """<style>
[data-testid=stMarkdownContainer] a[href^="glossary?"] {
  color: inherit; text-decoration: underline dotted; text-underline-offset: 0.2em;
  position: relative;
}
[data-testid=stMarkdownContainer] a[href^="glossary?"]:is(:hover, :focus-visible)::after {
  content: attr(title); position: absolute; left: 0; top: 1.7em; z-index: 99;
  width: max-content; max-width: min(20rem, 70vw); padding: 0.5rem 0.7rem;
  border-radius: 0.4rem; background: #1c1b22; color: #fff;
  font-size: 0.95rem; font-weight: 400; line-height: 1.35; text-align: left;
}
</style>"""


@contextmanager
def own_terms() -> Iterator[None]:
    """Inside, terms are linked as if nothing else were on the page.

    A part of the page that is drawn again with other words would else decide what the rest links.
    """
    before = st.session_state.get(_SEEN, {})
    st.session_state[_SEEN] = {}
    try:
        yield
    finally:
        st.session_state[_SEEN] = before


def forget_terms() -> None:
    """A page begins: no term has been used on it yet."""
    st.session_state[_SEEN] = {}


def prose(text: str, container: DeltaGenerator | None = None, **more: Any) -> None:
    """Write Markdown; terms of the glossary are linked where they first stand on the page.

    What depends on the prompt (`about_prompt`) links its own, whatever the rest of the page says.
    """
    caller = sys._getframe(1)
    place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
    linked = with_terms(text, st.session_state.setdefault(_SEEN, {}), place)
    (st if container is None else container).markdown(linked, **more)


def with_terms(text: str, seen: dict[str, str], place: str) -> str:
    """The text with a link at the first use of each term.

    seen: terms by the place in the code that used them first; a part of the page that is drawn
    again links the same ones again.
    """
    done: set[str] = set()

    def link(match: re.Match[str]) -> str:
        term = by_form()[_singular(match[0].lower())]
        if term.name in done or seen.setdefault(term.name, place) != place:
            return match[0]
        done.add(term.name)
        sentence = term.sentence.replace('"', "”")
        return f'[{match[0]}](glossary?term={quote_plus(term.name)} "{sentence}")'

    parts, at = [], 0
    for other in NOT_PROSE.finditer(text):
        parts += [_pattern().sub(link, text[at : other.start()]), other[0]]
        at = other.end()
    return "".join([*parts, _pattern().sub(link, text[at:])])


def terms_in(text: str) -> list[Term]:
    """The terms that a text uses, as often as it does."""
    return [by_form()[_singular(match[0].lower())] for match in _pattern().finditer(text)]


@cache
def by_form() -> dict[str, Term]:
    """Every term by each of its forms, in small letters."""
    return {form.lower(): term for term in TERMS for form in (term.name, *term.forms)}


def _singular(word: str) -> str:
    return word if word in by_form() else word[:-1]


@cache
def _pattern() -> re.Pattern[str]:
    # By first letter: a list of all forms in a row takes five times as long on every page.
    by_letter: dict[str, list[str]] = {}
    for form in sorted(by_form(), key=len, reverse=True):
        by_letter.setdefault(form[0], []).append(re.escape(form[1:]))
    some = "|".join(f"{re.escape(c)}(?:{'|'.join(rest)})" for c, rest in by_letter.items())
    return re.compile(rf"(?<![\w-])(?:{some})s?(?![\w-])", re.IGNORECASE)
