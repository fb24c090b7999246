"""What the Tokenization lesson says."""

from __future__ import annotations

from ui.show.names import as_text
from ui.show.tokens import code

OF_EACH = {
    "Character": "Every character is a piece. A character that the text never had is unknown.",
    "Word": "Every word, gap and punctuation mark is a piece. A new word is unknown: its spelling "
    "is lost.",
    "BPE": "Byte-pair encoding. Nothing is ever unknown: whatever has no piece of its own is "
    "written in smaller pieces, in bytes if need be.",
    "GPT-2": "Byte-pair encoding too, but it learned 50,000 merges from a far larger text. This is "
    "the very list that OpenAI published.",
}


def unknown(tokens: str) -> str:
    return f"Not on its list, so the model can't see what it says: {tokens}."


NOTHING_TO_MERGE = "This text has no pair that occurs twice, so there is nothing to merge."


def merge(step: int, left: str, right: str, piece: str, number: int, count: int) -> str:
    return (
        f"Merge **{step}**: {left} + {right} → **{code(piece)}**, piece number {number}. The pair "
        f"stood in the text **{count:,}** times."
    )


SIGNS = (
    "␣ is a space, ⏎ a line break. A space sticks to the word after it, because GPT-2's "
    "tokenizer first splits a text at the gaps between words and never merges across one."
)


def lengths(
    text: str, characters: int, own_list: int, own: int, published_list: int, published: int
) -> str:
    return (
        "The same few lines of code cut with both lists. The lists differ in what they were "
        f"learned from: the one from “{as_text(text)}”, the other from the web. So each keeps "
        f"**its own** frequent words whole. Your sentence has {characters} characters; the small "
        f"list of {own_list:,} pieces needs **{own}** tokens for it, GPT-2's {published_list:,} "
        f"need **{published}**."
    )


NONE_CUT = "None in the first 50,000 characters of this text."

ONE_KEEPS = (
    "The most frequent such words in the text's first 50,000 characters; times is how often "
    "they occur there. The same piece has another number in each list: numbers mean nothing "
    "by themselves, and a model can only be used with the very list that it was trained with."
)

INTRO = (
    "A model works with numbers, so a text must first become numbers. The only question is "
    "**where to cut**. Cut after every character, and the list of pieces is short but a text "
    "becomes long. Cut at words, and a text is short but the list never ends. GPTs take the road "
    "between: pieces that occur often are kept whole, rare ones are built from smaller ones."
)


def learned_from(text: str, longest: int, shortened: bool) -> str:
    return (
        f"The first three tokenizers learned from “{as_text(text)}”"
        + (f" (its first {longest:,} characters)." if shortened else ".")
        + " GPT-2's learned from millions of web pages in 2019. "
        "Choose another text on the Data page. The sentence is the sidebar's prompt."
    )


MERGES_HELP = "Each merge adds one piece to its list, on top of the 256 bytes that it starts with."

LEARNING = (
    "It starts from single bytes and repeats one step: find the pair of neighbours that occurs "
    "most often in the text, and make it one new piece. Move the slider to replay that, merge by "
    "merge."
)


def sight(block: int) -> str:
    return (
        f"The model in the sidebar reads **{block} tokens** at a time, whatever a token is. So "
        "the number of characters in a token decides how far back it can see."
    )


LONGER_LIST = (
    "A longer list has its price. Each piece needs its own row in the first table of the model "
    "and its own score in the last one, and rare pieces are seen too seldom to be learned well. "
    "A token is also worth more text in one tokenizer than in another: losses **per token** can't "
    "be compared between tokenizers. Bits **per character** can."
)

TRY = (
    "Which sentence needs *more* BPE tokens than words? Think first, then type `Zyx qvw.` into "
    "the prompt.",
    "Put an emoji 🦆 into the prompt. How many tokens is it in each? Why four in BPE?",
    "Write the name of somebody in your text, and then your own. Which of the two does GPT-2 "
    "keep whole? And your BPE?",
    "Move the replay slider slowly from 0 to 30. Which pairs come first, and why those?",
)
