"""What the Training lesson says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpt_core.bundled import RECALLED
from ui.app.lesson import Answer
from ui.show.duration import duration
from ui.show.names import as_text
from ui.show.numbers import counted, number
from ui.show.tokens import code

if TYPE_CHECKING:
    from gpt_core.model.config import GPTConfig
    from gpt_core.training.config import TrainConfig
    from pages.training.preparing import Known
    from ui.services.metrics import Evaluation
    from ui.services.runs import Limits, RunView, Setup
    from ui.show.curves import Bar

GOAL = "Train a model, read its curves, and say when it has learned, stalled or overfitted."
INTRO = (
    "A new model predicts nothing useful: its weight matrices begin as random numbers. **One "
    "step** of training takes a batch of pieces of the text and lets the model predict every next "
    "token. It measures the **loss**, the mean surprise, and computes for each weight which way "
    "the loss falls: the **gradient**. Then it moves every weight a little that way. Training is "
    "many such steps."
)

QUESTION = "**Where does the loss begin, before the first step?**"
WITHOUT_GUESSING = "Show the curves without a guess"

START = (
    "**Where the loss begins.** At **log₂ V** bits, where V is the number of tokens in the "
    "vocabulary. A model that has learned nothing gives each token about the same "
    "probability, 1/V, and its surprise is −log₂(1/V). A curve that starts much higher was "
    "badly initialised. What a model learns first is mostly how often each token occurs; then "
    "which token follows which."
)
PARTING = (
    "**Whether the curves part.** The training curve is measured on text that the model learns "
    "from, the validation curve on text that it never learns from. As long as both fall together, "
    "it learns what both have in common. **Overfitting** begins where a gap opens: the model gets "
    "better at the training text alone. Where the validation curve **turns up**, more training "
    "does harm. A short text and a large model get there first. More text, a smaller model, "
    "dropout or stopping earlier help."
)
DROPOUT = (
    "**Dropout** can make the training loss the *higher* one. It sets random numbers inside the "
    "model to zero while it trains, and none while it is measured. So the loss of each batch is "
    "taken with a handicap, and the validation loss without."
)
BITS = (
    "**Units.** The code that trains computes the loss in *nats*; divided by ln 2 ≈ 0.693 it is in "
    "**bits**. A byte-pair token covers several characters, so its loss per token is larger; that "
    "does not make it a worse model. Divided by the characters per token, it is in **bits per "
    "character**. These can be compared between tokenizers that lose nothing, and with the "
    "counters of the Data lesson."
)
WARM_UP = (
    "**Learning rate.** Many recipes begin with small steps (**warm-up**). Adam, the most common "
    "rule for moving weights, divides each gradient by its usual size, and at first it has seen "
    "too few to know that size. So every weight would move by the full rate, in places where the "
    "loss bends sharply. Warm-up avoids a bad start from which the model recovers slowly. Later "
    "the rate falls, so that the weights settle instead of jumping around the lowest point."
)
GRADIENT_NORM = (
    "**Gradient norm.** The length of the gradient, all weights together: how steeply the loss "
    "changes here. It should settle early and then wander. A sudden spike comes from a batch that "
    "surprised the model. If spikes grow, the learning rate is too high and the run may "
    "**diverge**. **Clipping** shortens a gradient that is longer than a limit, so that one odd "
    "batch can't ruin the run."
)
SEEDS = (
    "**The same seed** fixes the first weights, the batches and dropout. On one machine, with one "
    "version of PyTorch and as many threads, it gives the same curve to the last digit. Elsewhere "
    "sums are added in another order and rounded differently; the difference grows from step to "
    "step, so expect a similar curve and not the same one."
)
TAKE_ALONG = (
    "**Take it with you.** *Download* gives a zip with `config.json`, `tokenizer.json` and "
    "`model.safetensors`: named tables of numbers and nothing that could run as a program, as a "
    "pickle could. For a model of GPT-2's design (*classic*), `python -m gpt_core export` makes a "
    "folder that Hugging Face's `GPT2LMHeadModel.from_pretrained` reads."
)

TRY = (
    "Train twice with the same seed. Are the curves the same? Now change only the seed. A "
    "difference smaller than the one between two seeds is not to be believed, and two runs give "
    "only a rough idea of how large that is.",
    "Choose *classic* and a learning rate of 1, a thousand times its own. The loss falls at first. "
    "Watch it and the gradient norm for 100 steps.",
    "Paste a text of two pages on the Data page and train 1,000 steps. At which step do the two "
    "curves part? At which does the validation curve turn up?",
    "Train *classic* and *modern* for 300 steps each and compare them over **seconds** above.",
    "Press *Use this model in every lesson* while a run is still going, open Attention, and look "
    "again a minute later.",
)
QUESTIONS = (
    (
        "A tokenizer has 64 tokens. Where should the loss of a new model begin?",
        "At log₂ 64 = 6 bits per token: the surprise at one of 64 equally likely tokens.",
    ),
    (
        "Training loss: 2.0, 1.2, 0.6 bits. Validation loss at the same steps: 2.1, 1.6, 1.9. What "
        "has happened, and when would you have stopped?",
        "The gap opened early (0.1, 0.4, 1.3 bits): overfitting. After the second point the "
        "validation loss rises, so stop there.",
    ),
    (
        "Two runs differ only in their seed and end at 2.08 and 2.14 bits per character. Another "
        "setting gives 2.10. Is it better or worse?",
        "Nobody can say: the change is smaller than what another seed changes. Take several seeds "
        "for both settings.",
    ),
)
ABILITIES = (
    "say where a loss should begin, and why",
    "tell learning from overfitting by two curves",
    "compare runs without believing their noise",
)
READING = (
    "Karpathy 2019, [A Recipe for Training Neural Networks]"
    "(https://karpathy.github.io/2019/04/25/recipe/): what to check first, and in which order",
    "Goodfellow, Bengio & Courville 2016, [Deep Learning](https://www.deeplearningbook.org/), "
    "chapters 7 and 8: overfitting, dropout, stopping early, optimization",
    "Srivastava et al. 2014, [Dropout](https://jmlr.org/papers/v15/srivastava14a.html)",
    "Karpathy 2022, [nanoGPT](https://github.com/karpathy/nanoGPT): the recipe behind *classic*",
)

COMPARED = (
    "Validation loss in bits per character, so that runs with different tokenizers can be "
    "compared, if both lose nothing. A word tokenizer looks better here than it is: a word that it "
    "doesn't have costs it nearly nothing."
)
LITTLE = 0.05  # of a validation loss: a gap, or a rise, not worth speaking of


def starts(guessing: float, best: float) -> dict[str, float]:
    """The options of the question, with the bits per token that they mean.

    guessing, best: the highest and the lowest of the lines.
    """
    return {
        "far above guessing: it is sure of wrong answers": 2 * guessing,
        "near guessing": guessing,
        "near the best counter": best,
        "near 0": 0.0,
    }


def start_answer(
    guess: str,
    options: dict[str, float],
    begin: float,
    guessing: float,
    model: GPTConfig | None,
) -> Answer:
    """Which option is nearest to the loss before the first step, and why it lies there."""
    right = min(options, key=lambda option: abs(options[option] - begin))
    why = (
        f"It begins at {number(begin)} bits per token. An untrained model finds all tokens about "
        f"equally likely: log₂ V = {number(guessing)} bits."
    )
    if model and model.residual_init == "copy" and begin < guessing:
        why += " Heads that were made to copy save a little."
    return Answer(guess == right, why)


def hidden_bars(labels: Sequence[str]) -> str:
    """Why some bars aren't drawn."""
    names = " and ".join(f"*{label}*" for label in labels)
    return (
        f"Not drawn: {names}. Per token of several characters that costs more than guessing a "
        "token."
    )


