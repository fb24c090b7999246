"""The words of the lesson on one step, computed from its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gpt_core.experiments.one_step import Outcome, Part, Report
from gpt_core.model.config import GPTConfig
from gpt_core.training.autopsy import EXPLODED
from gpt_core.training.config import TrainConfig
from ui.app.lesson import Answer
from ui.show.numbers import counted, number, percent, sure_and_wrong, tidy
from ui.show.tokens import TokenLike, code

NAMES = {"adamw": "AdamW", "muon": "Muon"}
OTHER_TEXT = "MABEL: I have been waiting since seven.⏎⏎GUS: So has the bus."
LOWER, BETWEEN, HIGHER = (
    "it falls further than at ×1",
    "it falls, but less than at ×1",
    "it rises: higher than before the step",
)
GUESSES = (LOWER, BETWEEN, HIGHER)

GOAL = "Follow one training step: from the gradient to moved weights, and to what that changed."
INTRO = (
    "Training repeats one small thing thousands of times: take a text, compute for every weight "
    "which way the loss falls (the **gradient**), and move all weights a little that way. Here it "
    "happens once, on the sentence at the top and on a private copy of the model."
)

TOO_SHORT = (
    "There is nothing to learn from a single token: a step needs a token to predict from those "
    "before it. Write at least two tokens, here and at the top."
)

BURST = (
    "On this sentence the model's numbers overflow already before the step: its loss is no number, "
    "so there is no gradient to follow. Choose another model or another sentence."
)

FORMULAS = {
    "adamw": r"w \leftarrow w - \eta\,\frac{\hat m}{\sqrt{\hat v}+\epsilon}-\eta\,\lambda\,w,"
    r"\qquad \hat m = \frac{m}{1-\beta_1^{\,t}},\quad \hat v = \frac{v}{1-\beta_2^{\,t}}",
    "muon": r"W \leftarrow W - \eta\,\sqrt{\max(1, \tfrac{rows}{columns})}\;U V^\top",
}

READING = (
    "Kingma & Ba 2015, [Adam](https://arxiv.org/abs/1412.6980): section 2.1 is about the size of "
    "a step",
    "Loshchilov & Hutter 2019, [Decoupled Weight Decay](https://arxiv.org/abs/1711.05101): AdamW",
    "Jordan et al. 2024, [Muon](https://kellerjordan.github.io/posts/muon/)",
    "Karpathy 2022, [Building makemore, part 3](https://www.youtube.com/watch?v=P6sfmUTpUmc): "
    "update-to-weight ratios as a health check",
    "Wortsman et al. 2023, [Small-scale proxies for large-scale Transformer training "
    "instabilities](https://arxiv.org/abs/2309.14322): how runs break at too large a learning rate",
)


def rule(config: TrainConfig, model: GPTConfig) -> str:
    """How the optimizer turns gradients into moves, for this model at a first step."""
    if config.optimizer == "muon":
        return (
            "**Muon** treats a whole matrix at once. A matrix of gradients can be written as G = U "
            "S Vᵀ: directions U and V, and how strong each is, the **singular values** S. Muon "
            "keeps the directions and makes all singular values about equal, so the matrix moves "
            "by about η · U Vᵀ, and a matrix with more rows than columns by more: the root in the "
            "formula. That is for the matrices inside the layers. Token vectors, norms "
            "and the output table move by Adam's rule, each number by its learning rate, up or "
            f"down. {_standing(model)}{_runs(model)}"
        )
    said = (
        "**AdamW** divides each weight's average gradient m by its usual size √v. (The hats "
        "correct for averages that begin at 0.) At a first step both come from this one gradient "
        "g, so $\\hat m/\\sqrt{\\hat v} = g/|g|$: **every weight moves by the learning "
        "rate, up or down**, whether its gradient is large or small. "
        "Only where |g| is as tiny as ε = 10⁻⁸ it moves less, and where g is 0 not at all. "
        f"{_standing(model)}{_runs(model)}"
    )
    if config.weight_decay:
        every = "every matrix but the table of runs" if model.ngrams else "every matrix"
        said += f" **Weight decay** also pulls {every} a little towards 0, gradient or not."
    return said


def _runs(model: GPTConfig) -> str:
    """How the vectors of runs of tokens move, where a model has any."""
    if not model.ngrams:
        return ""
    return (
        f" The **vectors of runs** of 2 to {model.ngrams} tokens move by Adam's rule, with a "
        "learning rate of their own: only rows that this sentence looks up, and no other is even "
        "read."
    )


def _standing(model: GPTConfig) -> str:
    """Which token vectors have a gradient."""
    places = "the vectors of positions that the sentence doesn't reach"
    learned = model.position == "learned"
    if model.tie_weights:
        return (
            "The token vectors are the output table too (tied). Through softmax every token's "
            f"score counts, so all {model.vocab_size:,} rows have a gradient and move."
            + (f" What has none, and gets no such move: {places}." if learned else "")
        )
    return (
        "What has no gradient at all gets no such move: the vectors of tokens that the sentence "
        f"doesn't have{f', and {places}' if learned else ''}."
    )


def sentence(tokens: Sequence[TokenLike], left_out: int) -> str:
    """What the step is taken on."""
    cut = f" (the last {len(tokens)} of your prompt)" if left_out else ""
    told = f"The sentence has **{counted(len(tokens), 'token')}**{cut}"
    if len(tokens) == 1:
        return f"{told}."
    return (
        f"{told}; each but the first is to be predicted from those before it: "
        f"{counted(len(tokens) - 1, 'prediction')}, one loss, one gradient."
    )


def large(parameters: int) -> str:
    """Why a large model doesn't take its step at once."""
    return (
        f"This model has {parameters:,} parameters. A copy with gradients and the optimizer's "
        f"memory takes about {30 * parameters / 1e9:.1f} GB, so the step is taken beside the page."
    )


