"""What the lesson on the lens, on patching and on steering says, with the numbers in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.app.lesson import Answer
from ui.components.stream_grids import stream_rows
from ui.show.numbers import counted, number, percent, went
from ui.show.tokens import code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpt_core.interpret.logit_lens import Lens
    from gpt_core.model.config import GPTConfig

GOAL = "Find out where in the model an answer arises: look, swap one state, push another."

# ---- The lens ----


def about_lens(config: GPTConfig) -> str:
    """What the lens does, and through which parts of this model it reads."""
    through = "the same table"
    if config.norm != "none" and not config.post_norm:
        through = "the same last norm and the same table"
    return (
        "A model answers after its last layer. The **logit lens** reads the residual stream "
        f"earlier, after any layer, as if no other layer came: through {through}."
    )


LENS_GUESSES = (
    "in the first half of the layers, or even in the embedding",
    "in the second half, but before the last layer has added its part",
    "only after the last layer",
)


def lens_guesses(layers: int) -> tuple[str, ...]:
    """What can be guessed: with one layer there is nothing between its beginning and its end."""
    return LENS_GUESSES if layers > 1 else ("already in the embedding", LENS_GUESSES[2])


def lens_question(token: str, share: float) -> str:
    return (
        f"After your prompt the likeliest token is {code(token)}, with {percent(share)}. From "
        "which row on, and in all later ones, does the lens find it the likeliest, too?"
    )


def settled(ranks: Sequence[int]) -> int:
    """From which row on a token of these ranks, one for each row, is the likeliest for good."""
    return max((row + 1 for row, rank in enumerate(ranks) if rank > 1), default=0)


def lens_reveal(guess: str, lens: Lens, token: str) -> Answer:
    """Where the last token's answer settles, with the ranks that decide."""
    ranks, shares = lens.rank[:, -1].tolist(), lens.share[:, -1].tolist()
    rows, layers, first = stream_rows(len(ranks) - 1), len(ranks) - 1, settled(ranks)
    truth = lens_guesses(layers)[-1 if first == layers else int(first > layers / 2)]
    if first == 0:
        why = f"{code(token)} is the likeliest in every row, even in the embedding."
    else:
        why = (
            f"In the row “{rows[first - 1]}” {code(token)} has rank **{ranks[first - 1]:,}** "
            f"({percent(shares[first - 1])}). From “{rows[first]}” on it has rank 1 "
            f"({percent(shares[first])} there)."
        )
    return Answer(guess == truth, f"{why} {GRID}")


def cells_differ(marked: int, cells: int) -> str:
    """How many of the cells that two lenses share say another token."""
    if not marked:
        return f"None of the {counted(cells, 'cell')} compared expects another token."
    said = f"Of the {counted(cells, 'cell')} compared, {marked:,}"
    return f"{said} {'expects' if marked == 1 else 'expect'} another token (dashed)."


GRID = (
    "Each cell below shows the likeliest next token; the stronger its colour, the likelier. The "
    "last row is the model's own prediction. On the right: its rank after each layer."
)


def misleads(lens: Lens, ids: Sequence[int], tied: bool) -> str:
    """When not to trust the lens, with what its first row says here."""
    own = sum(int(best) == i for best, i in zip(lens.top[0, :, 0], ids, strict=True))
    told = (
        "**When the lens misleads.** It reads every row with what was made for the last one. "
        "Earlier layers write for the layers after them, maybe along other directions. So a row "
        "that makes no sense to the lens doesn't prove that the answer isn't there yet."
    )
    if own > len(ids) / 2:
        told += (
            f" And a row that makes sense may say nothing: for {own} of {len(ids)} tokens the "
            "first row “predicts” the very token that stands there. "
        )
        told += (
            "The table that reads the stream is the table of token vectors, so each token is most "
            "like itself."
            if tied
            else "That is where the stream begins, not what comes next."
        )
    return f"{told} What the lens suggests, patching can test."


def lens_note(config: GPTConfig, lengths: tuple[float, float], matters: bool) -> str:
    """Why the final norm is computed anew at each layer, for this model."""
    first, last = lengths
    if config.post_norm:
        return (
            "In this post-norm model each layer ends with a norm, so every row after a layer is at "
            "a common size already, and there is no final norm to compute anew. The embedding has "
            f"passed no norm: its length is {number(first, '.3g')} at the chosen token, and "
            f"{number(last, '.3g')} after the last layer. So compare that row's tokens with the "
            "others', and not its probabilities."
        )
    if not matters:
        kind = "has no norm" if config.norm == "none" else "has BatchNorm with fixed statistics"
        return f"This model {kind}: nothing depends on the layer, so there is nothing to recompute."
    order = "The scale does not change the order within a row, but it changes the probabilities."
    if config.norm == "layernorm" and config.bias:
        order = (
            "The scale changes the probabilities, and, through the norm's bias β, it can change "
            "the order within a row."
        )
    return (
        "The last norm is **computed anew for every row**. The stream's length changes from "
        f"{number(first, '.3g')} to {number(last, '.3g')} at the chosen token; divided by the last "
        "row's scale, an early stream would come out at the wrong size, and its probabilities too "
        f"flat or too sharp. {order}"
    )