def run_shown(view: RunView, bars: Sequence[Bar]) -> str:
    """What the curves of this run say: which bars it got below, and whether they part."""
    points = view.curves.evaluations
    if not points:
        return "The run shown has not been measured yet."
    val = [point.val_loss / math.log(2) for point in points]
    first: dict[int, list[str]] = {}
    above: list[str] = []
    for bar in bars:
        met = next((p.step for p, bits in zip(points, val, strict=True) if bits < bar.y), None)
        (above if met is None else first.setdefault(met, [])).append(bar.label)
    said = "**In the run shown** the validation loss "
    said += "; ".join(
        f"{'' if i else 'was '}below {_listed(labels)} "
        + (f"by step {step:,}" if step else "before the first step")
        for i, (step, labels) in enumerate(sorted(first.items()))
    )
    if above:
        never = f"is not yet below {_listed(above)}"
        if not view.active:
            never = f"never got below {_listed(above)}"
        said += ("; it " if first else "") + never
    return f"{said}. {parted(points, view.active)}"


def pieces_and_scenes(pieces: float, scenes: float, length: int) -> str:
    """Why the bundled run's validation loss isn't its loss on whole scenes (bits per character)."""
    return (
        f"{number(pieces, '.3f')} bits per character, where *Sample* and *Evaluation* find "
        f"{number(scenes, '.3f')}? Here the model reads pieces of {length} tokens of the "
        "validation text, and most of them hold the beginnings of two scenes. There it reads new "
        "scenes one by one. A beginning is the hardest to guess: about two thirds of a scene's "
        "bits fall on its first 64 tokens, a fifth of it."
    )


