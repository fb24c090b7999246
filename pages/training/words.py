"""What the Training lesson says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.show.duration import duration
from ui.show.names import as_text
from ui.show.numbers import counted

if TYPE_CHECKING:
    from ui.services.runs import Limits, RunView

INTRO = (
    "A new model knows nothing: its weights are random numbers. **One step** of training is this: "
    "take a batch of pieces of the text, let the model guess every next token, measure how "
    "surprised it is by the right one (the **loss**), ask which way each weight should move to be "
    "less surprised (the **gradient**), and move all of them a little. Then again, a few hundred "
    "times."
)

WHERE_IT_STARTS = "Predict first: where does the loss start, and why there?"

START = (
    "At **ln V**, where V is the number of different tokens. A model that knows nothing gives "
    "each token the same probability, 1/V, and its surprise is −ln(1/V) = ln V. A curve that "
    "starts far above it was badly initialised. Then look at the dotted lines: the first "
    "thing a model learns is how often each character comes at all (it meets *counting "
    "characters* within a few steps); then which follows which."
)

WHETHER_THEY_PART = "Predict first: will the two curves part, and on which text soonest?"

PARTING = (
    "The training curve is measured on text that the model practises on, the validation curve "
    "on text that it never sees. As long as both fall, it learns the language. When the "
    "training curve goes on falling and the validation curve **turns up**, the model has begun "
    "to learn the text by heart: **overfitting**. A short text and a large model get there "
    "first. More text, a smaller model, dropout, or simply stopping earlier all help."
)

BITS = (
    "**Loss in bits.** The loss is the average surprise, −ln p, of the right token, in *nats*. "
    "Divide by ln 2 ≈ 0.693 and it is in **bits**: a loss of 1 bit is the surprise of a coin toss. "
    "A token of a byte-pair tokenizer holds several characters, so its loss is larger and means no "
    "harm. Divide by the characters per token, and **bits per character** can be compared between "
    "any two tokenizers, and with the counters of the Data lesson."
)

WARM_UP = (
    "**Warm-up.** In the first steps every gradient is large and points somewhere else, and Adam "
    "has seen too few of them to know their usual size. Starting with small steps avoids a stumble "
    "that takes long to mend. Towards the end the learning rate falls, so that the weights settle "
    "instead of jumping around the bottom."
)

GRADIENT_NORM = (
    "**Gradient norm.** The length of the gradient, all weights together: how steep the ground is "
    "here. It should settle early and then wander. A sudden spike is a batch that surprised the "
    "model; if spikes grow, the learning rate is too high and the run may **diverge**. Clipping "
    "shortens a gradient that is longer than a limit, so that one odd batch can't ruin the run."
)

NOISE = (
    "**The grey noise.** Each batch is another sample of the text, some harder than others, so the "
    "loss of one batch says little. The marked points are averages over many batches, always the "
    "same ones. Ctrl and the wheel zoom into a figure; a double click brings it back."
)

TRY = (
    "Train twice with the same seed. Are the curves the same? Now change only the seed: the "
    "distance between two seeds is how much of a difference you may believe in.",
    "Multiply the learning rate by 30. Watch the gradient norm just before it goes wrong.",
    "Paste a text of two pages on the Data page and train 1,000 steps. At which step does the "
    "validation curve turn up?",
    "Train *classic* and *modern* for 300 steps each and compare them over **seconds** above.",
    "Press *Use this model in every lesson* while a run is still going, open Attention, and look "
    "again a minute later.",
)

COMPARED = (
    "Validation loss in bits per character, so that runs with different tokenizers can be "
    "compared. A word tokenizer looks better here than it is: a word that it doesn't know "
    "costs it nearly nothing."
)

TRAINING_AGAIN = "This run is training again. Stop it first."


def what_goes(view: RunView, snapshots: int) -> str:
    """The run by its name, and all that is lost with it."""
    setup, kept = view.setup, counted(snapshots, "snapshot")
    return (
        f"**{as_text(view.about.name)} · {view.run_id[:4]}**, on “{as_text(setup.corpus_name)}”\n\n"
        f"Its weights after step {view.step:,} of {setup.steps:,}, {kept}, its curves and its copy "
        "of the text are removed from this server. Links to it stop working. "
        "**This can't be undone.**\n\n"
        "Press *Download* first to keep a copy, without snapshots and what more training needs."
    )


DESIGNS = {
    "modern": "RoPE, RMSNorm, squared ReLU, trained with Muon: learns fastest.",
    "classic": "GPT-2's choices: learned positions, LayerNorm, GELU, trained with AdamW.",
    "notebook": "The notebooks' model: 6 layers, 8 heads, 256 wide, ReLU. Large for a laptop.",
}


def rules(limits: Limits) -> str:
    """What a visitor should know about the queue and the limits, in a few sentences."""
    return (
        f"One run trains at a time on this machine, first come, first served; a turn lasts at most "
        f"{duration(limits.turn_seconds)}, then the run pauses. You may have {limits.active_runs} "
        f"runs waiting or training and keep {limits.stored_runs}, for {limits.days:.0f} days. "
        f"Close the tab if you like: your run keeps its place and goes on."
    )


VOCABULARY_HELP = "How many different tokens there may be. More tokens mean shorter sequences."


def small_vocabulary(size: int) -> str:
    return (
        f"This text has only {size:,} tokens of that kind; choose a vocabulary of at most that "
        "size."
    )


def too_short(tokens: int, context: int) -> str:
    return (
        f"The text is too short: its last tenth has {tokens:,} tokens, and must have more than "
        f"the context of {context}. Choose a longer text or a shorter context."
    )


def estimate(
    design: str, parameters: int, steps: int, tokens: int, seconds: float, memory: float
) -> str:
    return (
        f"{design}: **{parameters:,}** parameters.  \n{steps:,} steps: **{tokens:,}** tokens to "
        f"read, about **{duration(seconds)}** and **{memory:.1f} GB** of memory."
    )


def longer_than_a_turn(seconds: float) -> str:
    return (
        f"That is longer than a turn of {duration(seconds)}: the run will pause, and you can "
        "resume it."
    )


def queued(ahead: int) -> str:
    """ahead: how many runs train before this one."""
    if not ahead:
        return "Next in line."
    return f"{ahead} {'run is' if ahead == 1 else 'runs are'} ahead of this one in the queue."


SHARED = "This run was shared with you. Only its owner can pause, stop or delete it."
USE_HELP = "Sets the model in the sidebar. While the run goes on, its latest weights are used."
TRAINING_LOSS_HELP = "Mean of the last 20 steps, in nats per token."
VALIDATION_LOSS_HELP = "On the part of the text that is never trained on, in nats per token."
BITS_HELP = "The validation loss in the unit of the Data lesson."
LOGARITHMIC_HELP = "Equal heights are equal factors: late in a run there is still something to see."
LOSS_ALT = "Loss by step: each batch, the training text, the validation text, and bars to beat."

WHERE = (
    "Recorded on a graphics card (an H200), which trained three other models meanwhile. Two "
    "processor cores would need about nine hours for the same steps."
)

NO_SUCH_RUN = "There is no such run here; it may have been deleted."


def comparison_alt(axis: str) -> str:
    return f"Validation loss of the chosen runs over {axis}."


def no_recipe(run: str) -> str:
    return f"config.json of {run} doesn't say which sitcom it learned."
