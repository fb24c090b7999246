"""What the Sample lesson says, with the numbers of the prompt in view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from corpus.sitcom.checker import RULES
from gpt_core.evaluation.sitcom_report import MODEL
from gpt_core.generate.sample import SampleConfig, distribution
from ui.app.lesson import Answer
from ui.show.numbers import counted
from ui.show.tokens import code

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer
    from pages.sample.sampling import Cut, Writing

NUCLEUS = 0.9
GUESSES = ("1 token", "2 to 5", "6 to 15", "more than 15")

TRY = (
    "**Temperature 0, twice.** Press Write two times. Why is the text the same, whatever "
    "the seed? How long does it take until the text repeats itself?",
    "**Temperature 2, then top-k 3.** First see what a text looks like when unlikely tokens "
    "get their turn. Then cut all but three at every step: is it still nonsense?",
    "**Find the accident.** Look for the darkest token of the text and choose it. How "
    "likely was it? Did the text recover after it?",
    "**Sure or not?** Write half a name into the prompt, such as `NADI`, then a whole line. "
    "When does top-p 0.9 keep one token, and when many?",
)

READING = (
    "Fan, Lewis & Dauphin 2018, [Hierarchical Neural Story "
    "Generation](https://arxiv.org/abs/1805.04833), section 5.1: top-k.",
    "Holtzman et al. 2020, [The Curious Case of Neural Text "
    "Degeneration](https://arxiv.org/abs/1904.09751): why the likeliest text is dull, and "
    "top-p.",
    "Nguyen et al. 2024, [Turning Up the Heat](https://arxiv.org/abs/2407.01082): min-p.",
    "Pope et al. 2022, [Efficiently Scaling Transformer "
    "Inference](https://arxiv.org/abs/2211.05102): what the cache of keys and values costs "
    "and saves.",
)

INTRO = (
    "A GPT doesn't write. It says how likely each token is to come next. Something else has to "
    "**choose** one; then the token is appended, and the model is asked again. How to choose is up "
    "to you, and it makes the difference between a parrot and a poet."
)

CACHE = """
Every new token needs the **keys** and **values** of all tokens before it, in every layer. Those
never change: in this model a token can't see what comes later. So they are kept (the **KV
cache**), and each step computes one token instead of the whole text. When the window of {block}
tokens is full, it restarts from its last three quarters.
"""


def kept(config: SampleConfig, cut: Sequence[Cut], after: Tensor) -> str:
    """One line under the bars: how many tokens are left, and what was cut."""
    total, left = len(after), int((after > 0).sum())
    if config.temperature == 0:
        return "Temperature 0: the likeliest token takes everything, and the seed plays no part."
    if not cut:
        return f"No filter is on: all {total} tokens can be drawn."
    parts = [f"{c.name} leaves {c.left} (cuts {100 * c.lost:.1f}%)" for c in cut]
    return f"Of {total} tokens, {'; '.join(parts)}. {counted(left, 'token')} can be drawn."


def temperature(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """The division by T, done with the two best tokens."""
    (first, second), ids = (pair.tolist() for pair in logits.topk(2))
    a, b = (code(tokenizer.token_text(i)) for i in ids)
    gap = first - second
    plain = math.exp(gap)
    said = (
        f"The best two tokens are {a} with score {first:.2f} and {b} with {second:.2f}: a gap of "
        f"{gap:.2f}. At T = 1 that makes {a} e^{gap:.2f} = {plain:.2f} times as likely."
    )
    T = config.temperature
    if T == 0:
        return f"{said} At T = 0 nothing is drawn: {a} simply wins."
    if T == 1:
        half = min(gap / 0.5, 50)
        return f"{said} At T = 0.5 the gap would double: {math.exp(half):,.2f} times as likely."
    return (
        f"{said} Divided by T = {T:g} the gap becomes {gap / T:.2f}: "
        f"{math.exp(min(gap / T, 50)):,.2f} times as likely."
    )


def top_k(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What top-k does here, or would do."""
    k = config.top_k or min(5, len(logits))
    left, lost, names = _alone(logits, SampleConfig(top_k=k), tokenizer)
    return (
        f"Keep the k likeliest tokens, however likely they are. {_would(config.top_k)} k = {k} "
        f"keeps {counted(left, 'token')} ({names}) and throws {100 * lost:.1f}% of the probability "
        "away."
    )


