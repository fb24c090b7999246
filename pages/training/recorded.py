"""The bundled run as the training service would show it: a curve before anybody trains."""

from __future__ import annotations

from functools import cache

from gpt_core.bundled import BUNDLED, bundled_run_path
from gpt_core.training.run_files import RunError
from pages.data.text_tables import guessing_bars
from pages.training import words
from pages.training.preparing import token_bits
from ui.services.metrics import MetricsReader
from ui.services.runs import About, RunView, Setup

SCENES_COUNTED = 1_000  # for what a mere counter reaches: all 200,000 would take minutes


@cache
def recorded_view() -> RunView:
    """The recorded run. Raises RunError when it is damaged."""
    from gpt_core.training.run import Run

    run = Run.open(bundled_run_path())
    tokenizer, recipe = run.tokenizer(), run.recipe()
    if recipe is None:
        raise RunError(words.no_recipe(run.name))
    text = recipe.beginning(SCENES_COUNTED)
    ids = tokenizer.encode(text)
    cut = int(0.9 * len(ids))
    reader = MetricsReader(run.path)
    reader.read()
    about = About(
        name="Recorded: the bundled model",
        owner="",
        created=0.0,
        bar_bits=tuple(guessing_bars(text)["bits, on unseen text"]),
        characters_per_token=len(text) / len(ids),
        token_bits=token_bits(ids[:cut], ids[cut:], tokenizer.vocab_size),
    )
    return RunView(
        run_id=BUNDLED,
        about=about,
        setup=Setup.of(run),
        state=run.status().state,
        reason=None,
        place=None,
        saving=False,
        curves=reader.curves,
        has_model=True,
    )