def rates(config: TrainConfig, model: GPTConfig, factor: float = 1.0) -> str:
    """The learning rates of a step, all of them."""
    main = tidy(config.learning_rate * factor, 0)
    runs = f"{tidy(config.ngram_lr * factor, 0)} for the vectors of runs" if model.ngrams else ""
    if config.optimizer == "adamw":
        return f"{runs}, {main} for all others" if runs else main
    vectors = f"{tidy(config.embedding_lr * factor, 0)} for token vectors"
    last = f"{tidy(config.head_lr * factor, 0)} for the rest"
    parts = (f"{main} for matrices in the layers", vectors, runs, last)
    return ", ".join(part for part in parts if part)


def whose_rate(own: bool) -> str:
    """Where ×1 comes from."""
    if own:
        return "×1 is the highest learning rate of the run that made this model"
    return "this model was made otherwise, so ×1 is a usual learning rate for a new model"


def name_of(part: Part) -> str:
    """A part in the middle of a sentence."""
    return part.kind if part.layer is None else f"{part.kind} in layer {part.layer}"


def gradients(parts: Sequence[Part], tied: bool) -> str:
    """Where the loss is steepest, by each of the two measures."""
    largest = max(parts, key=lambda part: part.gradient)
    each = max(parts, key=lambda part: part.gradient / math.sqrt(part.count))
    tables = "The token vectors include the output table: they are tied. " if tied else ""
    return (
        f"Longest gradient: **{name_of(largest)}**, {tidy(largest.gradient)}. Most for a single "
        f"number: **{name_of(each)}**, {tidy(each.gradient / math.sqrt(each.count))} on average "
        f"(root mean square of {each.count:,}). {tables}A long gradient means: here a small move "
        "changes the loss most. It does not say yet how far the optimizer will move."
    )


def outside(parts: Sequence[Part]) -> str:
    """What stands left and right of the layers."""
    first = next(i for i, part in enumerate(parts) if part.layer is not None)
    before = ", ".join(part.kind for part in parts[:first])
    after = ", ".join(part.kind for part in parts[first:] if part.layer is None)
    return f"in: {before}{f'; out: {after}' if after else ''}. Each bar is one part."


def surprise(tokens: Sequence[TokenLike], place: int) -> str:
    """Where the candidates come from."""
    return (
        f"All candidates where the surprise was largest before the step: token {place}, which is "
        f"{code(tokens[place].text)}."
    )


def by_the_rule(parts: Sequence[Part], optimizer: str) -> list[Part]:
    """The parts that the optimizer itself moves; beside Muon, Adam moves what is no matrix."""
    if optimizer == "adamw":
        return list(parts)
    return [part for part in parts if part.layer is not None and part.kind != "norms"]


