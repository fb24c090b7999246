"""What the Sample lesson says, with the numbers of the prompt in view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from corpus.sitcom.checker import RULES
from gpt_core.bundled import RECALLED
from gpt_core.evaluation.intervals import wilson
from gpt_core.evaluation.sitcom_report import MODEL
from gpt_core.evaluation.sitcom_report import percent as of_scenes
from gpt_core.generate.sample import SampleConfig, distribution
from ui.app.lesson import Answer
from ui.show.numbers import counted, number, percent, powered, raised, rate
from ui.show.tokens import code

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.model.config import GPTConfig
    from gpt_core.tokenizers import Tokenizer
    from gpt_core.training.config import TrainConfig
    from pages.sample.sampling import Cut, Writing

NUCLEUS = 0.9
GUESSES = (
    "no more than now",
    "up to 3 times as many",
    "3 to 30 times as many",
    "over 30 times as many",
)
HOT = 2.0  # the temperature that the question is about

TRY = (
    "**Temperature 0, twice.** Why is the text the same, whatever the seed? When does it repeat "
    "itself?",
    "**Temperature 2, then top-k 3.** Is it still nonsense?",
    "**Find the accident.** Choose the token of the strongest colour in the text. How likely was "
    "it? Did the text recover?",
    "**Sure or not?** Write `NADI`, then a whole line. When does top-p 0.9 keep one token, when "
    "many?",
)

READING = (
    "Fan, Lewis & Dauphin 2018, [Hierarchical Neural Story "
    "Generation](https://arxiv.org/abs/1805.04833), section 5.4: top-k.",
    "Holtzman et al. 2020, [The Curious Case of Neural Text "
    "Degeneration](https://arxiv.org/abs/1904.09751): why the likeliest text is dull, and "
    "top-p.",
    "Nguyen et al. 2024, [Turning Up the Heat](https://arxiv.org/abs/2407.01082): min-p.",
    "Pope et al. 2022, [Efficiently Scaling Transformer "
    "Inference](https://arxiv.org/abs/2211.05102): what the cache of keys and values costs "
    "and saves.",
)

GOAL = "Turn probabilities into text, and choose how bold or careful the choice is."
INTRO = (
    "A GPT doesn't write. It gives each token a probability of coming next. A program outside the "
    "model **chooses** one, appends it, and runs the model again."
)

FORMULA = r"p_i = \frac{e^{\text{logit}_i / \tau}}{\sum_j e^{\text{logit}_j / \tau}}"

QUESTIONS = (
    (
        "Two tokens have logits 3 and 1. How many times as likely is the first at τ = 1, and at "
        "τ = 2?",
        "e² = 7.4 times at τ = 1. At τ = 2 the difference is halved: e¹ = 2.7 times.",
    ),
    (
        "Why does top-p keep few tokens at one place and many at another, while top-k can't?",
        "Top-p counts probability: where one token has 0.95, it alone reaches p = 0.9. Top-k "
        "counts tokens, however likely they are.",
    ),
    (
        "Same prompt, same settings, same seed: when may the text differ all the same?",
        "On another kind of machine or version of PyTorch. Logits are rounded differently there, "
        "and once one token differs, so does all that follows.",
    ),
)
ABILITIES = (
    "say what temperature, top-k, top-p and min-p do to a probability",
    "read off a token how lucky its draw was",
    "say what a model owes to its text, and what was built in",
)


def cache(model: GPTConfig) -> str:
    """Whether keys and values can be kept."""
    if not model.causal:
        return (
            "Not this model: in it every token looks at later ones too, so each new token changes "
            "the **keys** and **values** of all. They are computed again at every step."
        )
    return (
        "A new token needs the **keys** and **values** of all tokens before it. Those never "
        "change, so they are kept (the **KV cache**), and each step computes one token instead of "
        f"the whole text. When the window of {model.block_size:,} tokens is full, it restarts from "
        "its last three quarters."
    )


def kept(config: SampleConfig, cut: Sequence[Cut], after: Tensor) -> str:
    """One line over the bars: how many tokens are left, and what was cut."""
    total, left = len(after), int((after > 0).sum())
    if config.temperature == 0:
        return "Temperature 0: the likeliest token takes everything, and the seed plays no part."
    if not cut:
        return f"No filter is on: all {total:,} tokens can be drawn."
    values = {"top-k": config.top_k, "top-p": config.top_p, "min-p": config.min_p}
    parts = [f"{c.name} {values[c.name]:g} leaves {c.left:,} (cuts {percent(c.lost)})" for c in cut]
    return f"Of {total:,} tokens, {'; '.join(parts)}. {counted(left, 'token')} can be drawn."


def temperature(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """The division by τ, done with the two best tokens."""
    pair, ids = (best.tolist() for best in logits.topk(2))
    first, second = (round(logit, 3) for logit in pair)  # so that what is shown adds up
    a, b = (code(tokenizer.token_text(i)) for i in ids)
    gap = first - second
    said = (
        f"The best two tokens are {a} with logit {number(first, '.3f')} and {b} with "
        f"{number(second, '.3f')}: a gap of {number(gap, '.3f')}. At τ = 1 that makes "
        f"{a} e{raised(gap, '.3f')} = {_times(gap)} times as likely."
    )
    tau = config.temperature
    if tau == 0:
        return f"{said} At τ = 0 nothing is drawn: {a} is always taken."
    if tau == 1:
        return f"{said} At τ = 0.5 the gap would double: {_times(2 * gap)} times as likely."
    return (
        f"{said} Divided by τ = {tau:g} the gap becomes {number(gap / tau, '.3f')}: "
        f"{_times(gap / tau)} times as likely."
    )


def _times(gap: float) -> str:
    """e to the power of a gap, which in a model that went wrong is more than a number can hold."""
    return powered(gap / math.log(2))


def top_k(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What top-k does here, or would do."""
    k = config.top_k or min(5, len(logits))
    left, lost, names = _alone(logits, SampleConfig(top_k=k), tokenizer)
    return (
        f"Keep the k likeliest tokens, even unlikely ones. {_would(config.top_k)} k = {k} "
        f"keeps {counted(left, 'token')} ({names}) and throws {percent(lost)} of the probability "
        "away."
    )