def reused(own: Lens, other: Lens, position: int) -> str:
    """What the last row's scale does to the first row, at one position."""
    before, after = (float(lens.probability[0, position, 0]) for lens in (own, other))
    same = int(own.top[0, position, 0]) == int(other.top[0, position, 0])
    token = "The same token stays" if same else "Another token is now"
    return (
        f"**Reused.** {token} the likeliest in the first row of the chosen column; its "
        f"probability there is **{percent(after)}**, and **{percent(before)}** with the row's "
        "own scale. That is no finding about the model: it is what the wrong scale does."
    )


# ---- Patching ----

STATE_WORDS = {
    "resid_pre": "The whole stream as it **enters** a layer.",
    "attn_out": "Only what a layer's **attention adds**.",
    "resid_mid": "The whole stream **between** a layer's attention and its MLP.",
    "mlp_out": "Only what a layer's **MLP adds**.",
    "resid_post": "The whole stream as it **leaves** a layer.",
}

PATCHING = (
    "The lens shows what a row looks like, not where the answer comes from. To find the cause, "
    "change something: take a second prompt that differs in one token, and **copy one state from "
    "its run into yours**. If the answer moves over, that state carried the difference. This is "
    "**activation patching**."
)

MOVES = (
    "How much moves: of the two tokens whose probabilities differ most between the runs, A's logit "
    "minus B's, from 0% (as in A) to 100% (as in B). This shows what carries *this* difference, on "
    "*these* prompts; other states may be needed as well."
)

PATCH_OR_REMOVE = (
    "**What patching shows that removing doesn't.** A part that is removed leaves a model that it "
    "was never trained to be; the answer may change because anything broke. Patching takes "
    "nothing away. It exchanges the *content* of one state for another that the model makes by "
    "itself, so what moves is what differs between the two prompts, and you see which way. What "
    "both prompts share stays invisible to it; removing can show that."
)

TAKES_LONGER = (
    "Any single state can be copied at once. To try **all** of them, which fills the "
    "lower grid, takes longer:"
)


def lengths_differ(other: int, yours: int) -> str:
    return (
        f"That prompt has **{counted(other, 'token')}**, yours has **{yours}**. A state is copied "
        "to its own place, so both need equally many. Change a word for one of as many tokens."
    )


THE_SAME = "Both prompts are the same. Change a word."


def differs(changes: list[str], more: str) -> str:
    return f"**A** is your prompt. **B** differs in {', '.join(changes)}{more}."


TYPE_ONE = "Type a prompt that differs from yours in one word."


def outcome(
    state: str, layer: int, position: int, token: str, share: str, answer: str, instead: str
) -> str:
    return (
        f"{state} of layer {layer} at position {position} ({token}) copied from B into A: the "
        f"answer moves {share} of the way from A to B, measured by {answer} against {instead}."
    )


# ---- Steering ----

STEERING = (
    "A patch replaces a state. **Steering** pushes it: take the difference of the two runs' states "
    "at the last token, B − A, and add α times that difference to A's state. With α = 0 nothing "
    "changes. With α = 1 A's state has become B's: a patch. With other α the model gets a state "
    "that no prompt made. People steer large models like that, for instance to be more polite, by "
    "the difference between a polite and a rude prompt."
)
STEER_GUESSES = (
    "at least as much as in B",
    "more than in A, but less than in B",
    "no more than in A",
)


def steer_question(row: str, token: str, plain: float, other: float) -> str:
    before, after = told_apart(plain, other)
    where = "at the embedding" if row == "embedding" else f"to the state {row}"
    return (
        f"Of all tokens, {code(token)} gains most from A to B: from {before} to {after}. Now add "
        f"the difference **twice** (α = 2), {where}. What probability does {code(token)} get?"
    )


ROUNDING = 1e-5  # a share of a probability that sums in another order may differ by


def steer_reveal(guess: str, token: str, plain: float, other: float, pushed: float) -> Answer:
    """The probability of B's token in A, in B, and after the push."""
    truth = 0 if pushed >= other else 1 if pushed > plain * (1 + ROUNDING) else 2
    in_a, in_b, then = told_apart(plain, other, pushed)
    return Answer(
        guess == STEER_GUESSES[truth],
        f"{code(token)} has {in_a} in A, {in_b} in B, and **{then}** with the difference added "
        "twice.",
    )