def moves(parts: Sequence[Part], optimizer: str) -> str:
    """Which part moves most for its size, and how that compares with gradients."""
    sized = [part for part in parts if part.weight]
    most = max(sized, key=lambda part: part.move / part.weight)
    least = min(sized, key=lambda part: part.move / part.weight)
    far, near = (percent(part.move / part.weight) for part in (most, least))
    thumb = "AdamW in the middle of a training run"
    thumb += "" if optimizer == "adamw" else "; Muon at its highest rate may move more"
    return (
        f"At ×1, the part that moves most for its size is **{name_of(most)}**: by **{far}**. The "
        f"one that moves least is **{name_of(least)}**: by {near}. The dotted line, one "
        f"thousandth, is a rule of thumb for {thumb}. {_compared(parts, optimizer)}"
    )


def _compared(parts: Sequence[Part], optimizer: str) -> str:
    """Whether the moves differ less than the gradients, among parts that one rule moves."""
    moved = [p for p in by_the_rule(parts, optimizer) if p.move and p.gradient]
    if len(moved) < 2:
        return ""

    # Per number: a larger part has a longer gradient and a longer move.
    def slope(part: Part) -> float:
        return part.gradient / math.sqrt(part.count)

    steep, flat = max(moved, key=slope), min(moved, key=slope)
    slopes = slope(steep) / slope(flat)
    ways = (part.move / math.sqrt(part.count) for part in (steep, flat))
    ratio = _ratio(*ways)
    said = (
        f"Per number, gradients differ {number(slopes, '.3g')}-fold between {name_of(steep)} and "
        f"{name_of(flat)}, both moved by {NAMES[optimizer]}; their moves "
    )
    if ratio < 1.05 < slopes / 2:
        return f"{said}not at all."
    if ratio < slopes / 2:
        return f"{said}only {number(ratio, '.3g')}-fold."
    less = "less" if ratio < 0.8 * slopes else "hardly less" if ratio < slopes else "no less"
    return f"{said}{number(ratio, '.3g')}-fold, {less}."


def _ratio(a: float, b: float) -> float:
    return max(a, b) / min(a, b) if min(a, b) else math.inf


def question(before: float, after: float, own: bool) -> str:
    """What to predict: ten times as far. own: ×1 is the rate of the run that made the model."""
    rate = "the highest learning rate of its own training" if own else "a usual learning rate"
    return (
        f"This sentence has a loss of **{tidy(before)} bits per token**. One step at ×1, "
        f"{rate}, takes it to **{tidy(after)}**. Now take the same step with "
        "**ten times the learning rate** instead: the same direction, ten times as far. What "
        "happens to the loss of this sentence?"
    )


def answer(guess: str, report: Report) -> Answer:
    """What happened, whatever was guessed."""
    before, one, ten = (report.at(factor).loss for factor in (0.0, 1.0, 10.0))
    if not ten < before:  # also when it is no number
        right, why = HIGHER, "The slope holds only nearby; so far out the loss rises again."
    elif ten < one:
        right, why = LOWER, "On this sentence the model could take a larger step than ×1."
    else:
        right, why = BETWEEN, "The step went past the lowest point."
    told = "" if guess == right else f"The answer is: {right}. "
    told += f"From {tidy(before)} bits the step at ×10 leads to **{tidy(ten)}**. {why}"
    return Answer(guess == right, told)


def forecast(report: Report, after: Outcome) -> str:
    """The first-order prediction against what really happened."""
    before = report.at(0.0)
    expected, real = after.factor * report.slope, after.loss - before.loss
    tiny = report.outcomes[1]
    check = (tiny.loss - before.loss) / (tiny.factor * report.slope) if report.slope else math.nan
    if not math.isfinite(real):
        told = "but the loss is no number any more"
    else:
        told = f"it really changed by **{_signed(real)}**"
    said = (
        "**Forecast.** If the loss went on changing as steeply as it does here, it would change by "
        f"gradient · move = **{_signed(expected)}**; {told}. The forecast is for small steps"
    )
    if not math.isfinite(check):
        return f"{said}."
    return f"{said}: at ×{tiny.factor:g} the real change is {100 * check:.1f}% of it."