def _listed(labels: Sequence[str]) -> str:
    """“*a*, *b* and *c*”."""
    *most, last = (f"*{label.partition(':')[0]}*" for label in labels)
    return f"{', '.join(most)} and {last}" if most else last


def parted(points: Sequence[Evaluation], active: bool = False) -> str:
    """Whether a gap has opened between the two curves, and whether the upper one rises.

    active: the run goes on, so that nothing is said of its end.
    """
    if len(points) < 2:
        return ""
    last, best = points[-1], min(points, key=lambda point: point.val_loss)
    train, val, lowest = (
        number(x / math.log(2), ".3f") for x in (last.train_loss, last.val_loss, best.val_loss)
    )
    ends = f"{'By now the curves are' if active else 'They end'} at {train} bits per token"
    ends += f" (training) and {val} (validation)"
    if last.val_loss > (1 + LITTLE) * best.val_loss:
        return (
            f"{ends}. The validation loss was lowest at step {best.step:,}, {lowest}, and has "
            "risen since: the steps after that did harm."
        )
    if last.val_loss - last.train_loss > LITTLE * last.val_loss:
        return f"{ends}: a gap has opened, so overfitting has begun."
    return f"{ends}: no gap worth speaking of."


def recipe(train: TrainConfig) -> str:
    """Which of what is explained here happens in the run shown."""
    muon = train.optimizer == "muon"
    by = "Muon for the matrices inside the layers and Adam for the rest" if muon else "AdamW"
    warm = f"{train.warmup_steps:,} steps of warm-up" if train.warmup_steps else "no warm-up"
    clip = f"clipping at {train.grad_clip:g}" if train.grad_clip else "no clipping"
    return (
        f"**The run shown** moves its weights by {by} (next lesson), with {warm} and {clip}. "
        f"{_falling(train)}"
    )


def _falling(train: TrainConfig) -> str:
    if train.schedule == "constant":
        return "Its learning rate never falls."
    end = f"to {100 * train.min_lr_ratio:g}% of its peak" if train.min_lr_ratio else "to 0"
    if train.schedule == "cosine":
        return f"Its learning rate falls along a cosine, {end}."
    after = "from the first step on"
    if train.cooldown < 1:
        after = f"after {100 * (1 - train.cooldown):.0f}% of the steps"
    return f"Its learning rate falls in a straight line {after}, {end}."


def noise(train: TrainConfig, context: int) -> str:
    """What the grey line and the marked points are."""
    points = "of the whole of each text"
    if train.eval_batches:
        pieces = train.eval_batches * train.batch_size
        points = (
            f"over {pieces:,} pieces of each text ({pieces * context:,} tokens), always the same "
            "ones"
        )
    return (
        "**The grey noise.** Each batch is another sample of the text, some harder than others, so "
        f"the loss of one batch says little. The marked points are averages {points}. Ctrl and the "
        "wheel zoom into a figure; a double click brings it back."
    )


def built_in(model: GPTConfig, train: TrainConfig, start: str | None = None) -> str:
    """What this run did not have to learn, and what is known of runs without it.

    start: the model that it went on from.
    """
    if start is not None:
        return (
            f"**The run shown didn't begin at random**: it went on from “{as_text(start)}”, with "
            "all that this model had learned and all that was built into it."
        )
    copies, rare = model.residual_init == "copy", train.rare_token_weight
    if not copies and rare == 1:
        return (
            "**Nothing was built into the run shown**: its weight matrices begin as random numbers "
            f"{_BEGINNINGS[model.residual_init]}, norms begin at 1 and biases at 0, and every "
            "token counts once in the loss."
        )
    said = "**Not everything in the run shown was learned.** "
    if copies:
        said += (
            "Its heads were made to copy: before the first step, each already passes on what it "
            "looks at. *Where* a head looks is learned; *that* it copies was built in. So the loss "
            "begins below guessing: for the bundled design at 10.55 to 10.58 bits with three "
            "seeds, and without it at 10.91 to 11.02, where guessing is 11.00. "
        )
    if rare != 1:
        said += (
            f"Rare words that a scene depends on (days, numbers, towns) counted {rare:g} times in "
            "the loss at first, and once at the end. (The curves count every token once.) "
        )
    return said + WITHOUT_HELP


