"""Sheets on the lessons under Learning."""

from __future__ import annotations

from pages.teach.sheet import Exercise, Sheet

SHEETS = {
    "training": Sheet(
        aim="read a loss curve, and tell learning from learning by heart.",
        show="A run that you start now, in front of the class. Let them bet on where it begins.",
        state={"layers": "2", "width": "64", "train_steps": "200"},
        ask="Where does the loss begin, before the first step?",
        answer=(
            "Near guessing: log₂ of how many tokens there are. The model has learned nothing, so "
            "it gives all of them about the same."
        ),
        wrong=(
            ("At 0.", "0 bits would be certainty, every time, and right."),
            (
                "At 100%.",
                "The loss is no percentage. It has no upper end: who is sure and wrong pays more "
                "than who guesses.",
            ),
        ),
        by_hand=Exercise(
            "A tokenizer has 96 tokens. Where should the loss of a new model begin, in bits and in "
            "nats?",
            "log₂ 96 = 6.58 bits; ln 96 = 4.56 nats.",
        ),
        other=Exercise(
            "Training loss 2.0, 1.2, 0.6; validation loss 2.1, 1.6, 1.9. What happened, and when "
            "would you have stopped?",
            "The gap is 0.1, 0.4, 1.3: the model learns its text by heart. Stop after the second "
            "point, where the validation loss is lowest.",
        ),
    ),
    "one_step": Sheet(
        aim="follow one step from the gradient to the moved weight, and forecast what it gives.",
        show="The move, made larger and larger: the forecast and what really happened.",
        state={"step_optimizer": "AdamW"},
        ask="The forecast is nearly exact for a tiny step and far off for a large one. Why?",
        answer=(
            "The gradient is the slope where we stand. The loss bends, so the slope holds only "
            "nearby."
        ),
        wrong=(
            (
                "The larger the step, the more is learned.",
                "Until it jumps across the valley. See the exercise.",
            ),
            (
                "The gradient points to the best weights.",
                "It points up the steepest slope, here. The step goes the other way.",
            ),
        ),
        by_hand=Exercise(
            "The loss is (w − 3)², and w = 1. Make one step of plain descent with learning rate "
            "0.1. Compare with the forecast. Then take 1.1.",
            "The gradient is −4. With 0.1: w = 1.4, the loss falls from 4 to 2.56, by 1.44; the "
            "forecast was 1.60. With 1.1: w = 5.4, the loss rises to 5.76.",
        ),
        other=Exercise(
            "At AdamW's first step one weight has a gradient of 2, another one of 0.001. Which "
            "moves further?",
            "Both move by the learning rate: AdamW divides by the gradient's usual size, which at "
            "a first step is its own.",
        ),
    ),
    "sample": Sheet(
        aim="turn probabilities into text, and choose how bold the choice is.",
        show="The bars of the next token, while you move the temperature.",
        state={"temperature": "1.3", "top_k": "0", "top_p": "1", "min_p": "0"},
        ask="With a very low temperature, which token is drawn?",
        answer=(
            "Nearly always the likeliest. The text repeats itself easily, and is the same again."
        ),
        wrong=(
            (
                "Temperature changes what the model knows.",
                "The logits stay. They are divided before the draw.",
            ),
            (
                "The likeliest token every time gives the best text.",
                "Try it: it often runs in circles.",
            ),
        ),
        by_hand=Exercise(
            "The logits are 2, 1 and 0. Compute the probabilities at τ = 1 and at τ = 0.5. At τ = "
            "0.5, what does top-p with p = 0.9 leave?",
            "τ = 1: 0.665, 0.245, 0.090. τ = 0.5: the logits are 4, 2, 0, so 0.867, 0.117, 0.016. "
            "The first has less than 0.9, the first two have 0.984: two are left, with 0.881 and "
            "0.119.",
        ),
        other=Exercise(
            "Find settings with which the model writes the same text twice, with two seeds.",
            "Top-k 1, or a temperature near 0: then there is nothing left to draw.",
        ),
    ),
    "evaluation": Sheet(
        aim="compare two models fairly, and say how far to trust the number.",
        show="A text of the class's own, coloured by surprise.",
        state={"eval_text": "OTTO: My cat has read the whole newspaper.", "eval_shown": "true"},
        ask="Model A has the lower loss per token. Is it the better one?",
        answer=(
            "Only if both cut the text alike. Long tokens cost more bits each, and there are "
            "fewer of them. Compare bits per character."
        ),
        wrong=(
            (
                "The lower number wins.",
                "First ask: per what? Per token, per character, on which text?",
            ),
            (
                "Two intervals overlap, so there is no difference.",
                "That is not shown. Look at the differences piece by piece.",
            ),
        ),
        by_hand=Exercise(
            "Model A needs 3 bits per token and its tokens have 3 characters on average. Model B "
            "has a perplexity of 3, and its tokens are characters. Which predicts better?",
            "A: 3 / 3 = 1.00 bit per character. B: log₂ 3 = 1.58. A is better.",
        ),
        other=Exercise(
            "A model says 80% at ten places and is right at six. Is it too sure? Would you bet on "
            "that after ten places?",
            "It looks too sure. But with ten places six is well possible for an honest 80%, so "
            "take more places first.",
        ),
    ),
    "tuning": Sheet(
        aim="say whether one setting is better than another, and how sure that is.",
        show="The landscape of recorded runs, and how much another seed changes.",
        state={"tuning_map": "learning rate × width"},
        ask="You try twenty settings once each and take the best. Why will it disappoint you?",
        answer="Its loss was partly luck: it is the luckiest of twenty.",
        wrong=(
            (
                "The best of twenty is the best.",
                "Run it again with another seed, beside the old setting.",
            ),
        ),
        by_hand=Exercise(
            "Three seeds, old setting: 2.10, 2.20, 2.15. New setting, same seeds: 2.05, 2.16, "
            "2.14. Compute the mean difference and its standard error. A 95% interval of three "
            "pairs is ± 4.30 standard errors.",
            "Differences 0.05, 0.04, 0.01: mean 0.033, standard deviation 0.021, divided by √3: "
            "0.012. The interval is 0.033 ± 0.052. It holds 0: no difference is shown.",
        ),
        other=Exercise(
            "A friend says: “the batch size doesn't matter, I tried.” Write three questions back.",
            "Over which range? With which other settings? How many seeds?",
        ),
    ),
    "lean": Sheet(
        aim="round weights to few bits by hand, and say what it costs and what it saves.",
        show="One matrix in float32 and in few bits, side by side.",
        state={"lean_grid": "int4 in groups"},
        ask="Half of the weights are set to zero. Is the model twice as fast?",
        answer="Not by itself: a zero is stored and multiplied like any other number.",
        wrong=(
            (
                "Fewer bits always make a model faster.",
                "They make it smaller. Faster only where it waits for memory.",
            ),
        ),
        by_hand=Exercise(
            "Round 0.70, −0.33, 0.12 and 0.02 to the whole numbers −7 … 7 times one scale, so that "
            "the largest fits exactly. How large are the errors?",
            "Scale 0.70 / 7 = 0.10. The numbers are 7, −3, 1, 0: 0.70, −0.30, 0.10, 0.00. Errors "
            "0.00, 0.03, 0.02, 0.02.",
        ),
        other=Exercise(
            "Change 0.70 into 7.0 and do it again. What has happened to the other three?",
            "The scale is 1.0, and all three become 0. One large weight makes the grid coarse for "
            "everybody who shares it.",
        ),
    ),
    "fine_tuning": Sheet(
        aim="tell what a model learned from what it forgot, and count what LoRA trains.",
        show="Two losses over the steps: on the new text and on the old one.",
        state={"tuned_text": "Tiny Shakespeare"},
        ask="A trained model learns a second text. What happens to its loss on the first?",
        answer=(
            "Mostly it rises, since no step asks what it costs there; how far depends on the texts "
            "and on the way of training. Look at the second curve."
        ),
        wrong=(
            (
                "It knows both now.",
                "Nothing in the new batches asks it to keep the old.",
            ),
        ),
        by_hand=Exercise(
            "B = (1, 2), a column; A = (3, 0, 1), a row. Write the matrix B A. How many numbers "
            "are learned? And with rank 8 for a matrix of 128 × 512?",
            "Rows (3, 0, 1) and (6, 0, 2). 2 + 3 = 5 numbers instead of 6. Rank 8: 8 · (128 + 512) "
            "= 5,120 instead of 65,536, which is 7.8%.",
        ),
        other=Exercise(
            "Why does LoRA change nothing before its first step?",
            "B begins at zero, so B A is zero, whatever A holds.",
        ),
    ),
}
