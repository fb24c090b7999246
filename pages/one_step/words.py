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
from ui.show.numbers import tidy
from ui.show.tokens import TokenLike, code

NAMES = {"adamw": "AdamW", "muon": "Muon"}
OTHER_TEXT = "MABEL: I have been waiting since seven.⏎⏎GUS: So has the bus."
LOWER, BETWEEN, HIGHER = (
    "it falls further than at ×1",
    "it falls, but less than at ×1",
    "it rises: higher than before the step",
)
GUESSES = (LOWER, BETWEEN, HIGHER)

INTRO = (
    "Training is one small thing, done thousands of times: read a text, find out which way every "
    "weight would have to move to be less surprised by it (the **gradient**), and move all weights "
    "a little. Here is that one thing, once, on the sentence in the sidebar. Nothing happens to "
    "the model that everybody uses: the step is taken on a private copy."
)

TOO_SHORT = (
    "There is nothing to learn from a single token: the model learns to predict a token from those "
    "before it. Write at least two tokens, here and in the sidebar."
)

BURST = (
    "On this sentence the model's numbers burst already before the step: its loss is no number, so "
    "there is no gradient to follow. Choose another model or another sentence."
)

RULES = {
    "adamw": (
        "**AdamW** divides each weight's average gradient m by its usual size √v. At a first step "
        "both know only this one gradient g, so m/√v = g/|g|: **every weight moves by the learning "
        "rate, up or down**, whether its gradient was large or tiny. Only what has no gradient at "
        "all stays: the vectors of tokens that the sentence doesn't have. (Weight decay pulls "
        "every matrix towards zero besides.)"
    ),
    "muon": (
        "**Muon** treats a whole matrix at once: it keeps the directions of the gradient G = U S "
        "Vᵀ and makes all its strengths S about equal, so the matrix moves by about lr · U Vᵀ. "
        "That is for the matrices inside the blocks; token vectors, norms and the output table "
        "move by Adam's rule: at a first step each number that has a gradient by its learning "
        "rate, up or down."
    ),
}
FORMULAS = {
    "adamw": r"w \leftarrow w - \eta\,\frac{m}{\sqrt{v}+\epsilon}-\eta\,\lambda\,w",
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


def sentence(tokens: Sequence[TokenLike], left_out: int) -> str:
    """What the step is taken on."""
    cut = f" (the last {len(tokens)} of your prompt)" if left_out else ""
    return (
        f"The sentence has **{len(tokens)} tokens**{cut}; each but the first is to be predicted "
        f"from those before it: {len(tokens) - 1} predictions, one loss, one gradient."
    )


def large(parameters: int) -> str:
    """Why a large model doesn't take its step at once."""
    return (
        f"This model has {parameters:,} parameters. A copy with gradients and the optimizer's "
        f"memory takes about {30 * parameters / 1e9:.1f} GB, so the step is taken beside the page."
    )


def rates(config: TrainConfig, factor: float = 1.0) -> str:
    """The learning rates of a step, all of them."""
    main = tidy(config.learning_rate * factor, 0)
    if config.optimizer == "adamw":
        return main
    return (
        f"{main} for matrices in the blocks, {tidy(config.embedding_lr * factor, 0)} for token "
        f"vectors, {tidy(config.head_lr * factor, 0)} for the rest"
    )


def whose_rate(own: bool) -> str:
    """Where ×1 comes from."""
    if own:
        return "×1 is the highest learning rate of the run that made this model"
    return "this model was made otherwise, so ×1 is a usual learning rate for a new model"


def name_of(part: Part) -> str:
    """A part in the middle of a sentence."""
    return part.kind if part.layer is None else f"{part.kind} in layer {part.layer}"


def gradients(parts: Sequence[Part], tied: bool) -> str:
    """Who is to blame most, by each of the two measures."""
    largest = max(parts, key=lambda part: part.gradient)
    each = max(parts, key=lambda part: part.gradient / math.sqrt(part.count))
    tables = "The token vectors are the output table too (tied). " if tied else ""
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
    return f"in: {before}; " + (f"out: {after}. " if after else "") + "Each bar is one part."


def surprise(tokens: Sequence[TokenLike], place: int) -> str:
    """Where the candidates come from."""
    told = code(tokens[place].text)
    return (
        f"All candidates where the model was most surprised before the step: token {place}, which "
        f"is really {told}."
    )


def moves(parts: Sequence[Part], optimizer: str) -> str:
    """Which part moves most for its size, and how that compares with gradients."""
    sized = [part for part in parts if part.weight]
    most = max(sized, key=lambda part: part.move / part.weight)
    least = min(sized, key=lambda part: part.move / part.weight)
    steepest = max(parts, key=lambda part: part.gradient)
    moved = [part for part in parts if part.move]
    weakest = min(moved, key=lambda part: part.gradient or math.inf)
    slopes = f"{steepest.gradient / weakest.gradient:,.0f}" if weakest.gradient else "many"
    far, near = (f"{100 * part.move / part.weight:.2g}%" for part in (most, least))
    return (
        f"At ×1, **{name_of(most)}** moves most for its size: by **{far}**; "
        f"**{name_of(least)}** least, by {near}. The dotted "
        "line is a rule of thumb for a healthy run, one thousandth. Gradients differ "
        f"{slopes}-fold between {name_of(steepest)} and {name_of(weakest)}; {NAMES[optimizer]}'s "
        f"moves of the two only {_fold(steepest.move, weakest.move)}."
    )


def _fold(a: float, b: float) -> str:
    ratio = max(a, b) / min(a, b) if min(a, b) else math.inf
    return f"{ratio:,.3g}-fold"


def question(before: float, after: float) -> str:
    """What to predict: ten times as far."""
    return (
        f"This sentence has a loss of **{before:.3f}**. One step at ×1 takes it to "
        f"**{tidy(after)}**. Now take the same step with **ten times the learning rate** instead: "
        "the same direction, ten times as far. What happens to the loss of this sentence?"
    )


def answer(guess: str, report: Report) -> Answer:
    """What happened, whatever was guessed."""
    before, one, ten = (report.at(factor).loss for factor in (0.0, 1.0, 10.0))
    if not ten < before:  # also when it is no number
        right, why = HIGHER, "The slope is only true nearby; so far out the ground rises again."
    elif ten < one:
        right, why = LOWER, "The ground goes on falling: this model could take larger steps here."
    else:
        right, why = BETWEEN, "The step went past the bottom of the valley."
    told = "" if guess == right else f"The answer is: {right}. "
    told += f"From {tidy(before)} the step at ×10 leads to **{tidy(ten)}**. {why}"
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
    return (
        "**Forecast.** If the ground went on as steep as it is here, the loss would change by "
        f"gradient · move = **{_signed(expected)}**; {told}. The forecast is for small steps: at "
        f"×{tiny.factor:g} the real change is {100 * check:.1f}% of it."
    )


def elsewhere(before: Outcome, after: Outcome) -> str:
    """Whether learning this sentence cost the other text."""
    change = after.elsewhere - before.elsewhere
    if not math.isfinite(change):
        return "**Elsewhere.** The loss of the other text is no number any more."
    if abs(change) < 0.001:
        return "**Elsewhere.** The other text hardly noticed (less than 0.001)."
    if change < 0:
        return (
            f"**Elsewhere.** The other text became easier too, by {tidy(-change)}: what was "
            "learned holds for both."
        )
    gained = before.loss - after.loss
    per = f", {tidy(change / gained)} for each 1 that was gained here" if gained > 0 else ""
    return (
        f"**Elsewhere.** It cost the other text **{tidy(change)}**{per}. That is why a training "
        "step averages over many texts, and why learning rates are small."
    )


def attention(before: Outcome, after: Outcome, head: tuple[int, int]) -> str:
    """How much attention moved in the head that moved most, and the largest single change."""
    change = after.pattern.float() - before.pattern.float()
    if not change.isfinite().all():
        return "The numbers burst: some attention weights are no numbers any more."
    place = change.shape[0] > 1 or change.shape[1] > 1
    mine = change[head] if place else change[0, 0]
    moved = mine.abs().sum(-1).mean().item() / 2
    return (
        f"In layer {head[0]}, head {head[1]} (it moves most at ×1), **{100 * moved:.1f}%** of a "
        f"token's attention went elsewhere, on average; the largest change of a single weight is "
        f"{100 * mine.abs().max().item():.1f} points of 100."
    )


def autopsy(value: dict[str, Any], config: GPTConfig, finished: bool) -> str:
    """What broke first, and what became of the loss."""
    steps, guessing = value["steps"], value["guessing"]
    if len(steps) < 2:
        return ""
    losses = [step["loss"] for step in steps]
    worst = max((loss for loss in losses if loss is not None), default=math.nan)
    first = next((i for i, step in enumerate(steps) if step["broken"]), None)
    if first is None:
        most = max(steps[1:], key=lambda step: step["after"] / (step["before"] or 1))
        told = (
            f"**Nothing broke** in {len(steps) - 1} steps: no tensor became {EXPLODED:g} times as "
            f"large as before. `{most['name']}` ({tensor_words(most['name'])}) grew most, "
            f"{_times(most)}."
        )
    else:
        step = steps[first]
        told = (
            f"**Autopsy.** The first part that broke is `{step['name']}` "
            f"({tensor_words(step['name'])}), after step {first}: {_times(step)}. Everything "
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
    if worst > guessing:
        return told + (
            f" The loss rose to **{tidy(worst)}**, worse than knowing nothing (guessing evenly: ln "
            f"V = {guessing:.2f}): the model is now sure of wrong answers."
        )
    return told + f" The loss stayed below pure guessing (ln V = {guessing:.2f})."


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
    "resid_pre": "the stream entering the block",
    "resid_mid": "the stream after attention",
    "resid_post": "the stream leaving the block",
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
    "logits": "the scores of the next tokens",
}


def tensor_words(name: str) -> str:
    """A tensor's name in words."""
    words = _TENSORS[name.rpartition(".")[2]]
    return f"{words}, layer {name.split('.')[1]}" if name.startswith("blocks.") else words


def autopsy_table(value: dict[str, Any]) -> list[dict[str, str]]:
    """A row for each step."""
    rows = []
    for number, step in enumerate(value["steps"]):
        said = "–"
        if step["name"]:
            said = ("" if step["broken"] else "none; most grown: ") + f"{step['name']}"
        rows.append(
            {
                "step": str(number),
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
    "Write a sentence that the model already knows by heart. How long is its gradient?",
    "Write a sentence in another language. What does learning it cost the other text?",
    "Find the largest learning rate at which the sentence still becomes easier.",
    "Train a model without norms (Training, or the command line), and break it here: what breaks "
    "first then?",
)

BACKWARD = (
    "Going backwards through the model, the chain rule gives every weight a number: how much "
    "the loss would change if that weight alone were moved by a tiny bit. Below, those of each "
    "part are summed up to one **length** ‖g‖ (the root of the sum of squares)."
)


def rate_used(config: TrainConfig, own: bool) -> str:
    return f"Learning rate η: **{rates(config)}** ({whose_rate(own)})."


RATIOS_ALT = "How far the step moves each kind of weights in each layer, over their own size"
LOSSES_ALT = "Loss of the sentence and of the other text after one step, by learning rate"
RIGHT_ALT = "Probability of every right token of the sentence before and after the step"
CANDIDATES_ALT = "Likeliest tokens at one place of the sentence before and after the step"