_BEGINNINGS = {
    "scaled": "(smaller where a part writes its result)",
    "zero": "(zeros where a part writes its result, so that it adds nothing at first)",
}
WITHOUT_HELP = (
    "Why? Without such help, models of this size did not learn in a trial which day or number a "
    "scene had named. On eight plots, after 400 steps, a model without help recalled "
    f"{RECALLED['neither'][0]}% of these words, one with either help {RECALLED['either'][0]}% to "
    f"{RECALLED['either'][1]}%, and one with both {RECALLED['both'][0]}% or "
    f"{RECALLED['both'][1]}%, depending on how strong they were."
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
    "modern": "Rotary positions, RMSNorm, squared ReLU, trained with Muon. On Tiny Shakespeare "
    "such a recipe reached the loss of *classic* in a fraction of the time.",
    "quick": "A small *modern* with vectors for runs of characters. Made to "
    "write words of a short text after some seconds.",
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


WAYS = {"all": "all of it", "last": "the last block", "lora": "LoRA"}
ABOUT_WAYS = {
    "all": "Every weight moves. It learns most and may forget most.",
    "last": "Only the last layer and the norm after it move; all that comes before stays.",
    "lora": "Every weight stays. Beside each matrix of the layers, a change is learned that is the "
    "product of two thin matrices; in the end it is added.",
}
RANK_HELP = (
    "How thin the two matrices are: a change of rank r moves what goes through a matrix in r "
    "directions at most."
)
MOST_UNKNOWN = 0.25  # of the tokens; half of the words, since spaces are known
TOO_MUCH_UNKNOWN = (
    "Most of this text would be unknown to the model. Choose another model at the top, or "
    "begin with new weights."
)


def kept(name: str, kind: str, vocab_size: int) -> str:
    """What of the model that a run goes on from can't be chosen."""
    return (
        f"It goes on from the model at the top, **{name}**. Its design is kept, and so is its "
        f"tokenizer: {kind}, {vocab_size:,} tokens."
    )


def unknown_characters(known: Known) -> str:
    """What of a text the kept tokenizer doesn't know."""
    first = ", ".join(f"{code(piece)} ({n:,} times)" for piece, n in known.unknown[:5])
    more = len(known.unknown) - 5
    others = f" and {more:,} others" if more > 0 else ""
    return (
        f"The model's tokenizer doesn't know {first}{others}. That is "
        f"{number(100 * known.share, '.2g')}% of the text's tokens; it reads them all as one "
        "token, *unknown*."
    )


def tuned(setup: Setup) -> str:
    """What a run went on from, and how much of it was trained; nothing of one that began anew."""
    if setup.start is None or setup.train is None:
        return ""
    return (
        f", goes on from “{as_text(setup.start)}”: {WAYS[setup.train.tune]}, {setup.trained:,} "
        "numbers trained"
    )


DEAL_HELP = (
    "Otherwise every piece begins at a random place, and after as many pieces as the text has, "
    "about a third of it has not been read yet. Shuffled and dealt out, it all has."
)
RUNS_HELP = (
    "With characters, “e” after “th” is a run of 3. Its vector is added to that of the “e”. The "
    "Embeddings lesson shows which rows are looked up."
)


def runs_up_to(longest: int) -> str:
    """One of the options: how long the runs are that have vectors."""
    if not longest:
        return "none"
    return "of 2" if longest == 2 else f"of 2 to {longest}"


def runs_cost(numbers: int) -> str:
    """What the table of runs takes: four bytes a number, and as much again for each of Adam's two
    averages."""
    return (
        f"A table of {numbers:,} numbers: {4 * numbers / 1e6:,.1f} MB, and three times as much "
        "while it learns. A step moves only the rows that occur in it, so it takes hardly longer."
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


def steep(rate: float, usual: float) -> str:
    """What to say of a learning rate five times the preset's or more; of others nothing."""
    if rate < 4.999 * usual:  # in floating point 5 × 0.003 is not quite 0.015
        return ""
    return (
        f"The learning rate {rate:g} is {number(rate / usual, '.2g')} times the preset's "
        f"{usual:g}. Steps that large often throw a model back, and it may diverge. Was it meant?"
    )


def estimate(
    design: str,
    parameters: int,
    trained: int,
    steps: int,
    tokens: int,
    seconds: float,
    memory: float,
) -> str:
    some = f", of which **{trained:,}** are trained" if trained != parameters else ""
    took = duration(seconds).replace(" ", "\u00a0")
    return (
        f"{design}: **{parameters:,}** parameters{some}.  \n{steps:,} steps: **{tokens:,}** tokens "
        f"to read, about **{took}** and **{memory:.1f}\u00a0GB** of memory."
    )


def longer_than_a_turn(seconds: float) -> str:
    return (
        f"That is longer than a turn of {duration(seconds)}: the run will pause, and you can "
        "resume it."
    )


def queued(ahead: int, seconds: float | None = None) -> str:
    """ahead: how many runs train before this one. seconds: until its turn, if that is known."""
    begins = f" It begins in about {duration(seconds)}." if seconds is not None else ""
    if not ahead:
        return "Next in line." + begins
    return (
        f"{ahead} {'run is' if ahead == 1 else 'runs are'} ahead of this one in the queue.{begins}"
    )


SHARE = "Share this run"
SHARE_SAYS = (
    "Whoever has a link can look at this run. A phone reads the picture; it has to be in a network "
    "that reaches this app."
)
SHARE_CURVES, SHARE_MODEL = "Its curves", "Its model, to play with on a phone"


def kept_nowhere(address: str) -> str:
    """Where a browser keeps nothing, no cookie either. address: outside of any frame."""
    return (
        "This browser doesn't let the app keep anything (as in a frame on another site): after a "
        f"reload a run isn't yours any more, and you can't stop it. Open the app at its "
        f"[own address]({address}): there it stays yours."
    )


FOR_ALL = "For the whole class"
VOTE = "Let the class vote"
VOTE_ON = "On what?"
ASK_CLASS = "Ask the class"
VOTED = "Voted"
TAKE_WINNER = "Close the vote and take what won"
NO_VOTE = "Put it away"
TEXT_OF_APP = "The bundled sitcom"
NO_TEXTS = (
    "No text on the board is long enough (it takes {} characters). Let somebody hand one in, above "
    "any lesson."
)
RATE, WIDTH, TEXT = "Learning rate", "Width", "Text"
QUESTIONS_OF_VOTE = {
    RATE: "Which learning rate shall our run have?",
    WIDTH: "How wide shall our model be?",
    TEXT: "Which text shall our model learn from?",
}


def choices_of_vote(options: Sequence[str]) -> str:
    """Between what the class votes."""
    return "Between " + ", ".join(options[:-1]) + f" and {options[-1]}."


KEEP = "Keep"


def kept_until(days: float) -> str:
    """What Keep does with a run that was made in a class."""
    return (
        "This run was made in a class and is deleted with it. Kept, it stays yours after the "
        f"class, in this browser, for up to {days:g} days."
    )


OF_CLASS = "This is your class's run. Only your teacher can pause, stop or delete it."
SHARED = "This run was shared with you. Only its owner can pause, stop or delete it."
USE_HELP = "Sets the model at the top. While the run goes on, its latest weights are used."
TRAINING_LOSS_HELP = "Mean loss of the last 20 steps. In nats it is 0.693 times as large."
VALIDATION_LOSS_HELP = (
    "Loss on the part of the text that is never trained on. In nats it is 0.693 times as large."
)
BITS_HELP = "The validation loss in the unit of the Data lesson."
LOGARITHMIC_HELP = "Equal heights are equal factors: late in a run there is still something to see."
LOSS_ALT = "Loss by step: each batch, the training text, the validation text, and bars to beat."


def where(steps: int, seconds: float) -> str:
    """What the recorded run took."""
    return (
        f"Recorded: {steps:,} steps in {duration(seconds)} on a graphics card (an H200), which "
        "trained three other models meanwhile. Two processor cores would need about nine hours."
    )


NO_SUCH_RUN = "There is no such run here; it may have been deleted."


def comparison_alt(axis: str) -> str:
    return f"Validation loss of the chosen runs over {axis}."


def no_recipe(run: str) -> str:
    return f"config.json of {run} doesn't say which sitcom it learned."
