"""What "A head is born" says: every sentence comes from the numbers of the run that is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gpt_core.bundled import BUNDLED, COPYING, RECALLED
from gpt_core.interpret.head_roles import CLEAR_TIMES
from gpt_core.interpret.snapshots import Copying, Fall, SnapshotView, moved
from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.numbers import counted, number

LN_2 = math.log(2)
ASKED = "previous token"
AFTER = "after copies"
EARLY = "Early: less than half of it"
LATER = "Later: between half and nine tenths"
LATE = "Late: more than nine tenths"
NEVER = "No head takes this role in this run"
GUESSES = (EARLY, LATER, LATE, NEVER)

GOAL = "See how heads find what they look at, step by step, and what the loss does meanwhile."
RUNS = {COPYING: "lists read twice", BUNDLED: "the sitcom"}

QUESTION = (
    "What usually follows *one* token can be learned without any head. For what follows *two*, and "
    "for copying, some head has to look at the token just before: a **previous-token head**. When "
    "is the first one clear in this run: what share of the total drop in loss has happened by then?"
)
ROLES = (
    "Of each role the head that does most of it above chance, measured on {texts} pieces of text "
    "that the run did not learn from: its share of attention. The tick is what chance would give. "
    "Bold: a clear role."
)
UNTOLD = "They appear here, and as letters under the pictures, when you have made your prediction."
NO_ROLES = "Roles can't be measured here: the run's text is gone, or is too short."
IMPORTED = (
    "This model came here already trained, so there are no snapshots of how it learned. Choose the "
    "bundled model at the top, or train one of your own."
)
WITHOUT_SNAPSHOTS = (
    "This run kept no snapshots, so its past can't be seen. Train a run on the Training page: it "
    "keeps ten or more. On the command line, `--snapshot-interval 50` keeps one every 50 steps."
)
CAUTION = (
    "A role says where a head **looks**, not what it is good for: a head with a clear role may be "
    "one that the model hardly needs. Only taking it away and measuring tells."
)
JUST_CLEAR = (
    " Each snapshot is measured on {texts}. A head that just reaches the limit on these may miss "
    "it on others: *Head importance* reads other texts, and need not name the same heads."
)
NO_HELPER = " It could not: that takes a head in an earlier layer, and this model has one layer."
FIRST_COPY, SECOND_COPY = "random tokens", "the same again"
VALIDATION = "validation text"
BEFORE, COPIED = "token before", "token after the earlier copy"
COPY_TEST = (
    "Every snapshot reads random tokens, and then the same ones once more. Nobody can know the "
    "first copy. The second can be copied by an **induction head**: it finds where the present "
    "token stood before, and looks at what came after it. The first picture shows what each copy "
    "costs, the second the share of attention of the head that looks most at the token before (on "
    "validation text), and of the head that looks most at what it would have to copy (in the "
    "second copy)."
)
COPY_TEST_ALT = "Loss of both copies of random tokens and of validation text, by step"
SHARES_ALT = "Attention of the best previous-token head and the best copying head, by step"


@dataclass(frozen=True)
class Birth:
    """When a role first had a clear head.

    step, head, share, chance: None for a role that no head took. before: the snapshot before that
    one, None if it was the first. fallen: how much of the loss's fall was done. lasts: whether
    some head still has the role at the end.
    """

    role: str
    step: int | None = None
    before: int | None = None
    head: tuple[int, int] | None = None
    share: float = 0.0
    chance: float = 0.0
    fallen: float = 0.0
    lasts: bool = False


def caution(views: Sequence[SnapshotView]) -> str:
    """What a role doesn't say, and how little text it rests on."""
    read = max((role.texts for role in views[-1].roles.values()), default=0)
    return CAUTION + (JUST_CLEAR.format(texts=counted(read, "piece") + " of text") if read else "")


