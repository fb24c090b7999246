"""What the first page says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gpt_core.model.config import GPTConfig
from ui.app.lesson import Answer
from ui.show.names import as_text
from ui.show.numbers import counted, near_even, number, percent
from ui.show.tokens import code

TITLE = "What a GPT does"
INTRO = (
    "A GPT reads a text and gives each token of its vocabulary a probability of coming next; draw "
    "one, add it to the text, and repeat: so it writes."
)
AGAIN = "Write it again"
LIKELY = 5  # next tokens that the machine shows
SAME = 1e-4  # the distance of two vectors, as a share of the longer, that is rounding alone
FAR = 0.1  # from here on two vectors count as different; FAR in ui/components/machine/beside.js


def just_written(text: str | None, tokens: int, start: str | None = None) -> str:
    """Under what the model wrote: what is whose, that it is new, and what the model learned.

    text: None for a model whose training was not recorded. start: the model that it went on from.
    """
    learned = f"It learned from “{as_text(text)}”." if text else "It came here already trained."
    if start:
        learned = f"It went on from “{as_text(start)}”, and learned from “{as_text(text or '?')}”."
    return (
        f"Marked: {counted(tokens, 'token')} that the model has just written after your prompt "
        f"(edit it at the top). {learned}"
    )


MACHINE_ALONE = "Press Play: the machine shows the last token's road, step by step."
MACHINE_BESIDE = "Press Play: both walk along their roads. Dashed: what differs from the other."
VECTORS_BESIDE = f" (Two vectors: if they are {FAR:.0%} of the longer one's length apart, or more.)"
OTHER_WEIGHTS = (
    "The numbers of two models' vectors mean different things, so only texts and probabilities are "
    "compared."
)
RECORDED = (
    "Recorded numbers of the bundled model: they stand here until the model itself is loaded."
)
NO_GRADIENT = "A single token has no loss: nothing stands before it."


def enters(
    token: str, position: int, width: int, added: bool, length: float, longest: int = 0
) -> str:
    """Play's first step: the token becomes a vector. added: its position's row is added.

    longest: of the runs of tokens that end here and have rows of their own; 0 where none have.
    """
    row = f"“{token}” picks its row of {width} numbers from a learned table"
    others = {0: "", 2: "; so does the run of 2 tokens that ends with it, and the row is added"}
    runs = others.get(
        longest, f"; so does each run of 2 to {longest} tokens that ends with it, all added up"
    )
    where = f"; what stands for position {position} is added" if added else ""
    here = f"Here the stream begins, a vector of length {number(length, '.3g')}."
    return f"{row}{runs}{where}. {here}"


@dataclass(frozen=True)
class Look:
    """The last token's largest weight on a single one of the tokens shown, and which head's.

    of: how many tokens it may look at. further: there are tokens further back that aren't shown.
    """

    head: int
    weight: float
    token: str
    of: int
    further: bool


def attends(
    layer: int, heads: int, look: Look, added: float, after: float, normed: bool = False
) -> str:
    """What attention fetched for the last token. normed: a norm follows in the stream."""
    one = heads == 1
    which = "Its one head puts most" if one else f"Of its {heads} heads, head {look.head} puts most"
    shown = " of those shown" if look.further else ""
    looks = f"{which} on a single token{shown}: {percent(look.weight)} on {look.token}."
    if look.of == 1:
        looks = "The token sees only itself, so all weight is there."
    elif not look.further and near_even(look.weight, look.of):
        who = "Its one head looks" if one else f"Its {heads} heads look"
        most = percent(look.weight)
        looks = f"{who} at all {look.of} tokens about evenly: none has more than {most}."
    now = _brought(after) if normed else f"the stream is {number(after, '.3g')} long now"
    return (
        f"Attention of layer {layer}. {looks} {'It' if one else 'Together they'} "
        f"add{'s' if one else ''} a vector of length {number(added, '.3g')}; {now}."
    )


def thinks(layer: int, added: float, before: float, after: float, normed: bool = False) -> str:
    """What the MLP added to the last token, and what became of the stream. normed: as above."""
    said = (
        f"MLP of layer {layer}. From this token's vector alone it makes another one, of length "
        f"{number(added, '.3g')}, and adds it"
    )
    if normed:
        return f"{said}; {_brought(after)}."
    then, now = number(before, ".3g"), number(after, ".3g")
    change = f"{'longer' if after > before else 'shorter'}: {then} before, {now} after"
    return f"{said}. The stream is {f'as long as before, {now}' if then == now else change}."


def _brought(length: float) -> str:
    return f"the norm after it brings the stream to a length of {number(length, '.3g')}"


def evens_out(length: float, scale: float, own: bool) -> str:
    """The norm before the unembedding. own: it divides by a number of this very vector."""
    said = (
        f"The vector is {number(length, '.3g')} long. The last norm divides its numbers by "
        f"{number(scale, '.3g')}"
    )
    if own:
        return f"{said}, their own typical size: what is read now doesn't depend on that length."
    return f"{said} on average, as it learned to from other texts."


def answers(vocabulary: int, likely: Sequence[tuple[str, float]]) -> str:
    """Play's last step: the likeliest next tokens."""
    first, *others = (f"“{text}” {percent(share)}" for text, share in likely[:3])
    then = f", then {' and '.join(others)}" if others else ""
    return (
        f"The vector is compared with all {vocabulary:,} tokens, and softmax makes probabilities "
        f"of the scores. The likeliest is {first}{then}."
    )


