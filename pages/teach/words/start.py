"""Sheets on the lessons under Start and Text."""

from __future__ import annotations

from pages.teach.sheet import Exercise, Sheet

SHEETS = {
    "home": Sheet(
        aim="name the stations from a text to the probabilities of the next token.",
        show="The picture of the whole road. Follow one word from the bottom to the top.",
        state={"prompt": "NADIA: Where is the"},
        ask="The model has written one token. What does it do to write the next one?",
        answer=(
            "The same again, with a text that is one token longer. It has no plan that it keeps: "
            "whatever it knows about the text so far, it reads from the text so far."
        ),
        wrong=(
            (
                "It thinks of the whole sentence and then types it.",
                "Each run gives probabilities for one token only. Press *Write it again* and "
                "watch.",
            ),
            (
                "It looks the answer up in its text.",
                "It has no text any more, only its parameters. They are the same for every prompt.",
            ),
        ),
        by_hand=Exercise(
            "Three tokens have the scores 2, 1 and 0. Turn them into probabilities (softmax).",
            "e² = 7.39, e¹ = 2.72, e⁰ = 1; together 11.11. So 66.5%, 24.5% and 9.0%.",
        ),
        other=Exercise(
            "The same prompt gives two different texts. Write down what was the same in both runs, "
            "and what was not.",
            "The same: the probabilities of the first token. Different: what was drawn, and from "
            "then on the text that the model reads.",
        ),
    ),
    "data": Sheet(
        aim="say what a model learns from, and why a part of the text is kept away from it.",
        show="The batch: x, and below it y, the same piece one token later.",
        state={"batch": "3", "piece": "16"},
        ask="Why not measure the model on the text that it learned from? There is more of it.",
        answer=(
            "It may have learned that text by heart. Only text that it never saw shows whether it "
            "can predict."
        ),
        wrong=(
            (
                "Because it would take longer.",
                "Time is not the reason: one could measure on a small part of it as well.",
            ),
            (
                "The validation text has to be picked line by line at random.",
                "Then neighbours of every line are in the training text. A cut by position keeps "
                "them apart.",
            ),
        ),
        by_hand=Exercise(
            "In `abracadabra`, count what follows an `a`. How likely is `b` after an `a`?",
            "After `a` come b, c, d, b: b has 2 of 4, which is 0.50.",
        ),
        other=Exercise(
            "A training text has 900 tokens. A piece has x of 16 tokens, and y. At how many places "
            "can a piece begin?",
            "A piece needs 17 tokens. 900 − 16 = 884 places.",
        ),
    ),
    "tokenization": Sheet(
        aim="cut a text as byte-pair encoding does, and weigh many tokens against few.",
        show="The merges, one by one: which pair is joined next, and how many tokens are left.",
        state={"prompt": "a dog, the dog, dogs", "merges": "500", "merges_done": "20"},
        ask="Why are there not simply 26 tokens, one for each letter?",
        answer=(
            "Then every text is long, and a model reads only so many tokens at a time. Frequent "
            "pieces as one token make it shorter. And a text has more than letters."
        ),
        wrong=(
            (
                "A token is a word.",
                "Some are. Others are a piece of one, a space with a word, a single byte.",
            ),
            (
                "Byte-pair encoding knows syllables.",
                "It counts pairs. Where a merge looks like a syllable, counting has found it.",
            ),
        ),
        by_hand=Exercise(
            "Cut `banana bandana` into characters; the space is one, too. Which pair comes most "
            "often? Join it everywhere. How many tokens are left?",
            "`an` comes 4 times (`na` 3 times, `ba` 2 times). 14 characters become 10 tokens: "
            "b·an·an·a·␣·b·an·d·an·a.",
        ),
        other=Exercise(
            "Type your own name into the prompt. Find the cut with the fewest tokens, and one "
            "token that you did not expect.",
            "It depends on the name. A rare name falls into more pieces than a common word of the "
            "same length, because its pairs were not counted often.",
        ),
    ),
    "surprise": Sheet(
        aim="turn a probability into bits, and read a loss as an average of surprises.",
        show="The prompt, coloured by how surprised the model was at each token.",
        state={"surprise_shown": "true"},
        ask="A model gave the right token a probability of 1/8. How surprised was it, in bits?",
        answer=(
            "3 bits: as many as three tosses of a coin that all had to come out right. Half the "
            "probability is one bit more."
        ),
        wrong=(
            ("1/8, or 12.5%.", "That is the probability. The surprise is −log₂ of it."),
            (
                "8.",
                "That is the perplexity of this token: guessing one of 8 that are equally likely "
                "would have cost as much.",
            ),
        ),
        by_hand=Exercise(
            "Four tokens in a row got the probabilities 1/2, 1/4, 1/8 and 1/8. What is the loss, "
            "and what is the perplexity?",
            "1, 2, 3 and 3 bits: 2.25 bits on average. The perplexity is 2 to the power of 2.25, "
            "which is 4.76.",
        ),
        other=Exercise(
            "Write a sentence that surprises the model as much as you can at its last token, and "
            "not at all before.",
            "Start with a line from the show and end it with a word that fits nowhere. What counts "
            "is the last bar beside the others.",
        ),
    ),
}
