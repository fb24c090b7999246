"""GPT_From_Scratch.ipynb: a text, its tokens, the model line by line, training, writing."""

from __future__ import annotations

from nbformat import NotebookNode

from gpt_core.generate import sample
from gpt_core.model import gpt as model
from gpt_core.model import norms
from gpt_core.training import data
from notebooks.maker.cells import BEGIN, code, for_notebook, lines_of, notebook, words
from pages.data import words as data_words
from pages.home import words as home_words
from pages.sample import words as sampling_words
from pages.tokenization import words as tokenization_words
from pages.training import words as training_words


def make() -> NotebookNode:
    """The whole notebook."""
    return notebook([*_text(), *_tokens(), *_model(), *_training(), *_writing()])


def _text() -> list[NotebookNode]:
    return [
        words(
            "# GPT from scratch",
            for_notebook(home_words.INTRO),
            "This notebook builds one from nothing but PyTorch's tensors and layers, trains it on "
            "a sitcom, and lets it write. Its definitions are the very lines of the project's "
            "library, `gpt_core`. Everything runs on a laptop in about a minute.",
        ),
        code(BEGIN),
        code("""
            import math
            import time

            import plotly.graph_objects as go
            import torch
            import torch.nn.functional as F
            from torch import Tensor, nn

            torch.set_num_threads(1)  # so small a model is quicker without company
            torch.manual_seed(1337);
            """),
        words("## The text", for_notebook(data_words.INTRO)),
        code("""
            from corpus import bundled, statistics

            text = bundled().text  # or: pathlib.Path("my.txt").read_text(encoding="utf-8")
            numbers = statistics(text)
            print(f"{numbers.characters:,} characters, {numbers.character_vocabulary} of them "
                  "different")
            print(text[:400])
            """),
        words(
            "### How far does counting get?",
            for_notebook(data_words.GUESSING),
        ),
        code("""
            from corpus import ngram_cross_entropy

            cut = int(0.9 * len(text))
            for known in range(3):
                bits = ngram_cross_entropy(text[:cut], text[cut:], known)
                print(f"knowing {known} characters before it: {bits:.2f} bits per character")
            """),
    ]


def _tokens() -> list[NotebookNode]:
    return [
        words("## Tokens", for_notebook(tokenization_words.INTRO)),
        code("""
            characters = sorted(set(text))
            number_of = {character: i for i, character in enumerate(characters)}


            def encode(text: str) -> list[int]:
                return [number_of[character] for character in text]


            def decode(ids: list[int]) -> str:
                return "".join(characters[i] for i in ids)


            print(encode("OTTO: It was wet."))
            assert decode(encode(text)) == text
            """),
        words(
            "Most GPTs cut into larger pieces. Byte-pair encoding learns them: it merges, again "
            "and again, the two neighbours that occur together most often."
        ),
        code("""
            from gpt_core.tokenizers import train_tokenizer

            pairs = train_tokenizer("bpe", text, vocab_size=256 + 300)
            print([token.text for token in pairs.tokenize("OTTO: It was wet, and warm.")])
            """),
        words(
            "## Training text, validation text, and a batch",
            "The text is cut once, by position: the first nine tenths are the training text, the "
            "last tenth is the validation text.",
            for_notebook(data_words.BATCH),
        ),
        code("""
            import numpy as np

            from gpt_core.training.data import DataError

            tokens = np.array(encode(text), dtype=np.uint16)
            """),
        lines_of(data.split, data._shifted, data._places_for, data._pieces, data.batch),
        code("""
            train, val = split(tokens)
            x, y = batch(train, 0, batch_size=2, block_size=12, seed=1)
            print(x.shape, repr(decode(x[0].tolist())), "→", repr(decode(y[0].tolist())))
            """),
    ]


def _model() -> list[NotebookNode]:
    return [
        words(
            "## The model",
            "Shapes: B sequences in a batch, T tokens in a sequence, C channels, H heads, each "
            "D = C / H wide, V tokens in the vocabulary.",
            "A `HookPoint` returns what it is given: a named place where somebody may look. "
            "`GPTConfig` names every choice.",
        ),
        code("""
            from gpt_core.model.config import GPTConfig
            from gpt_core.model.modules import ModuleList
            from gpt_core.model.ngrams import NgramEmbedding
            from gpt_core.model.norms import make_norm
            from gpt_core.model.observe import HookedModule, HookPoint
            """),
        words(
            "### Positions",
            "Attention adds up what it sees in no order, so the model must be told where a token "
            "stands: by a learned table, by sines and cosines, or by turning queries and keys.",
        ),
        lines_of(
            model.rotary_angles, model.rotate, model.SinusoidalPositions, model.make_positions
        ),
        words("### Attention"),
        lines_of(model.CausalSelfAttention),
        words("### The MLP"),
        lines_of(model._squared),
        code("""
            ACTIVATIONS = {
                "gelu": F.gelu,
                "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
                "relu": F.relu,
                "relu2": lambda x: _squared(F.relu(x)),
            }
            """),
        lines_of(model.FeedForward),
        words(
            "### The norm", "There are others to choose from, so a block asks for its `make_norm`."
        ),
        lines_of(norms._Norm, norms.LayerNorm),
        words("### A block, and the whole GPT"),
        lines_of(model.Block),
        lines_of(model._init_weights, model.GPT),
        words("It is the library's model: with the same weights it says the same."),
        code("""
            import gpt_core.model.gpt

            config = GPTConfig.from_preset(
                "classic", vocab_size=len(characters), block_size=32, n_layer=2, n_head=4, n_embd=64
            )
            gpt = GPT(config)
            twin = gpt_core.model.gpt.GPT(config)
            twin.load_state_dict(gpt.state_dict())
            assert torch.equal(gpt(x)[0], twin(x)[0])
            print(f"{gpt.num_parameters():,} parameters; logits of shape {tuple(gpt(x)[0].shape)}")
            """),
    ]