def tokens_differ(same: int, a: int, b: int) -> str:
    """Where two texts part. same: how many tokens at the beginning are in both; a, b: all."""
    if same < min(a, b):
        return f"The first token that differs is number {same + 1}."
    if a == b:
        return ""
    alike = "The first token is" if same == 1 else f"The first {same:,} tokens are"
    return f"{alike} the same; only {'A' if a > b else 'B'} goes on."


def vectors_apart(first: int | None, end: float) -> str:
    """Of the two last tokens: the first station at which their vectors differ, and how far they do
    after the last layer. first: None for nowhere."""
    if first is None:
        return "The vectors of the last token are the same everywhere."
    part = "attention" if first % 2 else "MLP"
    where = f"after the {part} of layer {(first - 1) // 2}" if first else "where the stream begins"
    said = f"The last token's vectors first differ {where}"
    if end <= SAME:
        return f"{said}; after the last layer they are the same again."
    return f"{said}; after the last layer they are {percent(end)} of their length apart."


def costs(token: str, before: str, share: float, bits: float) -> str:
    """The way back begins: the loss of the last token, measured in the column before it."""
    loss = number(bits, ".2f" if bits >= 0.005 or not bits else ".1g")
    return (
        f"Backward. After “{before}” the model gave “{token}” {percent(share)}: a loss of "
        f"{loss} bits. The gradient begins here. It says, number by number, what would "
        "raise that loss."
    )


def flows_back(layer: int, own: float, far: float, other: str | None, further: bool) -> str:
    """What has come back below a layer. own: the gradient's length in the column that predicted;
    far, other: the longest elsewhere, and where. further: as in `Look`."""
    said = f"Below layer {layer} the gradient is {number(own, '.3g')} long in its own column"
    if other is None or far == 0:
        return f"{said} and 0 in all others{' that are shown' if further else ''}."
    return f"{said}. Attention has handed some to others: at “{other}” it is {number(far, '.3g')}."


def arrives(token: str, most: float, further: bool) -> str:
    """Where the gradient is longest when it has come all the way down. further: as in `Look`."""
    shown = " and are shown" if further else ""
    return (
        f"At the bottom it is longest at “{token}”: {number(most, '.3g')}. Of all vectors that "
        f"enter{shown}, a small change of this one can change the loss the most."
    )


GOAL = "Follow one prompt all the way from text to the next token's probabilities."
LEAST, LESS, MORE, MOST = "less than 25%", "25% to 50%", "50% to 75%", "more than 75%"
SHARES = {LEAST: 0.25, LESS: 0.5, MORE: 0.75, MOST: 1.0}  # each up to this


def question(token: str) -> str:
    """What to predict: of the token after the first one that was written."""
    return (
        "The machine shows what may come next. The text that was written begins with "
        f"{code(token)}. With this token added, the model is run again: which probability has the "
        "likeliest token after it?"
    )


def judged(guess: str, token: str, best: str, share: float, before: float) -> Answer:
    """Whether the probability of the best token after `token` lies where it was guessed.

    before: that of the best one without `token`.
    """
    right = next(name for name, most in SHARES.items() if share <= most or most == 1)
    now, then = percent(share), percent(before)
    why = f"After {code(token)} the likeliest is {code(best)} with {now}. "
    if now == then:
        why += "Before it, the likeliest had as much."
    else:
        surer = "surer" if share > before else "less sure"
        why += f"Before it, the likeliest had {then}: this token makes the model {surer}."
    return Answer(guess == right, why)


def after(token: str) -> str:
    """Over the bars."""
    return f"What may come after {code(token)}:"


BARS = "Probabilities of the likeliest tokens after the first one, as bars"
WITHOUT_GUESSING = "Show me without guessing"


def tokens(vocabulary: int) -> str:
    return (
        "A **tokenizer** cuts the text into **tokens** and replaces each by its number, its *id*. "
        f"All tokens that it has are its **vocabulary**. This model's has {vocabulary:,}. A dashed "
        "outline marks what is not in the vocabulary."
    )


def row_of_last(width: int, token: str, runs: bool) -> str:
    """runs: whether the rows of the runs of tokens that end with it are in its vector, too."""
    added = ", with the rows of the runs of tokens that end with it added" if runs else ""
    return (
        f"Each id picks a row of a learned table: **{width} numbers**, the token's **vector**. "
        f"Here are those of the last one, {token}{added}. No single number means anything by "
        "itself. In a trained model, tokens that are used alike tend to have similar vectors."
    )


def position(position: int, width: int) -> str:
    return (
        f"A second table adds **where** the token stands: position {position} has {width} numbers "
        "of its own, and the two rows are added."
    )


ROTARY = (
    "Where a token stands is not in its vector. This model brings the positions in later, when "
    "attention compares tokens."
)


