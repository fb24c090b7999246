"""What the Surprise lesson says. Findings are functions of the numbers that they speak of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gpt_core.evaluation.surprise import Cost
from pages.surprise.results import AtHome, Counted, Trained
from ui.app.lesson import Answer
from ui.show.names import as_text
from ui.show.numbers import counted, number, percent, power, powered, raised, sure_and_wrong
from ui.show.surprise_strip import Surprises
from ui.show.tokens import code

GOAL = "Measure how well a model predicts a text: from one surprise to the loss, in bits."
INTRO = (
    "The model gives each next token a probability. The less probable what comes, the larger its "
    "**surprise**."
)
SHORT = (
    "One token alone surprises nobody: nothing comes before it that could predict it. "
    "Type a longer prompt."
)
PEEKS = (
    "This model may look at the tokens that come later, also at the one that it should predict. "
    "So the numbers here are no predictions: it can copy."
)
BROKEN = (
    "This model's probabilities are not numbers any more (its training went wrong), so there is "
    "no surprise to measure. Choose another model at the top."
)
WITHOUT_GUESSING = "Show the colours for every prompt, without a guess"

BITS = (
    "Toss a coin. Either side has probability 1/2, and seeing which one it is tells you "
    "**1 bit**. Draw one of four equally likely cards: 2 bits, as much as two coins. Each time the "
    "probability halves, the surprise grows by one bit. A model that guesses blindly among all "
    "tokens that it knows, its **vocabulary**, is in the last row."
)
FORMULA = "**surprise = −log₂ p** bits, where p is the probability of what came"
FIRST_TOKEN = "The first token isn't in the table: nothing comes before it."
PREDICTORS = (
    "A loss means little by itself. So let several predictors read the same text, which the "
    "counters have not seen. Two of them only **count**: one counts how often each character "
    "comes, the other how often each character comes right after each other."
)
BIGRAM = (
    "A counter of pairs is a table: one row for each character, and in the row how likely each "
    "character is to come next. A model can **learn** this table instead. Nobody counts: each step "
    "looks at random pairs of neighbours in the text, measures the loss, and moves the scores of "
    "the table a little in the direction that makes the loss smaller. This is how a GPT is "
    "trained, too. (A pair is a *bigram*, so this is a **bigram model**.)"
)
CURVE = "The loss of the table while it learns, above the floor of the counted pairs"
NOT_YET = "It takes about a second. The seed chooses the first scores and the random pairs."
TRY = (
    "Mistype one letter of a name in the prompt. Which tokens are expensive now? How many tokens "
    "later does the model recover?",
    "Write the same sentence twice. Is the second one cheaper?",
    "What is the lowest loss that you can reach with ten tokens or more?",
    "Train the table with another seed. What changes in the loss, and what in the text?",
    "Choose another text on the Data page and come back. Which bars have moved, and why?",
)
QUESTIONS = (
    (
        "A model gives the right token a probability of 1/8, every time. What is its loss?",
        "−log₂ 1/8 = 3 bits per token. Its perplexity is 2³ = 8.",
    ),
    (
        "Model A needs 4 bits per token, with tokens of 4 characters on average. Model B needs 2 "
        "bits per token, and its tokens are characters. Both tokenizers lose nothing. Which model "
        "predicts the same text better?",
        "A: 4 / 4 = 1 bit per character, against 2.",
    ),
    (
        "No table of pairs can have a lower loss than the counted one on the text that was "
        "counted. Why can it on another text?",
        "The counted shares are the best guess for that text only. In another text other pairs are "
        "frequent, and the loss there is a cross-entropy.",
    ),
)
ABILITIES = (
    "turn a probability into bits, and read a loss",
    "say what a perplexity of 8 means, and what it doesn't",
    "tell entropy from cross-entropy",
    "compare two models that cut text differently",
)
READING = (
    "Shannon 1948, [A Mathematical Theory of Communication]"
    "(https://doi.org/10.1002/j.1538-7305.1948.tb01338.x), sections 3 and 6: text from counted "
    "pairs, and entropy",
    "Shannon 1951, [Prediction and Entropy of Printed English]"
    "(https://doi.org/10.1002/j.1538-7305.1951.tb01366.x): people guess the next letter",
    "Jurafsky & Martin, [Speech and Language Processing](https://web.stanford.edu/~jurafsky/slp3/),"
    " chapter 3: n-gram models, perplexity, smoothing",
    "Karpathy 2022, [makemore](https://github.com/karpathy/makemore): a bigram model, first "
    "counted, then trained",
)

TOP = 12  # bits, the height of the picture
# Bits: nearly free; no difference worth speaking of; the same when rounded.
EASY, CLOSE, ALIKE = 0.1, 0.05, 0.005
BITS_CURVE = "Surprise in bits over probability, a falling curve with your prompt's tokens on it"


def question(count: int) -> str:
    """What to predict before the colours."""
    return (
        f"Which of these {('two', 'three', 'four')[count - 2]} tokens of your prompt surprises the "
        "model most? (Then the colours appear.)"
    )


def judged(texts: Sequence[str], found: Surprises, places: Sequence[int], chosen: int) -> Answer:
    """Whether no other place costs more, and the bits. texts: of the tokens after the first."""
    most = max(places, key=found.bits.__getitem__)
    right = found.bits[chosen] > found.bits[most] - ALIKE
    best, share = found.likeliest[most][0]
    why = (
        f"{code(texts[most])} cost {number(found.bits[most])} bits: the model gave it "
        f"{percent(1 / power(found.bits[most]))}."
    )
    if best != texts[most]:
        why += f" It had expected {code(best)} ({percent(share)})."
    if chosen != most:
        why += f" {code(texts[chosen])} cost {number(found.bits[chosen])}."
    return Answer(right, why)


def strip_finding(texts: Sequence[str], found: Surprises, guessing: float) -> str:
    """The dearest token, and whether guessing would have cost less there."""
    worst = max(range(len(found.bits)), key=found.bits.__getitem__)
    easy = sum(bits < EASY for bits in found.bits)
    said = f"The largest surprise is {code(texts[worst])}: **{number(found.bits[worst])} bits**. "
    if found.bits[worst] > guessing:
        said += f"Guessing blindly would have cost less there, {number(guessing)}. "
    else:
        said += f"Guessing blindly would cost {number(guessing)}, anywhere. "
    return said + (
        f"{easy} of {counted(len(found.bits), 'token')} cost{'s' if easy == 1 else ''} less than "
        f"{EASY} bits: the model was nearly sure of {'it' if easy == 1 else 'them'}."
        if easy
        else f"No token cost less than {EASY} bits: the model was never sure."
    )


def example(texts: Sequence[str], bits: Sequence[float]) -> str:
    """The token of the prompt whose surprise is nearest to 2 bits."""
    place = min(range(len(bits)), key=lambda i: abs(bits[i] - 2))
    share = percent(1 / power(bits[place]))
    return (
        f"In your prompt {code(texts[place])} had {share}, one in "
        f"{powered(bits[place], '.3g')}: **{number(bits[place])} bits**."
    )


MARKED = "Dashed: another token, or one whose surprise differs by 1 bit or more."


def means_differ(a: float, b: float) -> str:
    """The mean surprise of two texts."""
    return f"Mean surprise: {number(a)} bits per token in A, {number(b)} in B."


def changes_most(token: str, a: float, b: float) -> str:
    """Of the tokens that two texts share, the one whose surprise differs most."""
    if abs(a - b) < 0.005:
        return "Each token that both have is as surprising in A as in B (to 0.01 bits)."
    return (
        f"Of the tokens that both have, {code(token)} changes most: {number(a)} bits in A, "
        f"{number(b)} in B."
    )


def above_picture(bits: Sequence[float]) -> str:
    """Tokens for which the picture has no room."""
    above = sum(b > TOP for b in bits)
    if not above:
        return ""
    costs = "costs" if above == 1 else "cost"
    return f"{counted(above, 'token')} {costs} more than {TOP} bits, above the picture. "


def bits_table(vocabulary: int) -> list[dict[str, str]]:
    """Probabilities that everybody knows, and guessing among all tokens."""
    known = {"a sure thing": 1, "a coin": 2, "one of four cards": 4, "one of eight": 8}
    known[f"guessing one of {vocabulary:,} tokens"] = vocabulary
    return [
        {
            "event": event,
            "probability": f"1/{among:,}" if among > 1 else "1",
            "bits": number(math.log2(among), ".3g"),
        }
        for event, among in known.items()
    ]


def unseen_text(name: str, characters: int) -> str:
    """What the bars are about."""
    return (
        f"Bits per character, lower is better. All are asked about the same {characters:,} "
        f"characters from the last tenth of “{as_text(name)}”; the counters have counted the first "
        "nine tenths. Choose another text on the Data page."
    )


def loss(found: Surprises) -> str:
    """The sum, the mean, and what both are called."""
    total, mean = number(found.total), number(found.mean)
    return (
        f"Add up all surprises: {total} bits. Divide by the number of tokens: {total} / "
        f"{len(found.bits)} = **{mean} bits per token**. This mean is the **loss** of the model on "
        "your prompt."
    )


def nats(found: Surprises) -> str:
    """The other unit, once."""
    return (
        "Programs use the natural logarithm instead: −ln p, in **nats**. One nat is 1.44 bits. In "
        f"nats this loss is {number(found.mean * math.log(2))}. Code that trains counts in nats; "
        "these pages show bits."
    )


def perplexity(texts: Sequence[str], found: Surprises, vocabulary: int) -> str:
    """What the number means here, and what it doesn't."""
    count, value = len(found.bits), power(found.mean)
    shown = powered(found.mean, ".2f" if value < 1000 else ".3g")
    exponent = raised(found.mean)
    said = f"**Perplexity** is 2 to the power of the loss: 2{exponent} = **{shown}**. "
    if found.mean < 0.005:
        return said + "The model was sure of every token, and right. Less than 1 is impossible."
    if count == 1:
        return said + "With one token to predict, that is 1 divided by its probability."
    said += (
        f"People say: “it hesitates between {shown} tokens”. What is true: a model that had to "
        f"choose among {shown} equally likely tokens, each time, would have the same loss. What is "
        "not: that there were so many candidates anywhere. It is a **mean of surprises, not a "
        "count**. "
    )
    dearest = max(range(count), key=found.bits.__getitem__)
    share, easy = found.bits[dearest] / found.total, sum(bits < EASY for bits in found.bits)
    if easy > count / 4:
        said += (
            f"Here {easy} of {count} tokens cost less than {EASY} bits, and one alone, "
            f"{code(texts[dearest])}, makes up {100 * share:.0f}% of the sum."
        )
    elif max(found.bits) > 1.5 * found.mean or min(found.bits) < 0.5 * found.mean:
        said += (
            f"Here the surprises go from {number(min(found.bits))} to {number(max(found.bits))} "
            "bits, so the mean says little of any one token."
        )
    else:
        said += (
            f"Here the surprises are alike, from {number(min(found.bits))} to "
            f"{number(max(found.bits))} bits, so the mean describes them well."
        )
    if value > vocabulary:
        said += f" It is above {vocabulary:,}, the whole vocabulary: guessing would do better."
    return said + " It holds for this prompt and this tokenizer only."