def _training() -> list[NotebookNode]:
    return [
        words(
            "## Training",
            for_notebook(training_words.INTRO),
            for_notebook(training_words.START),
        ),
        code("""
            print(f"the loss at the start: {gpt(x, y)[1].item():.3f}")
            print(f"ln V = {math.log(len(characters)):.3f}")
            """),
        words(
            for_notebook(training_words.WARM_UP),
            for_notebook(training_words.GRADIENT_NORM),
        ),
        code("""
            STEPS, BATCH, LEARNING_RATE, WARMUP = 300, 16, 3e-3, 30
            optimizer = torch.optim.AdamW(gpt.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.99))


            def learning_rate(step: int) -> float:
                warm = min(1.0, (step + 1) / WARMUP)
                wave = 0.5 * (1 + math.cos(math.pi * step / STEPS))  # from 1 down to 0
                return LEARNING_RATE * warm * (0.1 + 0.9 * wave)


            @torch.no_grad()
            def validation_loss() -> float:
                batches = [batch(val, i, batch_size=32, block_size=32, seed=2) for i in range(4)]
                return sum(gpt(x, y)[1].item() for x, y in batches) / len(batches)


            losses, checks, started = [], {0: validation_loss()}, time.perf_counter()
            for step in range(STEPS):
                x, y = batch(train, step, batch_size=BATCH, block_size=32, seed=1)
                loss = gpt(x, y)[1]
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(gpt.parameters(), 1.0)
                optimizer.param_groups[0]["lr"] = learning_rate(step)
                optimizer.step()
                losses.append(loss.item())
                if (step + 1) % 50 == 0:
                    checks[step + 1] = validation_loss()
            print(f"{STEPS} steps in {time.perf_counter() - started:.0f} s; "
                  f"validation loss {checks[STEPS]:.3f} nats per character")
            assert checks[STEPS] < checks[0]
            """),
        code("""
            figure = go.Figure(layout={"xaxis_title": "step", "yaxis_title": "nats per character"})
            figure.add_scatter(y=losses, name="training, one batch", opacity=0.5)
            figure.add_scatter(x=list(checks), y=list(checks.values()), name="validation")
            figure
            """),
        words(for_notebook(training_words.BITS)),
        code("""
            print(f"{checks[STEPS] / math.log(2):.2f} bits per character")
            """),
    ]


def _writing() -> list[NotebookNode]:
    return [
        words(
            "## Writing",
            for_notebook(sampling_words.INTRO),
            "The scores are divided by a temperature; softmax makes them probabilities; unlikely "
            "tokens may be cut off.",
        ),
        lines_of(sample._renormalise, sample.keep_top_k, sample.keep_top_p, sample.keep_min_p),
        code("""
            @torch.no_grad()
            def write(prompt: str, length: int, temperature: float = 0.8, top_p: float = 0.95):
                ids, generator = encode(prompt), torch.Generator().manual_seed(7)
                for _ in range(length):
                    window = torch.tensor([ids[-config.block_size :]])
                    logits = gpt(window)[0][0, -1]
                    probabilities = keep_top_p((logits / temperature).softmax(dim=-1), top_p)
                    ids.append(int(torch.multinomial(probabilities, 1, generator=generator)))
                return decode(ids)


            print(write("OTTO: ", 300))
            """),
        words(
            "It has learned names, line breaks and short words, from scratch, in seconds. What "
            "more training, a better recipe and a text that makes sense can do, the model that "
            "comes with the project shows:"
        ),
        code("""
            from gpt_core.bundled import bundled_run_path
            from gpt_core.generate.sample import SampleConfig, generate
            from gpt_core.training.run import Run

            run = Run.open(bundled_run_path())
            trained, tokenizer = run.load_model().eval(), run.tokenizer()
            start = tokenizer.encode("\\n\\n\\nINT. THE SPIN CYCLE - MORNING\\n\\n")
            settings = SampleConfig(max_new_tokens=160, temperature=0.7, min_p=0.1, seed=3)
            print(tokenizer.decode([s.token for s in generate(trained, start, settings)]))
            """),
        words(
            "## Try this",
            "- Train 4,000 steps. When does the validation curve turn up?\n"
            '- `norm="none"`, `activation="relu"`, `position="none"`: which one hurts most?\n'
            "- Divide the scores by √C instead of √D in `_explicit`, and train again "
            "(`gpt.use_fused = False`).\n"
            "- Give it a text of your own.",
        ),
    ]