def elsewhere(before: Outcome, after: Outcome) -> str:
    """Whether learning this sentence cost the other text."""
    change = after.elsewhere - before.elsewhere
    if not math.isfinite(change):
        return "**Elsewhere.** The loss of the other text is no number any more."
    if abs(change) < 0.001:
        return "**Elsewhere.** The loss of the other text hardly changed (less than 0.001 bits)."
    gained = before.loss - after.loss
    if change < 0 and gained > 0:
        return (
            f"**Elsewhere.** The loss of the other text fell too, by {tidy(-change)} bits: the "
            "step helps both."
        )
    if change < 0:
        return (
            f"**Elsewhere.** The loss of the other text fell by {tidy(-change)} bits, though that "
            "of this sentence didn't."
        )
    per = f", {tidy(change / gained)} for each bit that was gained here" if gained > 0 else ""
    return (
        f"**Elsewhere.** It cost the other text **{tidy(change)}** bits{per}. That is why a "
        "training "
        "step averages over many texts, and why learning rates are small."
    )


def attention(before: Outcome, after: Outcome, head: tuple[int, int]) -> str:
    """How much attention moved in the head that moved most, and the largest single change."""
    change = after.pattern.float() - before.pattern.float()
    if not change.isfinite().all():
        return "The numbers overflowed: some attention weights are not finite any more."
    place = change.shape[0] > 1 or change.shape[1] > 1
    mine = change[head] if place else change[0, 0]
    moved = mine.abs().sum(-1).mean().item() / 2
    return (
        f"In layer {head[0]}, head {head[1]} (it moves most at ×1), **{100 * moved:.1f}%** of a "
        f"token's attention moved to other tokens, on average; the "
        "largest change of a single weight is "
        f"{100 * mine.abs().max().item():.1f} points of 100."
    )


def autopsy(value: dict[str, Any], config: GPTConfig, finished: bool) -> str:
    """What broke first, and what became of the loss."""
    steps, guessing = value["steps"], value["guessing"]
    if len(steps) < 2:
        return ""
    losses = [step["loss"] for step in steps]
    worst = max((loss for loss in losses[1:] if loss is not None), default=math.nan)
    first = next((i for i, step in enumerate(steps) if step["broken"]), None)
    if first is None:
        most = max(steps[1:], key=lambda step: step["after"] / (step["before"] or 1))
        told = (
            f"**Nothing broke** in {len(steps) - 1} steps: no tensor became {EXPLODED:g} times as "
            f"large as before. **{tensor_words(most['name'])}** (`{most['name']}`) grew most, "
            f"{_times(most)}."
        )
    else:
        step = steps[first]
        told = (
            f"**Autopsy.** After step {first} the first part breaks: "
            f"**{tensor_words(step['name'])}** (`{step['name']}`), {_times(step)}. Everything "
            f"before it in the forward pass was less than {EXPLODED:g} times as large as at first."
        )
    lost = None in losses
    burst = next((step["not_finite"] for step in steps if step["not_finite"]), None)
    if burst:
        told += f" The first number that is no number (NaN or infinite) is in `{burst}`."
    elif finished:
        told += _all_finite(config)
    if lost:
        return told + " The loss itself is no number any more, so training ends here."
    if sure_and_wrong(worst, guessing):
        rose = "rose to" if losses[0] is None or worst > losses[0] else "was still"
        told += (
            f" The loss {rose} **{tidy(worst)} bits**, worse than guessing evenly (log₂ V = "
            f"{guessing:.2f})"
        )
        if sure_and_wrong(losses[-1], guessing):
            return told + ": the model is now sure of wrong answers."
        now = "It ends at" if finished else "By now it is at"
        return (
            told + f": for a while the model was sure of wrong answers. {now} {tidy(losses[-1])}."
        )
    if worst > guessing:
        return told + f" The loss was never far above pure guessing (log₂ V = {guessing:.2f} bits)."
    return told + f" The loss stayed below pure guessing (log₂ V = {guessing:.2f} bits)."


def _all_finite(config: GPTConfig) -> str:
    if config.norm == "none":
        return " All numbers stayed finite."
    return (
        " All numbers stayed finite: the norms bring whatever grew back to a usual size before the "
        "next part reads it. A run can be ruined without a single NaN."
    )


def _times(step: dict[str, Any]) -> str:
    if step["after"] is None:
        return "it holds a number that is not finite"
    times = step["after"] / step["before"] if step["before"] else math.inf
    return f"{tidy(times)} times its size before the first step"