def counters(found: Counted) -> str:
    """How far guessing and counting get."""
    said = (
        f"**Guessing** treats all {found.known:,} characters (and one sign for all others) alike, "
        f"and costs log₂ {found.known + 1:,} = {number(found.guessing)} bits for each. "
    )
    for name, bits, before, rival in (
        ("Counting characters", found.letters, found.guessing, "guessing"),
        ("Counting pairs", found.pairs, found.letters, "counting characters"),
    ):
        if bits < before - CLOSE:
            said += f"**{name}** takes it down to {number(bits)}. "
        else:
            said += f"**{name}** gives {number(bits)}, no better than {rival}. "
    if found.strangers:
        said += (
            f"({counted(found.strangers, 'character')} of the unseen text never came before. All "
            "of them count as one “unknown”, so these three numbers are a little too low.)"
        )
    return said


def loaded_model(
    cost: Cost | None,
    found: Counted,
    learned: str | None,
    home: AtHome | None,
    vocabulary: int,
    start: str | None = None,
) -> str:
    """Where the loaded model stands on the same text, and on text of its own kind.

    learned: the text that it learned; None for a model whose training was not recorded.
    vocabulary: how many tokens it knows. start: the model that it went on from.
    """
    if cost is None:
        return (
            "The loaded model is not in the picture. Its tokenizer does not know everything in "
            "this text: what it calls “unknown” is lost, costs next to nothing, and would flatter "
            "it."
        )
    bits = cost.per_character
    said = f"**The loaded model** needs {number(bits)} bits per character"
    blind = math.log2(vocabulary)
    if bits > found.guessing + CLOSE and sure_and_wrong(cost.per_token, blind):
        said += (
            ", **more than guessing**. It is often sure, and wrong: it gives tiny probabilities to "
            "what really comes, and a tiny probability is a huge surprise. "
        )
    elif bits > found.guessing + CLOSE:
        said += (
            f", **more than guessing** a character. It needs {number(cost.per_token)} bits per "
            f"token, where guessing one of its own {vocabulary:,} tokens costs {number(blind)}. "
        )
    elif bits > found.guessing - CLOSE:
        said += ", about as many as guessing. "
    elif bits < found.pairs:
        said += ", less than counting pairs. "
    else:
        said += ": it beats guessing, but not the counter of pairs. "
    if learned is None:
        return said + "What it learned before it came here was not recorded."
    said += f"Its own text was “{as_text(learned)}”"
    said += f", after that of “{as_text(start)}”, from which it went on. " if start else ". "
    if home is None:
        return said
    said += f"On {home.what} it needs {number(home.per_character)} bits per character. "
    if home.per_character < bits / 2:
        return said + "A loss belongs to a model **and** a text."
    return said


