"""The whole model as one picture: the residual stream and the branches that add to it.

Every part is a link to its lesson. A component of Streamlit's second generation: its HTML, CSS and
JavaScript lie beside this file. Behind the picture lies a table that says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from streamlit.runtime.scriptrunner import get_script_run_ctx

from gpt_core.model.config import GPTConfig
from ui.components.bundle import read
from ui.components.component import SCROLLS, component
from ui.components.taking import take_drawing
from ui.show.numbers import counted

_FILES = Path(__file__).parent

_HTML, _CSS = read(_FILES / "diagram.html"), read(SCROLLS, _FILES / "diagram.css")
_component = component("block_diagram", _FILES, html=_HTML, css=_CSS)

# Which lesson, a file in pages/, explains which kind of part.
_LESSONS = {
    "tokens": "tokenization",
    "embed": "embeddings",
    "stream": "residual",
    "attention": "attention",
    "heads": "heads",
    "mlp": "mlp",
    "norm": "layernorm",
    "unembed": "sample",
}
_NORMS = {"layernorm": "LayerNorm", "rmsnorm": "RMSNorm", "batchnorm": "BatchNorm"}
_POSITIONS = {
    "learned": "+ a learned position",
    "sinusoidal": "+ a position's waves",
    "rope": "",
    "none": "",
}
MOST_LAYERS = 4  # more are drawn as the first two, the last, and a button in between


@dataclass(frozen=True)
class Part:
    """One box of the picture.

    name: the tensor that comes out of it, as `gpt_core.model.observe` calls it. branch: a norm
    that only a branch reads through. adds: what comes out is added to the stream. detail stands in
    the box, says beside it, sentence in the table.
    """

    name: str
    kind: str
    title: str
    sentence: str
    layer: int | None = None
    detail: str = ""
    says: str = ""
    branch: bool = False
    adds: bool = False


def parts(config: GPTConfig) -> list[Part]:
    """The parts of such a model in the order in which they run."""
    C, V = config.n_embd, config.vocab_size
    runs = f" So does each run of 2 to {config.ngrams} tokens that ends here." * bool(config.ngrams)
    found = [
        Part("idx", "tokens", "Tokens", "The prompt as numbers, one for each token."),
        Part(
            "embed",
            "embed",
            "Embedding",
            f"Each token picks its row of {C} numbers: the stream begins.{runs}",
            detail=f"{V:,} × {C}",
            says=_POSITIONS[config.position],
        ),
    ]
    for layer in range(config.n_layer):
        found += _layer(config, layer)
    if config.norm_position == "pre" and config.norm != "none":
        words = "Evens out the stream once more, before it is read for the last time."
        found.append(Part("norm_f", "norm", _NORMS[config.norm], words))
    words = f"Compares the stream with {V:,} rows: one score for each token that may come next."
    found.append(
        Part("logits", "unembed", "Unembedding", words, detail=f"{C} → {V:,}", says="then softmax")
    )
    return found


@lru_cache(64)
def _plain_parts(config: GPTConfig) -> list[dict[str, Any]]:
    return [asdict(part) for part in parts(config)]


def _layer(config: GPTConfig, layer: int) -> Iterator[Part]:
    """One layer: with pre-norm a norm lies in each branch, with post-norm on the stream."""
    heads = counted(config.n_head, "head")
    C, swiglu = config.n_embd, config.activation == "swiglu"
    hidden = 8 * C // 3 if swiglu else 4 * C
    branches = (
        ("attn_out", "attention", "Attention", heads, "fetches from other tokens"),
        ("mlp_out", "mlp", "MLP", f"{C} → {hidden:,} → {C}", "works on its own"),
    )
    pre = config.norm_position == "pre"
    for number, (tensor, kind, title, detail, words) in enumerate(branches, start=1):
        name = f"blocks.{layer}.{tensor}"
        sentence = f"Each token {words}; what comes out is added to the stream."
        branch = Part(name, kind, title, sentence, layer, detail, adds=True)
        if config.norm == "none":
            yield branch
            continue
        who = "attention" if kind == "attention" else "the MLP"
        where = f"before {who} reads it" if pre else f"after what {who} added"
        norm = Part(
            f"blocks.{layer}.norm{number}",
            "norm",
            _NORMS[config.norm],
            f"Evens out the stream {where}.",
            layer,
            branch=pre,
        )
        yield from (norm, branch) if pre else (branch, norm)


def hidden_layers(config: GPTConfig, highlight: str | None) -> list[int]:
    """Layers that are drawn as one button, because there are too many to draw them all."""
    if config.n_layer <= MOST_LAYERS:
        return []
    last = config.n_layer - 1
    shown = {0, 1, last}
    if highlight and highlight.startswith("blocks."):
        shown.add(int(highlight.split(".")[1]))
    hidden = [layer for layer in range(config.n_layer) if layer not in shown]
    # A button in place of a single layer would save nothing.
    return [layer for layer in hidden if {layer - 1, layer + 1} & set(hidden)]


def block_diagram(
    config: GPTConfig,
    *,
    key: str,
    numbers: Mapping[str, float] | None = None,
    highlight: str | None = None,
    unit: str = "how much each branch adds",
) -> str | None:
    """Draw the model; the lesson of the part that was clicked just now, else None.

    numbers: by tensor name, as `gpt_core.model.observe` calls them: how much a branch adds
    ("blocks.0.attn_out", "blocks.0.mlp_out"; below 0 is drawn as taking away), and how much the
    stream holds as it enters a layer ("blocks.0.resid_pre"). unit says in words what they are.
    highlight: the name of the part that stands out.
    """
    pages = lesson_pages(config)
    layers = counted(config.n_layer, "layer")
    data: dict[str, Any] = {
        "name": key,
        "title": f"The model from bottom to top: embedding, {layers}, unembedding",
        "parts": _plain_parts(config),
        "hidden": hidden_layers(config, highlight),
        "numbers": dict(numbers) if numbers else None,
        "unit": unit,
        "highlight": highlight,
        "pages": pages,
    }
    chosen = _component(key=key, data=data, on_open_change=lambda: None).open
    drawn = data | {"pages": {}}
    take_drawing(key, data["title"], _HTML, _CSS, _FILES, drawn, partial(_rows, data))
    return chosen if chosen in {page["file"] for page in pages.values()} else None


def _rows(data: Mapping[str, Any]) -> list[list[Any]]:
    numbers = data["numbers"] or {}
    rows: list[list[Any]] = [["tensor", "part", "layer", "what it does", data["unit"]]]
    for part in data["parts"]:
        named = [part[name] for name in ("name", "title", "layer", "sentence")]
        rows.append([*named, numbers.get(part["name"], "")])
    return rows


def lesson_pages(config: GPTConfig) -> dict[str, dict[str, str]]:
    """By kind of part: the file, path and title of its lesson, as far as the app has it."""
    context = get_script_run_ctx()
    known: dict[str, Any] = {}
    for page in context.pages_manager.get_pages().values() if context else ():
        known[Path(page["script_path"]).parent.name] = page
    lessons = dict(_LESSONS)
    if config.norm != "layernorm" and "normalization" in known:
        lessons["norm"] = "normalization"
    return {
        kind: {
            "file": file,
            "path": known[file].get("url_pathname", file),
            "title": known[file].get("page_name", file),
        }
        for kind, file in lessons.items()
        if file in known
    }