def births(views: Sequence[SnapshotView], fall: Fall | None) -> list[Birth]:
    """Every role that was measured, in the order of roles."""
    return [_birth(role, views, fall) for role in views[-1].roles]


def _birth(role: str, views: Sequence[SnapshotView], fall: Fall | None) -> Birth:
    clear = [bool(view.roles[role].clear().any()) for view in views]
    if not any(clear):
        return Birth(role)
    at = clear.index(True)
    step, scores = views[at].step, views[at].roles[role]
    excess = scores.excess.masked_fill(~scores.clear(), -1.0)
    head = divmod(int(excess.argmax()), excess.shape[1])
    return Birth(
        role,
        step,
        views[at - 1].step if at else None,
        head,
        scores.share[head].item(),
        scores.chance[head].item(),
        fall.share(step) if fall else 0.0,
        clear[-1],
    )


def copied(
    views: Sequence[SnapshotView], guessing: float, ngrams: int = 0, so_far: bool = False
) -> str:
    """Whether heads of the run learned to copy, when, and whether the loss shows it.

    guessing: what a random token costs who gives all of them the same probability, in bits. so_far:
    there are later snapshots than these, or there will be.
    """
    until, end = (" so far", "In the last one seen") if so_far else ("", "At the end")
    tested = [(view.step, view.copying) for view in views if view.copying]
    first = next(((step, each) for step, each in tested if each.passed.any()), None)
    if first is None:
        best = max(float(each.share.max()) for _, each in tested)
        return (
            f"**No induction head in this run{until}.** At no step does a head look clearly more "
            f"than by chance at what it would have to copy; the most is {best:.0%} of its "
            "attention."
            f"{NO_HELPER if len(tested[-1][1].share) == 1 and not ngrams else ''}"
        )
    step, each = first
    head = _largest(np.where(each.passed, each.share, -1))
    _, last = tested[-1]
    copies = _largest(np.where(last.passed, last.share, -1))
    said = (
        f"**{_named(head)}** is the first to pass the copy test, at step {step:,}, with "
        f"{each.share[head]:.0%} of its attention. "
    )
    if last.passed.any():
        said += f"{end} it is {_named(copies).lower()} with {last.share[copies]:.0%}. "
    else:
        said += f"{end} no head passes any more. "
    return said + _saved(last, guessing) + _order(step, head, views) + _no_role(views, last)


def _no_role(views: Sequence[SnapshotView], last: Copying) -> str:
    """Why a head that copies random tokens may have no clear role on the run's own texts."""
    role = views[-1].roles.get(AFTER)
    if role is None or not last.passed.any() or any(v.roles[AFTER].clear().any() for v in views):
        return ""
    head = _largest(np.where(last.passed, last.share, -1))
    share, chance = role.share[head].item(), role.chance[head].item()
    why = "That is too little, or holds in too few of the texts, for a clear role."
    if share < CLEAR_TIMES * chance:
        why = "A clear role takes twice as much."
    return (
        f" Below, it has no clear role *{AFTER}* all the same: on the run's own texts it gives "
        f"{share:.0%} of its attention to the token after an earlier copy, but {chance:.0%} to "
        f"other tokens as far away. {why} Random tokens tell the two apart."
    )


def _saved(last: Copying, guessing: float) -> str:
    """What the second copy costs less, if it does."""
    first, second = last.first / LN_2, last.second / LN_2
    costs, cost = number(second, ".1f"), number(first, ".1f")
    if last.passed.any() and second < 0.95 * first:
        return (
            f"The second copy costs {costs} bits per token there, the first {cost}: "
            f"copying saves {number(first - second, '.1f')} of them. {_dear(second, guessing)}"
        )
    return (
        f"But the second copy costs {costs} bits per token there and the first {cost}: "
        "looking there has not (yet) become copying. "
    )


def _dear(second: float, guessing: float) -> str:
    if second <= guessing:
        return ""
    return (
        f"(Both are more than guessing would cost, {guessing:.1f}: such tokens come in no order "
        "that it learned from.) "
    )