def entropy(found: Counted) -> str:
    """Entropy and cross-entropy, kept apart by the counter's two numbers."""
    own, unseen = number(found.own, ".3f"), number(found.pairs, ".3f")
    counts, other = "Ask the counter of pairs about the very text that it counted", "it"
    if found.part:
        counts = f"Ask a counter of pairs about all that it counted: {found.part:,} characters here"
        other = "the one above, which counted all of the seen text,"
    said = (
        f"{counts}, and it needs {own} bits. No predictor that sees one character back needs less "
        "there. This is an **entropy**: probabilities and text come from the same counts.\n\n"
        f"Ask {other} about unseen text and it needs {unseen}. This is a **cross-entropy**: the "
        "probabilities come from one text, what happens from another. "
    )
    if found.pairs > found.own:
        said += "What one has seen is easier, so the honest number is the second one. "
    else:
        said += (
            "Mostly the second number is the larger one. Here the end of the text is easier than "
            "the rest. "
        )
    return said + (
        "\n\n**The loss of a model is a cross-entropy**: its probabilities are never exactly those "
        "of the text. Models are compared on text that they have not seen."
    )


def units(costs: dict[str, Cost]) -> str:
    """Why losses per token can't be compared between tokenizers."""
    only = "Only **bits per character** can be compared, and only between tokenizers that lose "
    only += "nothing."
    if len(costs) < 2:
        return (
            "Not both tokenizers can be shown here: the unseen text has characters that the "
            f"other one doesn't know, and what is lost costs nothing. {only}"
        )
    long, short = costs["byte pairs"], costs["characters"]
    per_token = f"{number(long.per_token)} bits per token against {number(short.per_token)}"
    per_char = (
        f"{number(long.per_character)} bits per character against {number(short.per_character)}"
    )
    if long.per_token > short.per_token and long.per_character < short.per_character:
        said = (
            f"Per token the byte pairs look worse, {per_token}. But each covers "
            f"{number(long.characters / long.tokens)} characters, so their text is cheaper: "
            f"{per_char}."
        )
    else:
        said = (
            f"The text is the same, and so is the way of counting: {per_token}, but {per_char}. "
            f"A byte pair covers {number(long.characters / long.tokens)} characters here."
        )
    return f"{said} {only}"