_TENSORS = {
    "embed": "the tokens' vectors",
    "pos_embed": "the positions' vectors",
    "resid_pre": "the stream entering the layer",
    "resid_mid": "the stream after attention",
    "resid_post": "the stream leaving the layer",
    "scale": "what the norm divides by",
    "normalized": "what the norm returns",
    "q": "queries",
    "k": "keys",
    "v": "values",
    "scores": "attention scores",
    "pattern": "attention weights",
    "z": "what the heads collect",
    "attn_out": "what attention adds",
    "mlp_pre": "the MLP's neurons before their activation",
    "mlp_post": "the MLP's neurons",
    "mlp_out": "what the MLP adds",
    "logits": "the logits of the next tokens",
}


def tensor_words(name: str) -> str:
    """A tensor's name in words."""
    words = _TENSORS[name.rpartition(".")[2]]
    return f"{words}, layer {name.split('.')[1]}" if name.startswith("blocks.") else words


def autopsy_table(value: dict[str, Any]) -> list[dict[str, str]]:
    """A row for each step."""
    rows = []
    for count, step in enumerate(value["steps"]):
        said = "–"
        if step["name"]:
            said = ("" if step["broken"] else "none; most grown: ") + tensor_words(step["name"])
        rows.append(
            {
                "step": str(count),
                "loss": _loss(step["loss"]),
                "the other text": _loss(step["elsewhere"]),
                "first to break": said,
                "times": _times(step).partition(" times")[0] if step["name"] else "–",
            }
        )
    return rows


def _loss(value: float | None) -> str:
    return "no number" if value is None else tidy(value)


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + tidy(value)


CHOOSE = "Choose an answer first. Then try every learning rate."


def autopsies(steps: int, exploded: float) -> str:
    return (
        f"Now {steps} steps on this sentence, each with far too large a learning rate, and an "
        "**autopsy** after each: every tensor of the forward pass, in order, is compared with "
        f"what it was before. The first one that isn't finite, or is more than {exploded:g} times "
        "as large (root mean square), is what broke first."
    )


TRY = (
    "Take AdamW and Muon in turn. Which of them moves the token vectors more, and which the norms?",
    "Write a sentence whose loss is nearly 0, such as one that the model wrote in the Sample "
    "lesson. How long is its gradient?",
    "Write a sentence in another language. What does learning it cost the other text?",
    "Find the largest learning rate at which the sentence still becomes easier.",
    "On your own computer, train a model without norms (`python -m gpt_core train --text my.txt "
    "--norm none`), and break it here: what breaks first then?",
)
QUESTIONS = (
    (
        "A weight's gradient is +0.5 bits per unit. Which way does the step move it, and why?",
        "Down: the loss rises where the weight rises, so it falls the other way.",
    ),
    (
        "At AdamW's first step one weight has a gradient of 2 and another one of 0.001. How far "
        "does each move?",
        "Both by the learning rate. AdamW divides by the gradient's usual size, and at a first "
        "step that is the gradient's own.",
    ),
    (
        "The forecast at ×0.001 is nearly exact, and far off at ×100. Why?",
        "It takes the slope at the starting point. The loss bends, so the slope holds only nearby.",
    ),
)
ABILITIES = (
    "say what a gradient is, and forecast a small step with it",
    "tell how AdamW and Muon turn gradients into moves",
    "say why a step on one text can cost another",
    "find out what breaks first at too large a learning rate",
)
METRIC_HELP = "Loss in bits per token. The code computes in nats: 0.693 times as many."

BACKWARD = (
    "PyTorch goes backwards through the model, from the loss to each weight, and multiplies the "
    "slopes of all operations on the way (the *chain rule*). That gives every weight a number: how "
    "much the loss would change **per unit** of a tiny move of that weight alone, in bits. Below, "
    "those of each part are summed up to one **length** ‖g‖ (the root of the sum of squares)."
)


def rate_used(config: TrainConfig, model: GPTConfig, own: bool) -> str:
    return f"Learning rate η: **{rates(config, model)}** ({whose_rate(own)})."


RATIOS_ALT = "How far the step moves each kind of weights in each layer, over their own size"
LOSSES_ALT = "Loss of the sentence and of the other text after one step, by learning rate"
RIGHT_ALT = "Probability of every right token of the sentence before and after the step"
CANDIDATES_ALT = "Likeliest tokens at one place of the sentence before and after the step"