def top_p(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What top-p does here, or would do."""
    p = config.top_p or NUCLEUS
    left, _, names = _alone(logits, SampleConfig(top_p=p), tokenizer)
    return (
        "Go down the list until the probabilities add up to p, and keep those: few when the model "
        f"is sure, many when it isn't. {_would(config.top_p)} p = {p:g} keeps "
        f"{counted(left, 'token')} ({names})."
    )


def min_p(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> str:
    """What min-p does here, or would do."""
    m = config.min_p or 0.1
    best = float(logits.softmax(0).max())
    left, _, names = _alone(logits, SampleConfig(min_p=m), tokenizer)
    return (
        "Keep tokens that are at least m times as likely as the best one; the bar rises and falls "
        f"with the best. {_would(config.min_p)} m = {m:g}: the best has {100 * best:.1f}%, so the "
        f"bar is {100 * m * best:.2f}%, and {counted(left, 'token')} pass ({names})."
    )


def _would(setting: float | None) -> str:
    return "At T = 1," if setting else "It is off now; at T = 1,"


def _alone(logits: Tensor, config: SampleConfig, tokenizer: Tokenizer) -> tuple[int, float, str]:
    """How many tokens one filter leaves, the probability it cuts, and the names of the first."""
    before, after = distribution(logits, config)
    left = after > 0
    count = int(left.sum())
    first = after.topk(min(count, 6)).indices.tolist()
    names = " ".join(code(tokenizer.token_text(i)) for i in first)
    return count, float(before[~left].sum()), names + (" …" if count > 6 else "")


def nucleus_answer(guess: str, logits: Tensor) -> Answer:
    """How many tokens top-p keeps for this prompt, against the guess."""
    before, after = distribution(logits, SampleConfig(top_p=NUCLEUS))
    count, best = int((after > 0).sum()), 100 * float(before.max())
    right = GUESSES[0 if count == 1 else 1 if count <= 5 else 2 if count <= 15 else 3]
    return Answer(
        guess == right,
        f"**{counted(count, 'token')}** stay in. The likeliest one alone has {best:.1f}%. Change "
        "the end of the prompt and the number changes: that is the point of top-p. Top-k would "
        "keep the same number everywhere.",
    )


def written(writing: Writing) -> str:
    """What can be said of a text once it has ended."""
    count = len(writing.texts)
    if not count:
        return ""
    bits = sum(writing.bits) / count
    speed = count / writing.seconds if writing.seconds else 0.0
    return (
        f"{count} tokens, written with {spoken(writing.config)}. On average the model was "
        f"surprised by {bits:.2f} bits a token. Computed in {writing.seconds:.2f} s: "
        f"{speed:,.0f} tokens a second, slowed down so that you can watch."
    )


def unknown(characters: Sequence[str]) -> str:
    """One sentence about what the model has never seen."""
    shown = " ".join(code(c) for c in characters[:6])
    more = " and more" if len(characters) > 6 else ""
    return f"The model has never seen {shown}{more}; it reads a mark for “unknown” instead."


def prompt_words(prompt: str, share: str) -> str:
    return f"`{prompt}` {share} of the words are words of the text."


def raced(minutes: float, threads: int) -> str:
    return (
        f"Bits per character of text that none of them saw; less is better. Recorded: {minutes:g} "
        f"minutes of training steps each, in turns, {cores(threads)}. Counting needs no training."
    )


def introduction(scenes: dict[str, Any], race: dict[str, Any]) -> str:
    """The claim, on the numbers that support it."""
    bundled, notebook = race["rows"][0], race["rows"][1]
    passed = scenes["columns"][MODEL]["measures"]["passed"]["value"]
    count = scenes["settings"]["corpus"]["sitcom"]["scenes"]
    return (
        f"The notebooks' model has {notebook['parameters'] / 1e6:.1f} million parameters and "
        f"writes misspelt nonsense; its author blames the laptop. The bundled one has "
        f"{bundled['parameters'] / 1e6:.1f} million. Its words are words, and its people answer "
        "each other. The difference is the **text**. In this sitcom a scene says who is there and "
        f"what is lost before anybody needs to know it, and there are {count:,} scenes: enough to "
        "learn how such a scene goes, and too many to learn by heart.\n\n"
        f"How far does that go? A checker that knows every plot reads each scene to its last word. "
        f"One wrong number, day or name is enough to fail. **{100 * passed:.0f} of 100** scenes "
        "pass.\n\n"
        "And the laptop? This model was trained for seven minutes on a graphics card, which it "
        "shared with three other runs. Two processor cores would need about nine hours for the "
        "same. In 67 minutes, on two cores and a quarter of the scenes, the same design learned "
        "enough to pass 26 scenes of 40. The race below is short, and on one core."
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
    """What to see in the bars."""
    bundled, notebook = race["rows"][0], race["rows"][1]
    times = notebook["parameters"] / bundled["parameters"]
    said = (
        f"Everybody had {race['minutes']:g} minutes of training. The notebooks' model, "
        f"{times:.1f} times as large, got to {notebook['bits']['value']:.2f} bits per character; "
        f"the bundled design to {bundled['bits']['value']:.2f}. "
    )
    harder = [row for row in race["rows"] if row["text"] != "sitcom"]
    if harder:
        said += (
            f"On another text, Tiny Shakespeare, the same design got to "
            f"**{harder[0]['bits']['value']:.2f}** bits: real English says much less about what "
            "comes next. "
        )
    counted, learned = race["rows"][-1]["bits"], scenes["columns"][MODEL]["bits"]
    largest = max(race["rows"][2:], key=lambda row: row["parameters"])
    return said + (
        f"A larger model's steps take longer: the one with "
        f"{largest['parameters'] / 1e6:.1f} million parameters had time for {largest['steps']:,}, "
        f"the bundled design for {bundled['steps']:,}. Counting alone gets to "
        f"{counted['value']:.2f} at once; the bundled model, trained to its end, "
        f"to {learned['value']:.3f}."
    )


def cores(count: int) -> str:
    """ "on 2 processor cores"."""
    return f"on {count} processor core{'s' if count > 1 else ''}"


CHOOSE = "Choose a token: click it, or use the arrow keys. The darker, the more surprising."
QUESTION = f"Top-p {NUCLEUS:g}, temperature 1: how many tokens stay in for the end of this prompt?"

ADDRESS = (
    "The address of this page holds the prompt, the settings and the seed. Whoever opens it and "
    "presses Write gets the same text."
)


def spoken(config: SampleConfig) -> str:
    """The settings in use, in words."""
    if config.temperature == 0:
        return "temperature 0, always the likeliest token"
    parts = [f"temperature {config.temperature:g}"]
    named = {"top-k": config.top_k, "top-p": config.top_p, "min-p": config.min_p}
    parts += [f"{name} {value:g}" for name, value in named.items() if value is not None]
    return ", ".join([*parts, f"seed {config.seed}"])


PROMPT_HELP = "This is the prompt under study: the sidebar and all other lessons follow."