def table(found: Counted) -> str:
    """How large the table is, and who shares a row."""
    vocabulary = found.vocabulary
    said = (
        f"The table: {vocabulary:,} × {vocabulary:,} = **{vocabulary**2:,} scores**, near zero "
        "at first."
    )
    if found.sharing > 0:
        said += (
            " (This text has more characters than the table has room for: "
            f"{found.sharing:,} rare ones share one row, “�”.)"
        )
    return said


def trained(found: Trained, counts: Counted) -> str:
    """Where the loss began, where it ended, and what that says."""
    start, end = found.losses[0], found.losses[-1]
    blind = math.log2(counts.vocabulary)
    said = f"**Before:** {number(start)} bits per character"
    if abs(start - blind) < CLOSE:
        said += f", which is guessing: log₂ {counts.vocabulary:,} = {number(blind)}"
    said += (
        f". **After {found.steps[-1]} steps:** {number(end, '.3f')}. Counting the same pairs gives "
        f"{number(counts.own, '.3f')}, the entropy from above. On the text that it learns from, "
        "this is a **floor**: no table of pairs can be surprised less. "
    )
    if end - counts.own < CLOSE:
        said += "Training has found what counting finds, and nobody counted. "
    else:
        said += (
            f"Training is still {number(end - counts.own)} above it: rare pairs come too "
            "seldom to be learned in so few steps. "
        )
    if found.unseen is None:
        return said
    said += f"\n\nOn the unseen text the table needs {number(found.unseen)} bits, "
    if found.unseen < counts.pairs + 2 * CLOSE:
        return said + f"about as many as the counter ({number(counts.pairs)})."
    return said + (
        f"the counter only {number(counts.pairs)}. The table gives pairs that it never met almost "
        "no probability; the counter keeps some for them."
    )


def more_context(found: Counted) -> str:
    """Why the course goes on."""
    rows = number(float(found.vocabulary) ** 10, ".1g")
    said = (
        "**It is a GPT in all but one thing.** It reads tokens, gives probabilities, learns by its "
        "loss, and writes. But it sees only *one* character back. "
    )
    if found.triples < found.pairs - CLOSE:
        said += (
            f"A counter that sees two needs {number(found.triples)} bits on the unseen text "
            f"instead of {number(found.pairs)}: more context helps. "
        )
    else:
        said += (
            f"On this text one that sees two is no better: it needs {number(found.triples)} bits "
            f"instead of {number(found.pairs)}. (In a short text many groups of three are new.) "
        )
    return said + (
        f"But a table for two characters back has {found.vocabulary:,} times as many rows, and one "
        f"for ten back has {rows} rows. Hardly any of them would ever be met in a text. To use a "
        "long context *without* a row for each: that is what the next lessons build."
    )
