"""What the Tokenization lesson says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpt_core.tokenizers.gpt2 import SPELLING
from pages.tokenization.results import Parts, TwoCuts
from ui.app.lesson import Answer
from ui.show.names import as_text
from ui.show.numbers import counted
from ui.show.tokens import code

GOAL = "Say how a text becomes tokens, what byte-pair encoding learns, and what a cut costs."
INTRO = (
    "A model works with numbers, so a text must first become numbers. The only question is "
    "**where to cut**. Cut after every character, and the vocabulary is small but a text becomes "
    "long. Cut at words, and a text is short but the vocabulary never ends. GPTs use something in "
    "between, mostly **byte-pair encoding** (BPE): what occurs often stays whole, what is rare is "
    "built from smaller tokens."
)


def own(parts: Parts, tokens: int, characters: int) -> str:
    """What the loaded model's tokenizer made of the prompt."""
    return (
        f"The tokenizer of the model at the top makes **{counted(tokens, 'token')}** of "
        f"{counted(characters, 'character')}. {made_of(parts)} A token's number, its **id**, "
        "stands below it. Every lesson that follows works on these tokens."
    )


def made_of(parts: Parts) -> str:
    """What a vocabulary consists of."""
    if parts.merges is not None:
        said = f"{parts.bytes} bytes and {parts.merges:,} merges"
    elif parts.words:
        said = f"{parts.words:,} words, {parts.others:,} gaps and other signs, and one *unknown*"
    else:
        said = f"{parts.others:,} characters and one *unknown*"
    if parts.special:
        said += f", and {counted(parts.special, 'sign')} for where a text ends"
    return f"Its vocabulary: {said}, together {parts.total:,}."


OF_EACH = {
    "Character": "Every character is a token. A character that the text never had is unknown.",
    "Word": "Every word, gap and punctuation mark is a token. A new word is unknown: its spelling "
    "is lost.",
    "BPE": "Byte-pair encoding. Nothing is ever unknown: what has no token of its own is "
    "written in smaller ones, in bytes if need be.",
    "GPT-2": "Byte-pair encoding too, but it learned 50,000 merges from a far larger text. This is "
    "the very vocabulary that OpenAI published.",
}
FEWEST = "Which of these tokenizers needs the fewest tokens for your prompt?"

WITHOUT_GUESSING = "Show the cuts for every prompt, without a guess"


def fewest(counts: Mapping[str, int], guess: str) -> Answer:
    """Whether no other tokenizer needs fewer. counts: tokens by tokenizer."""
    least = min(counts.values())
    best = " and ".join(name for name, count in counts.items() if count == least)
    why = f"{best}: {counted(least, 'token')}. "
    if counts[guess] > least and guess != "Word":
        why += f"{guess} needs {counts[guess]:,}. "
    if "Word" in counts and counts["Word"] > least:
        why += f"The word tokenizer needs {counts['Word']:,}, because each gap is a token as well."
    return Answer(counts[guess] == least, why)


def unknown(tokens: Sequence[str]) -> str:
    """The first of what a vocabulary lacks."""
    verb = "is" if len(tokens) == 1 else "are"
    return f"{', '.join(tokens)} {verb} not in this vocabulary; the model only sees *unknown*."


WORD = "dog"
SPACE, ONE, SEVERAL = (
    f"a token for the space, then those of `{WORD}`",
    f"one token, which `{WORD}` doesn't have",
    "several tokens; the first one holds the space and letters",
)
DOG = (
    f"Inside a sentence the word *{WORD}* has a space before it: `␣{WORD}`. What does this model's "
    "tokenizer make of it?"
)


def dog(cut: TwoCuts, guess: str) -> Answer:
    """What the loaded model's tokenizer makes of a word with and without a space before it."""
    bare, spaced = list(cut.bare), list(cut.spaced)
    same = len(spaced) > 1 and spaced[1:] == bare
    right = SPACE if same else ONE if len(spaced) == 1 else SEVERAL
    without, within = (" · ".join(map(code, texts)) for texts in (cut.bare_texts, cut.spaced_texts))
    return Answer(
        guess == right,
        f"`{WORD}` is {_pieces(bare)}: {without} ({_ids(bare)}). `␣{WORD}` is {_pieces(spaced)}: "
        f"{within} ({_ids(spaced)}).",
    )


def _pieces(ids: Sequence[int]) -> str:
    return "one token" if len(ids) == 1 else f"{len(ids)} tokens"


def _ids(ids: Sequence[int]) -> str:
    return ("number " if len(ids) == 1 else "numbers ") + ", ".join(map(str, ids))