def _order(step: int, head: tuple[int, int], views: Sequence[SnapshotView]) -> str:
    """An induction head reads what a previous-token head of an earlier layer has written."""
    clear = {
        (layer, place): view.step
        for view in reversed(views)  # the first snapshot in which it is clear stays
        if ASKED in view.roles
        for layer, place in view.roles[ASKED].clear().nonzero().tolist()
    }
    if not clear:
        return "No head was seen before it that looks at the token just before."
    helpers = {who: since for who, since in clear.items() if who[0] < head[0] and since <= step}
    if helpers:
        who = min(helpers, key=lambda each: helpers[each])
        return (
            f"A previous-token head came first: {_named(who).lower()}, clear since step "
            f"{helpers[who]:,}, in an earlier layer. That is the order in which one can use the "
            "other."
        )
    who = min(clear, key=lambda each: clear[each])
    return (
        f"The first clear previous-token head is {_named(who).lower()}, since step {clear[who]:,}."
    )


def answer(
    choice: str, birth: Birth, views: Sequence[SnapshotView], fall: Fall, so_far: bool
) -> Answer:
    """Compare the prediction with the run."""
    right = choice == _truth(birth)
    until = " so far" if so_far else ""
    stretch = fall.steepest([view.step for view in views])
    fell = (
        f" The loss fell most between steps {stretch[0]:,} and {stretch[1]:,}." if stretch else ""
    )
    if birth.step is None or birth.head is None:
        return Answer(right, f"No head took this role in this run{until}.{fell}")
    between = (
        f", so it was born between steps {birth.before:,} and {birth.step:,}"
        if birth.before
        else ""
    )
    return Answer(
        right,
        f"{_named(birth.head)} is the first: at step {birth.step:,} it gives "
        f"{birth.share:.0%} of its attention to the token just before; chance would give "
        f"{birth.chance:.0%}. No snapshot before has such a head{between}. By then "
        f"**{birth.fallen:.0%}** of the total drop in loss{until} has happened.{fell}"
        f"{_lasting(birth)}",
    )


def _truth(birth: Birth) -> str:
    if birth.step is None:
        return NEVER
    return EARLY if birth.fallen < 0.5 else LATER if birth.fallen < 0.9 else LATE


def _lasting(birth: Birth) -> str:
    if birth.lasts:
        return ""
    return " In the last snapshot no head has the role clearly any more: roles can be lost again."


def told(found: Sequence[Birth], so_far: bool = False) -> str:
    """All roles: who took them and when, and which nobody took. so_far: see `copied`."""
    taken = [_told(birth, so_far) for birth in found if birth.step is not None]
    free = ", ".join(f"*{birth.role}*" for birth in found if birth.step is None)
    until = " so far" if so_far else ""
    none = f"- No head took this role in this run{until}: {free}" if free else ""
    return "\n".join([*taken, none])


def _told(birth: Birth, so_far: bool) -> str:
    lasts = "some head has it to the end" if birth.lasts else "no head has it at the end"
    if so_far:
        lasts = f"in the last snapshot seen {'some' if birth.lasts else 'no'} head has it"
    return (
        f"- **{birth.role}**: first clear at step {birth.step:,}, when {birth.fallen:.0%} of the "
        f"total drop in loss{' so far' if so_far else ''} had happened. "
        f"{_named(birth.head or (0, 0))}: {birth.share:.0%} of its attention, chance "
        f"{birth.chance:.0%}; {lasts}."
    )


