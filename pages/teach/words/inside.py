"""Sheets on the lessons under Inside."""

from __future__ import annotations

from pages.teach.sheet import Exercise, Sheet

SHEETS = {
    "embeddings": Sheet(
        aim="say what a token is inside the model, and measure how alike two of them are.",
        show="The map, and the list of the neighbours of one token.",
        state={"prompt": "OTTO: The dog is in the dryer.", "emb_which": "all tokens"},
        ask="Two points lie on top of each other in the picture. Are their vectors the same?",
        answer=(
            "Not necessarily. The picture has two directions, the vectors have many more. The "
            "cosine uses them all."
        ),
        wrong=(
            (
                "Near means: the same meaning.",
                "Near means: the model treats them alike. Names of people may lie close together "
                "without meaning the same.",
            ),
            (
                "The numbers were chosen by somebody.",
                "They began at random and were learned like all other weights.",
            ),
        ),
        by_hand=Exercise(
            "Compute the cosine of (1, 2, 2) and (2, 0, 1).",
            "The product is 2 + 0 + 2 = 4, the lengths are 3 and √5 = 2.236. 4 / 6.708 = 0.596.",
        ),
        other=Exercise(
            "Find a token whose nearest neighbour makes sense to you, and one whose neighbour "
            "does not.",
            "Both are easy to find. In the bundled model, tokens that its text never uses are one "
            "another's neighbours: all were pushed away from every answer, the same way.",
        ),
    ),
    "averaging": Sheet(
        aim="build attention from a plain average, and say what the mask is for.",
        show="The four steps; in the last one the weights depend on the tokens themselves.",
        state={"step": "3 · softmax", "shown": "6", "row": "5"},
        ask="Why may a token look at those before it, and not at those after it?",
        answer=(
            "In training the next token is the answer. Who may look at it has nothing to learn. "
            "And when the model writes, there is no next token yet."
        ),
        wrong=(
            (
                "Because we read from left to right.",
                "The reason lies in the task, predict what comes next, and not in reading.",
            ),
            (
                "Without the mask the loss would be worse.",
                "It would be better, because the answer is copied. The text would be worse.",
            ),
        ),
        by_hand=Exercise(
            "Three tokens have the scores 2, 0 and 4, and the third lies in the future. What are "
            "the weights? The values are 10, 20 and 30: what is the output?",
            "Masked: only 2 and 0 count. e² = 7.39 and 1, together 8.39: 0.881 and 0.119, and 0 "
            "for the third. 0.881 · 10 + 0.119 · 20 = 11.19.",
        ),
        other=Exercise(
            "The numbers 2, 4 and 9 come one after the other. Write the averages of all so far, "
            "and the matrix that makes them.",
            "2, 3 and 5. The rows of the matrix are (1, 0, 0), (½, ½, 0) and (⅓, ⅓, ⅓).",
        ),
    ),
    "attention": Sheet(
        aim="read a picture of attention cell by cell, and compute one weight of it.",
        show="One head, large. Point at a cell of the last row and read the arithmetic below.",
        state={"head": "1.3"},
        ask="A row has the weights 0.7, 0.2 and 0.1. What is the head's output for this token?",
        answer=(
            "A mixture of three value vectors: 0.7 of the first, 0.2 of the second, 0.1 of the "
            "third. The picture shows the weights; the values are not in it."
        ),
        wrong=(
            (
                "The first token, because its weight is the largest.",
                "It is a mixture. And a large weight on a short value adds little.",
            ),
            (
                "A cell near 1 means that the head is important.",
                "Press *switch off* and look at what changes. Often nothing does.",
            ),
        ),
        by_hand=Exercise(
            "q = (1, 0, 1, 2). The keys are (2, 1, 0, 0), (0, 1, 2, 1) and (0, 3, 0, 0). Compute "
            "the weights. (D = 4.) The values are 10, 20 and 40: what is the output?",
            "q·k = 2, 4, 0. Divided by √4 = 2: 1, 2, 0. Softmax: 0.245, 0.665, 0.090. Output: "
            "0.245 · 10 + 0.665 · 20 + 0.090 · 40 = 19.35.",
        ),
        other=Exercise(
            "Find a head that looks at the token just before, and switch it off. Write down the "
            "best guess before and after.",
            "It shows as a stripe beside the diagonal. Whether the guess changes is to be read off "
            "the bars; both happen.",
        ),
    ),
    "positions": Sheet(
        aim="say how a model learns where a token stands, and why with RoPE only distance counts.",
        show="Two tokens, moved together: the product of q and k at each place.",
        state={"emb_both": "10"},
        ask="All tokens move ten places to the right. What changes, with RoPE?",
        answer=(
            "Every q and k is turned further by the same angles. A product depends on the "
            "difference of two angles, so it stays, up to rounding."
        ),
        wrong=(
            (
                "Everything: each token has another number now.",
                "That is so with a learned table. RoPE has no table.",
            ),
            (
                "Without positions a model can't know any order.",
                "The mask alone tells something: how many tokens are before.",
            ),
        ),
        by_hand=Exercise(
            "q and k are (1, 0), and RoPE turns by 60° a position. Compute q·k for positions 1 and "
            "2, for 7 and 8, and for 1 and 3.",
            "The product is the cosine of the angle between them: 0.50, 0.50 and −0.50.",
        ),
        other=Exercise(
            "Say in one sentence each what learned, sinusoidal and rotary positions do to a "
            "token's vector.",
            "Learned ones add a learned row; sinusoidal ones add a computed one; rotary ones "
            "(RoPE) add nothing and turn q and k in every head.",
        ),
    ),
    "heads": Sheet(
        aim="say why a layer has several heads, and add up what each of them writes.",
        show="The parts of one token's vector, one from each head, and their sum.",
        state={"heads_layer": "1"},
        ask="One head has the weights 70% and 30%. Can it take all of the first token's subject "
        "and all of the second token's verb?",
        answer=(
            "No. It has one set of weights for a token, and mixes whole values by them. A second "
            "head has weights of its own."
        ),
        wrong=(
            (
                "More heads mean more weights to learn.",
                "The heads share the width: four heads of 32 numbers have as many weights as one "
                "of 128.",
            ),
        ),
        by_hand=Exercise(
            "Head 0 gives z = (1, 2), head 1 gives z = (3, 0). W_O has the rows (1, 0, 2, 0) and "
            "(0, 1, 0, 1). What does each head write, and what do both write?",
            "Head 0: (1, 2). Head 1: (6, 0). Together (7, 2).",
        ),
        other=Exercise(
            "Set the z of one head to zero in your mind. Which numbers of the sum may change?",
            "All of them: the part of this head goes, the parts of the others stay.",
        ),
    ),
    "mlp": Sheet(
        aim="follow one neuron: what it reads, when it fires, what it adds.",
        show="A neuron with the texts that fire it most, and what goes without it.",
        state={"mlp_layer": "2"},
        ask="All texts that fire a neuron most are about colours. Is it a neuron for colours?",
        answer=(
            "That is not shown. You see its strongest texts only. It may fire on much else, and "
            "others may fire on colours, too."
        ),
        wrong=(
            (
                "An MLP compares a token with those before it.",
                "It reads one vector. What it knows of others, attention has brought there.",
            ),
            (
                "The curve in the middle is a detail.",
                "Without it two matrices are one: see the exercise.",
            ),
        ),
        by_hand=Exercise(
            "x = (1, −2). Three neurons read with (1, 1), (−1, −1) and (3, 1). What is below 0 "
            "becomes 0 (ReLU). They write (1, 0), (0, 2) and (1, 1), times how much they fire. "
            "What is added to x, and what is x then?",
            "They read −1, 1 and 1, and fire 0, 1 and 1. Added: (0, 2) + (1, 1) = (1, 3). Then x "
            "is (2, 1).",
        ),
        other=Exercise(
            "Do the same without setting anything to 0. Find one 2 × 2 matrix that gives the same.",
            "They fire −1, 1 and 1; added is (0, 3). The matrix has the rows (4, 2) and (1, −1): "
            "reading and writing one after the other is a product of two matrices, and that is one "
            "matrix.",
        ),
    ),
    "residual": Sheet(
        aim="write a logit as a sum of shares, one for each part of the model.",
        show="The shares of the likeliest token: who pushes it up, who pushes it down.",
        state={"stream_answer": "the likeliest", "stream_against": "the average of all tokens"},
        ask=(
            "A branch writes a very long vector, at a right angle to the answer. What is its share?"
        ),
        answer="Nothing. Its length doesn't matter where the cosine is 0.",
        wrong=(
            (
                "Long means important.",
                "Length counts only in the direction of the answer.",
            ),
            (
                "A later layer overwrites an earlier one.",
                "It can only add. To delete, it has to add the opposite.",
            ),
        ),
        by_hand=Exercise(
            "The embedding is (1, 0). One branch adds (0, 2), another one (−1, 1). The answer's "
            "direction is (2, 1). Compute the shares and the logit.",
            "Shares: 2, 2 and −1. The stream ends at (0, 3), and its product with (2, 1) is 3: "
            "their sum.",
        ),
        other=Exercise(
            "Choose another answer in the lesson. Does the part that was first stay first?",
            "It depends on the prompt. The lengths of the parts stay; what changes is the "
            "direction that they are measured along.",
        ),
    ),
    "layernorm": Sheet(
        aim="normalise a vector by hand, and say what a norm doesn't care about.",
        show="One token's numbers before and after, and the slider that makes them larger.",
        state={"norm_token": "3"},
        ask="All numbers of a token become ten times as large. What does LayerNorm give?",
        answer="The same, but for ε: mean and standard deviation grow tenfold, too, and cancel.",
        wrong=(
            ("Ten times as much.", "That is what the stream holds. The norm divides it away."),
            (
                "It mixes the tokens: it takes an average.",
                "The average is over one token's own channels.",
            ),
        ),
        by_hand=Exercise(
            "A token's numbers are 1, 3, 5 and 11. Apply LayerNorm, without γ, β and ε. Then "
            "RMSNorm.",
            "Mean 5, variance (16 + 4 + 0 + 36) / 4 = 14, standard deviation 3.742: −1.07, −0.53, "
            "0.00, 1.60. RMSNorm divides by √39 = 6.245: 0.16, 0.48, 0.80, 1.76.",
        ),
        other=Exercise(
            "Add 100 to all four numbers. Which of the two norms gives the same as before?",
            "LayerNorm: it subtracts the mean. RMSNorm does not.",
        ),
    ),
}