def characters(count: int) -> str:
    """What stands below the number of characters."""
    return f"character{'s' * (count != 1)} in your prompt"


def ids(count: int, vocabulary: int) -> str:
    """What stands below the number of tokens."""
    return f"{'id' if count == 1 else 'ids, each'} one of {vocabulary:,} in the vocabulary"


def each_layer(config: GPTConfig) -> str:
    """What stands below the number of layers."""
    heads = counted(config.n_head, "head")
    return f"{'each: ' if config.n_layer > 1 else ''}attention with {heads}, then an MLP"


def layers(config: GPTConfig) -> str:
    """What happens to a vector on its way."""
    said = (
        "From here on each token carries its vector through the **layers**. A layer never replaces "
        "the vector, it adds to it; what is carried along is called the **residual stream**. "
        f"**Attention** takes from the vectors of {'earlier' if config.causal else 'all'} tokens "
        "and *adds* the result. The **MLP** works on each token alone and *adds* its result, too."
    )
    if config.post_norm:
        said += " In this model each sum is then brought back to a usual size."
    return said


def stream(token: str, entering: float, part: str, layer: str, added: float, leaving: float) -> str:
    longest = (
        f"The longest vector is added by the {part} of layer {layer}: {number(added, '.3g')}."
        if added
        else "All branches add vectors of length 0, as some models' do before training."
    )
    return (
        "Read it from the bottom up. The grey line is the stream. Each branch **reads** it (●) "
        "and **adds** (⊕) a vector of its own; the thicker the way back, the longer that "
        "vector.\n\n"
        f"For {code(token)} the vector enters layer 0 with length {number(entering, '.3g')}. "
        f"{longest} After the last layer the length is {number(leaving, '.3g')}. Layers are "
        "counted from 0.\n\n"
        "**Every part is a link** to the lesson that takes it apart."
    )


def probabilities(config: GPTConfig) -> str:
    """How the last vector becomes probabilities in this model."""
    table = (
        "The table of the first step is used once more, the other way round"
        if config.tie_weights
        else "A second learned table follows"
    )
    has_norm = config.norm != "none" and config.norm_position == "pre"
    norm = "The last vector is first brought to a usual size. " if has_norm else ""
    return (
        f"{norm}{table}: it turns the last token's {config.n_embd} numbers into "
        f"{config.vocab_size:,} scores, one for each token. **Softmax** makes probabilities of "
        "them: positive numbers that add up to 100%."
    )


def likelihood(token: str, share: float, rank: int, vocabulary: int) -> str:
    """What a typed token is answered with."""
    return f"{code(token)} has {percent(share)}: number {rank:,} of {vocabulary:,}."


def surprise(bits: float, vocabulary: int) -> str:
    guessing = math.log2(vocabulary)
    said = (
        f"How surprised is the model by your text? **{number(bits)} bits** per token on average. "
        f"(A coin's fall is 1 bit.) Pure guessing among {vocabulary:,} tokens would cost "
        f"{number(guessing)}"
    )
    return said + (", less than that." if bits > guessing else ".")


def training(parameters: int, config: GPTConfig, imported: bool) -> str:
    """Where the weights come from, and what of it was built in."""
    said = (
        f"From training. This model has **{parameters:,}** numbers, its **parameters**. Before "
        "training they are random numbers, or plain ones such as 0 and 1, and hold nothing about "
        "any text. "
    )
    if config.residual_init == "copy":
        said += (
            "One thing was built into this model: its attention copies what it looks at from the "
            "first step on. Where it looks was learned. "
        )
    said += (
        "Then, step by step, the model predicts each next token of a text, and every number is "
        "moved a little so that the right one becomes likelier. "
    )
    if imported:
        said += "(This model came here already trained: how, was not recorded.) "
    return said + "The **Training** lesson shows it. The text comes first:"


TRY = (
    "Type a name from the cast and a colon, `MABEL:`. What does the model expect after it?",
    "Delete the last character of the prompt, then put another. Does the model write something "
    "else?",
    "Write something that no sitcom would say. How many bits per token does it cost now?",
)
QUESTIONS = (
    (
        "The model writes 40 tokens. How often is the whole model run?",
        "40 times. Each run gives the probabilities of one next token; the token that is drawn is "
        "part of the text for the next run.",
    ),
    (
        "Which parts of the model let one token's vector depend on other tokens?",
        "Attention. The MLP and the last step treat each token by itself. So does the table of "
        "vectors, except in models that look up runs of tokens, too.",
    ),
    (
        "The same prompt is given twice, and two different texts come out. Are the probabilities "
        "different?",
        "Not for the first token: the same prompt gives the same probabilities. What differs is "
        "what is drawn. After a different token the prompt is another one, and so are the "
        "probabilities.",
    ),
)
ABILITIES = (
    "name the stations from a text to the next token's probabilities",
    "say how a model that only predicts one token writes a whole text",
)

NOTEBOOKS = (
    "Two notebooks for Jupyter hold the same in code: the whole model line by line, and each "
    "concept on numbers that you can check. They run beside the project's folders, on a laptop."
)