def restless(views: Sequence[SnapshotView]) -> str:
    """Which head changed most between two neighbouring snapshots."""
    if len(views) < 2:
        return ""
    changes = [moved(*both) for both in pairwise(views)]
    sizes = [change.max() for change in changes]
    at = int(np.argmax(sizes))
    calm = int(np.argmin([change.mean() for change in changes]))
    a, b = views[at].step, views[at + 1].step
    c, d = views[calm].step, views[calm + 1].step
    words = (
        f"The largest change between two snapshots: from step {a:,} to {b:,}, "
        f"**{_named(_largest(changes[at])).lower()}** moved {sizes[at]:.0%} of its attention "
        "to other tokens on this probe."
    )
    if len(changes) > 1:
        words += (
            f" The smallest was from step {c:,} to {d:,}: {changes[calm].mean():.0%} on average "
            "over all heads."
        )
    return words


def said(
    before: SnapshotView | None, now: SnapshotView, config: GPTConfig, start: str | None = None
) -> str:
    """One sentence under the slider. start: the model that the run went on from."""
    if before is None and now.step == 0:
        return f"The weights of “{start}”, from which it goes on." if start else _untrained(config)
    if before is None:
        return "The first snapshot that was kept."
    change = moved(before, now)
    return (
        f"Since step {before.step:,} {_named(_largest(change)).lower()} has changed most: "
        f"it moved {change.max():.0%} of its attention."
    )


def _untrained(config: GPTConfig) -> str:
    """What the numbers are before anything was learned."""
    start = "Before the first step: where heads look is random"
    return {
        "copy": f"{start}, but what they copy is built in: each adds the token that it looks at.",
        "zero": f"{start}; what they add is 0.",
    }.get(config.residual_init, "Before the first step: the matrices are random numbers.")


def _largest(change: np.ndarray) -> tuple[int, int]:
    layer, head = np.unravel_index(int(change.argmax()), change.shape)
    return int(layer), int(head)


def _named(head: tuple[int, int]) -> str:
    return f"Layer {head[0]}, head {head[1]}"


def norm_title(kind: str) -> str:
    """What stands over the bars of the norms."""
    return {
        "layernorm": "LayerNorm: how large is what comes in?",
        "rmsnorm": "RMSNorm: how large is what comes in?",
        "batchnorm": "BatchNorm: how large is what comes in?",
    }.get(kind, "No norms: how large is the stream?")


def norm_words(kind: str) -> str:
    """What the two numbers are."""
    first = "Spread σ of a token's numbers, averaged over tokens (bars on a logarithmic scale)"
    return f"{first}." if kind == "none" else f"{first}, and the mean |γ| that was learned."


def whose(key: str, corpus: str, steps: int, kept: int, start: str | None = None) -> str:
    """Which run is shown, that it is a recorded one, and what was built into it.

    start: the model that the run went on from.
    """
    looked = "1 moment of it was kept" if kept == 1 else f"{kept} moments of it were kept"
    looked += ", each as a **snapshot** of all weights"
    if key == COPYING:
        return (
            f":material/history: Recorded: two layers learn from lists that are read out twice, "
            f"{steps:,} steps without a GPU; {looked}. Matrices began as random numbers, "
            "every token counted once. This is not the model at the top. What each moment does "
            "with the probe is computed here."
        )
    if key == BUNDLED:
        return (
            f":material/history: Recorded: the training run of the bundled model, {steps:,} steps "
            f"on “{corpus}”; {looked}. **Where a head looks is learned; that it copies what it "
            "sees was built in**, and rare words counted tenfold. Why: in a short trial, models of "
            "this size did not learn without such help which day or number a scene had named. They "
            f"recalled {RECALLED['neither'][0]}% of these words, and {RECALLED['both'][0]}% or "
            "more with both (see *Training*). The moments of steps 64 to 256 "
            "come from taking the first steps once more, with the same seeds on another machine. "
            "What each moment does with the probe is computed here."
        )
    goes_on = f", going on from “{start}”" if start else ""
    return f"The run that is chosen at the top, {steps:,} steps on “{corpus}”{goes_on}; {looked}."


