"""Sheets on the lessons under Deeper and Workshop."""

from __future__ import annotations

from pages.teach.sheet import Exercise, Sheet

SHEETS = {
    "head_importance": Sheet(
        aim="tell what a head looks at from what it is worth.",
        show="The table of roles beside the table of costs.",
        state={"heads_kind": "random tokens"},
        ask="A head looks at the speaker's name, clearly. Is it important?",
        answer="That is another question. Remove it and measure the loss.",
        wrong=(
            (
                "The clearest pattern is the most important head.",
                "Compare the two tables: they need not agree.",
            ),
        ),
        by_hand=Exercise(
            "On four texts a head gives 0.5, 0.3, 0.4 and 0.4 of its attention to the token just "
            "before; chance is 0.1. How many standard errors above chance is that?",
            "Mean 0.40, standard deviation 0.082, divided by √4: 0.041. 0.30 / 0.041 = 7.3.",
        ),
        other=Exercise(
            "With zeros in its place a head costs 10 bits, with its average 1 bit. Where do the "
            "other 9 come from?",
            "From what it adds to every text alike, and later layers rely on.",
        ),
    ),
    "patching": Sheet(
        aim="find out which state of the model carries a difference between two prompts.",
        show="The grid: drag one state from B into A and read the answer.",
        state={"patch_way": "replace one token", "patch_state": "resid_pre"},
        ask="You copy the whole stream, at every position, as it enters a layer. What comes out?",
        answer=(
            "B's answer, exactly: the rest of the model reads nothing else. So copying everything "
            "shows nothing; copying one state does."
        ),
        wrong=(
            (
                "The lens shows nonsense, so nothing is there yet.",
                "The lens reads with the last layer's eyes. The state may hold what those can't "
                "read.",
            ),
        ),
        by_hand=Exercise(
            "A prefers one token by 1.0 logits. B prefers the other by 3.0. With one state copied "
            "the difference is 0.0. What share of the way did this state move the answer?",
            "From 1.0 to −3.0 it is 4.0; it went 1.0 of them: 25%.",
        ),
        other=Exercise(
            "Two states move the answer by 25% each. Do both together move it by 50%?",
            "Not necessarily. They may carry the same thing, or need each other. Copy both.",
        ),
    ),
    "head_born": Sheet(
        aim="say in which order heads find their work, and what the loss does meanwhile.",
        show="The slider under the loss, from the first snapshot to the last.",
        state={"film_run": "lists read twice"},
        ask="What has to be there before a head can copy?",
        answer=(
            "A head that tells each token what stood just before it. The copying head looks for "
            "that."
        ),
        wrong=(
            (
                "The heads were built for their roles.",
                "All began at random. The same code, another text, other roles.",
            ),
        ),
        by_hand=Exercise(
            "A list of 8 items, each one of 32 that are equally likely, is read twice. What is the "
            "loss of a model that copies perfectly, in bits per item? And of the first half alone?",
            "First time 5 bits each, second time 0: 2.5 bits on average; 5 bits in the first half.",
        ),
        other=Exercise(
            "A loss falls from 6.0 to 2.0 bits in all. At step 500 it is 3.0. What share of the "
            "fall has happened?",
            "3.0 of 4.0: 75%.",
        ),
    ),
    "normalization": Sheet(
        aim="say what LayerNorm and BatchNorm average over, and why that matters for writing.",
        show="The cube of numbers: which of them go into one mean.",
        state={"norms_axes": "BatchNorm"},
        ask="Why is BatchNorm odd in a model that predicts the next token?",
        answer=(
            "Its averages run over other tokens, later ones too, and over other texts. Something "
            "of what is to be predicted leaks in."
        ),
        wrong=(
            (
                "A norm is a norm.",
                "Do the exercise: from the same four numbers they make different ones.",
            ),
        ),
        by_hand=Exercise(
            "Two tokens with two channels: (1, 3) and (5, 11). Apply LayerNorm (over a token's "
            "channels), then BatchNorm (over the tokens of a channel), without γ, β, ε.",
            "LayerNorm: (−1, 1) and (−1, 1). BatchNorm: (−1, −1) and (1, 1).",
        ),
        other=Exercise(
            "Which of the two still knows that the second token was larger?",
            "BatchNorm. LayerNorm has taken it away: both tokens look the same.",
        ),
    ),
    "sitcom": Sheet(
        aim="say why a text can be likely word by word and still make no sense.",
        show="A scene with its state; then break it and see what the checker says.",
        state={"scene": "1", "break": "Swap two names"},
        ask="A model has a very low loss. Do its scenes make sense?",
        answer=(
            "That is not shown. The loss asks for one token at a time. One wrong name costs "
            "little and can spoil a scene."
        ),
        wrong=(
            (
                "The checker finds nothing, so the scene is good.",
                "It finds what its rules say. Whether it is funny is not among them.",
            ),
        ),
        by_hand=Exercise(
            "A model is right with 99% at each token. How likely are 100 tokens without a mistake, "
            "if the mistakes don't depend on each other?",
            "0.99 to the power of 100 is 0.366: about one scene in three.",
        ),
        other=Exercise(
            "Break a scene so that the checker does not notice, and you do.",
            "Change what no rule is about: a mood, a joke, a reason.",
        ),
    ),
    "scrape": Sheet(
        aim="turn a web page into a text for a model, and name the manners of asking for it.",
        show="A page before and after each cleaning step. (It fetches on your own computer only.)",
        state={},
        ask="A browser shows a page, but robots.txt forbids programs to read it. May we?",
        answer=(
            "No. The file says what programs may ask for. And what can be fetched still belongs "
            "to those who made it."
        ),
        wrong=(
            (
                "What is on the web is free.",
                "Free to read is not free to copy, nor to publish.",
            ),
        ),
        by_hand=Exercise(
            "24 pages are fetched with a rest of 1.5 seconds between two requests. How long does "
            "it take at least? An advertisement of 150 characters stands in each page of 6,000: "
            "what share of the text is it?",
            "23 rests: 34.5 seconds. 150 / 6,000 = 2.5%.",
        ),
        other=Exercise(
            "Why should a cleaner keep a line break when it isn't sure?",
            "Two speakers joined in one line can't be told apart again. A break too many does "
            "little harm.",
        ),
    ),
}