def top_p(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What top-p does here, or would do."""
    p = config.top_p or NUCLEUS
    left, _, names = _alone(logits, SampleConfig(top_p=p), tokenizer)
    return (
        "Keep the likeliest until their probabilities add up to p: few when the model is sure, "
        f"many when it isn't. {_would(config.top_p)} p = {p:g} keeps "
        f"{counted(left, 'token')} ({names})."
    )


def min_p(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What min-p does here, or would do."""
    m = config.min_p or 0.1
    best = float(logits.softmax(0).max())
    left, _, names = _alone(logits, SampleConfig(min_p=m), tokenizer)
    return (
        f"Keep tokens at least m times as likely as the best one. {_would(config.min_p)} "
        f"m = {m:g}: the best has {percent(best)}, so the bar is {percent(m * best)}, and "
        f"{counted(left, 'token')} {'passes' if left == 1 else 'pass'} ({names})."
    )


def _would(setting: float | None) -> str:
    return "At τ = 1," if setting else "It is off now; at τ = 1,"


def _alone(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> tuple[int, float, str]:
    """How many tokens one filter leaves, the probability it cuts, and the names of the first."""
    before, after = distribution(logits, config)
    left = after > 0
    count = int(left.sum())
    first = after.topk(min(count, 6)).indices.tolist()
    names = " ".join(code(tokenizer.token_text(i)) for i in first)
    return count, float(before[~left].sum()), names + (" …" if count > 6 else "")


def question(logits: Tensor) -> str:
    """What to predict: the same filter at another temperature."""
    return (
        f"At temperature 1, top-p {NUCLEUS:g} keeps **{counted(kept_by(logits, 1.0), 'token')}** "
        f"for the end of this prompt. How many does it keep at temperature {HOT:g}?"
    )


def kept_by(logits: Tensor, temperature: float) -> int:
    """How many tokens top-p leaves at a temperature."""
    config = SampleConfig(temperature=temperature, top_p=NUCLEUS)
    return int((distribution(logits, config)[1] > 0).sum())


def nucleus_answer(guess: str, logits: Tensor) -> Answer:
    """How many tokens top-p keeps for this prompt at both temperatures, against the guess."""
    cold, hot = kept_by(logits, 1.0), kept_by(logits, HOT)
    ratio = hot / cold
    right = GUESSES[0 if ratio <= 1 else 1 if ratio <= 3 else 2 if ratio <= 30 else 3]
    best, flat = (float((logits / t).softmax(0).max()) for t in (1.0, HOT))
    return Answer(
        guess == right,
        f"**{counted(hot, 'token')}** instead of {cold:,}. The likeliest alone has "
        f"{percent(best)} at temperature 1 and {percent(flat)} at {HOT:g}. Another prompt, another "
        "number: that is the point of top-p. Top-k keeps the same number everywhere.",
    )


def texts_differ(texts: Sequence[Writing], first: int | None) -> str:
    """From where on two texts differ; nothing is said of one."""
    if len(texts) < 2 or not all(each.texts for each in texts):
        return ""
    if first is None:
        return "**What differs.** Nothing, as far as both texts go."
    a, b = (code(each.texts[first]) for each in texts)
    return f"**What differs.** Token {first + 1} is the first that does: {a} in A, {b} in B."


def written(writing: Writing) -> str:
    """What can be said of a text once it has ended."""
    count = len(writing.texts)
    if not count:
        return ""
    bits = sum(writing.bits) / count
    speed = count / writing.seconds if writing.seconds else 0.0
    return (
        f"{count} tokens, written with {spoken(writing.config)}. Their mean surprise is {bits:.2f} "
        f"bits. Computed in {writing.seconds:.2f} s by {_engine(writing.compiled)}: "
        f"{rate(speed)} tokens a second, slowed down so that you can watch."
    )


def _engine(compiled: bool) -> str:
    return "one compiled function" if compiled else "PyTorch"


def step_by(prepared: bool, compiled: bool) -> str:
    """What computes a token. prepared: there is a compiled step; compiled: it knows this model."""
    if compiled:
        return (
            "Here **one compiled function** does a whole step. PyTorch would start an operation "
            "for each part of it, dozens in all, and a small model spends most of its time waiting "
            "for that. The numbers are PyTorch's, up to rounding; it still reads the prompt, which "
            "is many tokens at once."
        )
    said = "Here PyTorch does each step, one operation after the other. "
    if prepared:
        return said + (
            "One compiled function does it for other models, but not for this one: it knows only "
            "models that look back, in float32, and not every part that a model may have."
        )
    return said + (
        'Where numba is installed (`pip install ".[fast]"`), one compiled function does it, from '
        "some seconds after the app's start."
    )


def unknown(characters: Sequence[str]) -> str:
    """One sentence about what the model has never seen."""
    shown = " ".join(code(c) for c in characters[:6])
    more = " and more" if len(characters) > 6 else ""
    return f"Not in the vocabulary: {shown}{more}. The model reads a mark for “unknown” instead."


def saturated(shares: Sequence[str]) -> str:
    """What is left out of the table, because it is the same for all."""
    return (
        f"All three write words that occur in the training text ({shares[0].split(' ')[0]} of "
        "them), so that measure tells nothing here and is left out."
    )


SCENES_TITLE = "Scenes of the model, of its text, and of counting"
BITS_ROW = "bits per character of scenes it never saw"
RACE_TITLE = "What each model cost, and what it reached"


def prompt_words(prompt: str, share: str) -> str:
    return f"`{prompt}` {share} of the words are words of the text."


def raced(minutes: float, threads: int) -> str:
    return (
        f"Bits per character of unseen text; less is better. Recorded, {minutes:g} minutes each, "
        f"in turns, {cores(threads)}."
    )


def introduction(scenes: dict[str, Any], race: dict[str, Any]) -> str:
    """What the bundled model reaches, by the numbers that were measured."""
    measures = scenes["columns"][MODEL]["measures"]
    count, parameters = scenes["settings"]["scenes"], race["rows"][0]["parameters"]
    passed, copied = (measures[name]["value"] for name in ("passed", "verbatim"))
    said = (
        f"The bundled model has {parameters / 1e6:.1f} million parameters. A checker reads each "
        "scene to its last word; one wrong number, day or name fails it. "
        f"**{100 * passed:.0f}%** of {count} scenes pass. "
    )
    said += (
        "None is copied whole from the training text"
        if not copied
        else f"{100 * copied:.1f}% are copied whole from the training text"
    )
    return said + (
        ", but all plots and sentences are in it. What is new is who and what fills them."
    )


def owed(model: GPTConfig, train: TrainConfig) -> str:
    """What else but the text made the bundled model good."""
    helps = []
    if model.residual_init == "copy":
        helps.append("heads that copy what they look at from the first step")
    if train.rare_token_weight != 1:
        helps.append(f"rare words of a scene counted {train.rare_token_weight:g} times in the loss")
    if not helps:
        return (
            "**Is it the text alone?** Nothing was built in beside it: weights began as random "
            "numbers, and every token counted once."
        )
    return (
        f"**It is not the text alone.** Built in: {'; and '.join(helps)}. Why: in a short trial, "
        "models of this size did not learn without such help which day or number a scene had "
        f"named. They recalled {RECALLED['neither'][0]}% of these words, and "
        f"{RECALLED['both'][0]}% or more with both (see *Training*). Training took seven minutes "
        "on a graphics card. In 67 minutes on two cores the same design passed 26 of 40 scenes, "
        f"{of_scenes(wilson(26, 40))}."
    )


def how_made(scenes: dict[str, Any]) -> str:
    """How the scenes were drawn, and which rules the failed ones broke."""
    settings, measures = scenes["settings"], scenes["columns"][MODEL]["measures"]
    broken = sorted(measures["broken"].items(), key=lambda item: -item[1])
    rules = "; ".join(f"{count} × {RULES[rule]}" for rule, count in broken[:3])
    filters = [
        f"{name.replace('_', '-')} {settings[name]:g}"
        for name in ("top_k", "top_p", "min_p")
        if settings[name]
    ]
    return (
        f"{settings['scenes']} scenes, written with temperature {settings['temperature']:g}"
        f"{''.join(', ' + name for name in filters)}, seed {settings['seed']}; in brackets the 95% "
        "interval. The checker reads a scene as text: it is the strict reader of the Sitcom "
        f"lesson. " + (f"What failed scenes broke most often: {rules}." if rules else "")
    )


def about_race(race: dict[str, Any], scenes: dict[str, Any]) -> str:
    """What to see in the bars, and how little one run each shows."""
    rows = race["rows"]
    bundled, notebook, counted_row = rows[0], rows[1], rows[-1]
    best = bundled["bits"]["value"]
    own = [row for row in rows[1:-1] if row["text"] == "sitcom"]
    ahead = [row for row in own if row["bits"]["value"] < best]
    said = (
        f"**One run each**, so small differences may be chance. On the same text the notebooks' "
        f"model got to {notebook['bits']['value']:.2f}, the bundled design to {best:.2f}. "
    )
    if ahead:
        names = ", ".join(f"*{row['name']}* {row['bits']['value']:.2f}" for row in ahead)
        said += f"Ahead of it: {names}. "
        quick = [row for row in ahead if row["steps"] > 1.2 * bundled["steps"]]
        if quick:
            named = " and ".join(f"*{row['name']}*" for row in quick)
            said += f"In that time {named} took many more steps; such a lead need not last. "
    else:
        said += "Nobody on that text is ahead of it. "
    said += _helps_here({row["name"]: row["bits"]["value"] for row in own}, best)
    for row in (row for row in rows if row["text"] != "sitcom"):
        said += f"On Tiny Shakespeare the bundled design got to {row['bits']['value']:.2f}. "
    learned = scenes["columns"][MODEL]["bits"]["value"]
    return said + (
        f"Counting five tokens gives {counted_row['bits']['value']:.2f}; the bundled model ended "
        f"at {learned:.3f}."
    )


COPYING_OFF, COUNTING_OFF = "heads that start at zero", "all tokens count once"


def _helps_here(others: dict[str, float], best: float) -> str:
    """Whether what was built in shows in this measure. others: bits of the racers without it."""
    without = {name: others[name] for name in (COPYING_OFF, COUNTING_OFF) if name in others}
    if not without:
        return ""
    told = ", ".join(f"*{name}* {bits:.2f}" for name, bits in without.items())
    if min(without.values()) > best + LITTLE:
        return f"Without one of the two built-in helps it is worse: {told}. "
    better = ", ".join(f"*{name}*" for name, bits in without.items() if bits < best - LITTLE)
    ahead = f"; in so short a race {better} is even ahead" if better else ""
    return (
        f"What was built in is no help here ({told}){ahead}. It is about a few words of each "
        "scene, and this measure counts all characters alike. "
    )


LITTLE = 0.02  # bits per character: what one run each can't tell apart


def cores(count: int) -> str:
    """ "on 2 processor cores"."""
    return f"on {count} processor core{'s' if count > 1 else ''}"


CHOOSE = (
    "Choose a token: click it, or use the arrow keys. The stronger its colour, the more surprising."
)

ADDRESS = (
    "The address holds prompt, settings, seed: whoever opens it and presses Write gets this text."
)


def spoken(config: SampleConfig) -> str:
    """The settings in use, in words."""
    if config.temperature == 0:
        return "temperature 0, always the likeliest token"
    parts = [f"temperature {config.temperature:g}"]
    named = {"top-k": config.top_k, "top-p": config.top_p, "min-p": config.min_p}
    parts += [f"{name} {value:g}" for name, value in named.items() if value is not None]
    return ", ".join([*parts, f"seed {config.seed}"])