def measured(T: int) -> str:
    """How a head's change is measured, with this probe's number of rows."""
    return (
        "**How change is measured.** A row of a head's picture says how one token spreads its "
        "attention, and sums to 1. Between two snapshots, ½ · Σ |after − before| over the row is "
        "the share of it that moved: 0 if the rows are the same, 1 if they have nothing "
        f"in common. A head's change is the average over its {max(1, T - 1)} rows after the first, "
        "which in a causal model is always 1."
    )


def few(seen: int, active: bool) -> str:
    """What to do where there is nothing to compare."""
    if active:
        return (
            "The film begins with the second snapshot. Leave this page open: it appears by itself."
        )
    if seen:
        return (
            "This run has only one snapshot that can be seen, so there is nothing to compare it "
            "with. Train for longer: the Training page keeps ten or more of each run."
        )
    return "None of this run's snapshots can be seen. Choose another model at the top."


def live(state: str, step: int, steps: int, kept: int, upcoming: int) -> str:
    """How far a run is that trains."""
    if state == "queued":
        return "This run **waits for its turn**. Its first snapshot appears here by itself."
    snapshots = counted(kept, "snapshot")
    return (
        f"This run **is training**: step {step:,} or later of {steps:,}, {snapshots} so far, the "
        f"next at step {upcoming:,}. It appears here by itself."
    )


def waiting(name: str, place: int | None, step: int, steps: int, of_class: bool) -> str:
    """About a run of the visitor's own, or of their class, that is not the one shown."""
    whose = "The class's" if of_class else "Your"
    if place is None:
        return f"{whose} run “{name}” is training: step {step:,} of {steps:,}."
    ahead = "next in line" if place == 1 else f"number {place} in the queue"
    return f"{whose} run “{name}” is {ahead}. It can be watched here as soon as it has begun."


INTRO = (
    "Nobody programs what a head looks at. The matrices that decide it begin as random numbers, "
    "and training moves them a little at every step. While a model trains, copies of its weights "
    "are put aside: **snapshots**. Each is a whole model of that moment. All of them read the same "
    "few words, the **probe**, so the pictures can be compared."
)

TRY = (
    "With *random tokens, said twice* as the probe, watch what the model writes. From which step "
    "on, if at all, does it go on with the repetition?",
    "Choose one head and hold the right arrow key on the slider. When does its picture settle?",
    "Watch the logit lens: at which step do early layers begin to guess what the last one does?",
    "Train a model of your own, press *Use this model in every lesson*, come back here while it "
    "trains, and let the film follow it.",
)

SELF_TEST = (
    (
        "Why does an induction head need a previous-token head in an earlier layer?",
        "It looks for the place *after* an earlier copy of the present token. That place must "
        "carry the information which token stood before it, and a previous-token head is what "
        "writes it there.",
    ),
    (
        "Why is the copy test made of random tokens?",
        "Nothing about their order can be known by heart. If the second copy costs fewer bits than "
        "the first, the model has used the first.",
    ),
    (
        "A head has a clear role. Is it useful?",
        "Perhaps. A role says where a head looks. What it is worth shows only when it is removed.",
    ),
)
CAN = (
    "say at which step of a run a head took its role, and how much had been learned by then",
    "use the copy test to tell an induction head from one that only looks far back",
)

READING = (
    "Olsson et al. 2022, [In-context Learning and Induction Heads]"
    "(https://transformer-circuits.pub/2022/in-context-learning-and-induction-heads/index.html): "
    "induction heads appear all at once, early in training, and the loss curve shows it",
    "Nanda et al. 2023, [Progress Measures for Grokking via Mechanistic Interpretability]"
    "(https://arxiv.org/abs/2301.05217)",
    "Biderman et al. 2023, [Pythia](https://arxiv.org/abs/2304.01373): models published with all "
    "their snapshots",
)


def damaged(damage: str) -> str:
    return f"{damage} The other snapshots can be seen."


def stopped(missing: int, total: int) -> str:
    return f"Stopped: {missing} of {total} snapshots were not looked at."