WHY_SPACE = (
    "GPT-2's rule, which BPE here follows, first cuts a text in front of each word and gives the "
    "word the one space before it. Merges never go across such a cut. So the same word has other "
    "tokens at the start of a line than inside a sentence. To a model these are different numbers "
    "with different vectors; that they mean the same has to be learned.\n\n"
    f"In published lists of tokens you will find `{SPELLING[ord(' ')]}{WORD}`. GPT-2's files write "
    f"each byte as a character that prints, and the space is written `{SPELLING[ord(' ')]}`. "
    "These pages show it as ␣."
)

NOTHING_TO_MERGE = "This text has no pair that occurs twice, so there is nothing to merge."
LEARNING = (
    "It starts from single bytes and repeats one step: find the pair of neighbours that occurs "
    "most often in the text, and make it one new token. Move the slider to replay that, merge by "
    "merge."
)


def merge(step: int, left: str, right: str, made: str, number: int, count: int) -> str:
    return (
        f"Merge **{step}**: {left} + {right} → **{code(made)}**, token number {number}. The pair "
        f"stood in the text **{count:,}** times."
    )


SIGNS = "␣ is a space, ⏎ a line break."


def lengths(
    text: str, characters: int, own_list: int, own: int, published_list: int, published: int
) -> str:
    return (
        "The same few lines of code cut with both vocabularies. They were learned from different "
        f"texts: the one from “{as_text(text)}”, the other from the web. So each keeps "
        f"**its own** frequent words whole. Your prompt has {characters} characters; the small "
        f"vocabulary of {own_list:,} needs **{own}** tokens for it, GPT-2's {published_list:,} "
        f"need **{published}**."
    )


NONE_CUT = "None in the first 50,000 characters of this text."
ONE_KEEPS = (
    "The most frequent such words in the text's first 50,000 characters; times is how often "
    "they occur there. The same token has another number in each vocabulary: numbers mean nothing "
    "by themselves, and a model can only be used with the tokenizer that it was trained with."
)


def learned_from(text: str, longest: int, shortened: bool) -> str:
    return (
        f"The first three tokenizers learned from “{as_text(text)}”"
        + (f" (its first {longest:,} characters)." if shortened else ".")
        + " GPT-2's learned from millions of web pages in 2019. "
        "Choose another text on the Data page."
    )


MERGES_HELP = "Each merge adds one token to the vocabulary, on top of the 256 bytes at its start."


def sight(block: int) -> str:
    return (
        f"The model at the top reads **{block:,} tokens** at a time, whatever a token is. So "
        "the number of characters in a token decides how much text it reads."
    )


LARGER = (
    "A larger vocabulary has its price. Each token needs its own row in the first table of the "
    "model and its own score at the end, and rare tokens come too seldom to be learned well. "
    "One tokenizer's tokens cover more characters than another's, so what a prediction costs **per "
    "token** can't be compared between tokenizers. The Surprise lesson shows what can: the cost "
    "**per character**, between tokenizers that lose nothing."
)

TRY = (
    "Write a sentence of at least four words in which the BPE of your text cuts no word. Which "
    "words do you need?",
    "Type `Zyx qvw.` into the prompt. Which of the tokenizers lose something? How do the others "
    "write it?",
    "Put an emoji 🦆 into the prompt. How many tokens is it in each? Why four in the BPE of a text "
    "that has no emoji?",
    "Write the name of somebody in your text, and then your own. Which of the two does GPT-2 "
    "keep whole? And your BPE?",
    "Move the replay slider slowly from 0 to 30. Which pairs come first, and why those?",
)
QUESTIONS = (
    (
        "A BPE tokenizer has learned 1,000 merges. How large is its vocabulary?",
        "1,256: the 256 bytes that it starts with, and one token for each merge.",
    ),
    (
        "Why does byte-pair encoding never need an *unknown* token?",
        "Every text consists of bytes, and all 256 of them are in the vocabulary.",
    ),
    (
        "Model A reads 256 tokens of 4 characters each, model B 512 tokens of 1 character. Which "
        "one reads more text at a time?",
        "A: 256 · 4 = 1,024 characters, against 512.",
    ),
)
ABILITIES = (
    "say what each merge of byte-pair encoding does, and in which order they come",
    "explain why a word with a space before it is another token, and read `Ġ`",
    "weigh a large vocabulary against a small one",
)
READING = (
    "Sennrich, Haddow & Birch 2016, [Neural Machine Translation of Rare Words with Subword Units]"
    "(https://arxiv.org/abs/1508.07909): byte-pair encoding for text",
    "Radford and others 2019, [Language Models are Unsupervised Multitask Learners]"
    "(https://cdn.openai.com/better-language-models/"
    "language_models_are_unsupervised_multitask_learners.pdf), section 2.2: on bytes",
    "Karpathy 2024, [minbpe](https://github.com/karpathy/minbpe): the same in few lines",
)