def told_apart(*shares: float) -> list[str]:
    """Probabilities in as many digits as tell those that differ from each other."""
    texts = [percent(share) for share in shares]
    for digits in range(3, 9):
        if len(set(texts)) == len(set(shares)):
            break
        texts = [number(100 * share, f".{digits}g") + "%" for share in shares]
    return texts


STILL = 0.005  # less of the probability moved is called nothing


def steered(
    alpha: float, push: float, moved: float, best: Sequence[str], shares: tuple[float, float]
) -> str:
    """What a push did. best: the likeliest token in A, pushed, and in B.

    push: length of the difference. moved: how much probability changed hands, 0 to 1. shares: of
    the likeliest token in A and when pushed.
    """
    plain, after, other = map(code, best)
    if push < 1e-6:
        return (
            "**Nothing changes, whatever α is.** Here both prompts have the same state at their "
            "last token, so their difference is 0: no layer so far has brought what differs to it."
        )
    added = f"The difference has length {number(push, '.3g')}."
    if alpha == 0:
        return f"**Nothing is added** at α = 0: this is A's own run, with {plain} first. {added}"
    told = f"{added} At α = {number(alpha, 'g')}, {percent(moved)} of the probability moves"
    if moved < STILL:
        return f"{told}: **as good as nothing changes**, and {after} is still the likeliest."
    if best[1] == best[0]:
        same = "as in A and B" if best[0] == best[2] else "as in A"
        return (
            f"{told}. The likeliest token stays **{after}**, {same}; its probability "
            f"{went(*map(percent, shares))}."
        )
    if best[1] == best[2]:
        return f"{told}. The likeliest token is now **{after}** ({percent(shares[1])}), as in B."
    return (
        f"{told}. The likeliest token is now **{after}** ({percent(shares[1])}), which is neither "
        f"A's {plain} nor B's {other}."
    )


STEER_ALT = "Probability of A's token and of B's token over α"
STEER_PAIRS_ALT = "Probabilities of the likeliest next tokens without and with the push"

# ---- The end ----

THROUGH_LAYERS = (
    "Follow the last column of the lower grid down: from which layer on does the last token's own "
    "stream carry the difference? Before that, where is it?",
    "Copy `attn_out` instead of the stream. Which layer's attention brings the difference over?",
)
ONE_LAYER = (
    "Copy `attn_out` instead of the stream, then `mlp_out`. Through which of the two does the "
    "difference reach the last token?",
)
TRY = (
    "Ask for something that was said: take `OTTO: Where is the red bucket?⏎⏎NADIA: The` as the "
    "prompt and replace `red`. Does any colour reach the last token, and where?",
    "Steer at the embedding, then after each layer. From where on does the push do anything? "
    "Compare with the last column of the lower grid.",
    "Push the wrong way, with α below 0. Does A's token become surer, or does something else win?",
)


def to_try(layers: int) -> tuple[str, ...]:
    """What to do with a model of so many layers."""
    return (*(THROUGH_LAYERS if layers > 1 else ONE_LAYER), *TRY)


QUESTIONS = (
    (
        "The lens shows nonsense after layer 1. Is nothing of the answer there yet?",
        "That does not follow. The lens reads with the last layer's norm and table; the state may "
        "hold what later layers need, in directions that the table does not read.",
    ),
    (
        "You copy the whole stream, at every position, as it enters a layer. What is the answer?",
        "B's, exactly: everything that the rest of the model reads comes from B. So copying "
        "everything shows nothing; copying one state does.",
    ),
    (
        "With α = 1 after the last layer, at the last token, what does the model predict?",
        "Exactly what it predicts for B. The state there is all that the last norm and the table "
        "read.",
    ),
)
ABILITIES = (
    "read the logit lens, and say when not to trust it",
    "find by patching which state carries a difference",
    "say what patching shows that removing a part doesn't",
    "steer an answer, and tell a push from a patch",
)
READING = (
    "nostalgebraist 2020, [interpreting GPT: the logit lens]"
    "(https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens)",
    "Belrose et al. 2023, [Eliciting Latent Predictions from Transformers with the Tuned Lens]"
    "(https://arxiv.org/abs/2303.08112): where the logit lens misleads",
    "Meng et al. 2022, [Locating and Editing Factual Associations in GPT]"
    "(https://arxiv.org/abs/2202.05262): states copied between runs",
    "Wang et al. 2022, [Interpretability in the Wild](https://arxiv.org/abs/2211.00593): a whole "
    "circuit found by patching in GPT-2",
    "Zhang & Nanda 2023, [Towards Best Practices of Activation Patching]"
    "(https://arxiv.org/abs/2309.16042): why tokens are swapped, and logits compared",
    "Turner et al. 2023, [Steering Language Models With Activation Engineering]"
    "(https://arxiv.org/abs/2308.10248): differences of two prompts, added",
)
