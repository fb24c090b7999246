"""GPT_Concepts_in_Detail.ipynb: each concept on small numbers, checked against PyTorch."""

from __future__ import annotations

from nbformat import NotebookNode

from gpt_core.experiments import averaging
from gpt_core.model import norms
from gpt_core.model.config import GPTConfig
from gpt_core.training import optim
from notebooks.maker.cells import BEGIN, code, for_notebook, lines_of, notebook, words
from pages.averaging import words as averaging_words
from pages.head_importance import words as head_words
from pages.training import words as training_words


def make() -> NotebookNode:
    """The whole notebook."""
    return notebook(
        [
            *_start(),
            *_averaging(),
            *_scaling(),
            *_heads(),
            *_stream(),
            *_norms(),
            *_tuning(),
            *_optimizing(),
        ]
    )


def _start() -> list[NotebookNode]:
    return [
        words(
            "# GPT concepts in detail",
            "Attention in four steps, why scores are scaled, several heads, the residual stream, "
            "layer and batch normalization, hyperparameters, and optimizers: each on numbers that "
            "you can check, most of them from the small model that comes with the project.",
        ),
        code(BEGIN),
        code("""
            import math
            from dataclasses import dataclass

            import plotly.graph_objects as go
            import torch
            import torch.nn.functional as F
            from torch import Tensor, nn

            from gpt_core.bundled import bundled_run_path
            from gpt_core.training.run import Run

            torch.set_num_threads(1)  # so small a model is quicker without company
            run = Run.open(bundled_run_path())
            model, tokenizer = run.load_model().eval(), run.tokenizer()
            heading = "INT. THE SPIN CYCLE - MORNING\\n\\n"
            prompt = heading + "(Nadia is on her knees. She has found a copper bolt"
            ids = tokenizer.encode(prompt)
            print(f"{model.num_parameters():,} parameters; the prompt has {len(ids)} tokens")
            """),
    ]


def _averaging() -> list[NotebookNode]:
    said = averaging_words.TOLD
    return [
        words(
            "## From averaging to attention",
            "To guess what follows, a token should know what came before it. The simplest way to "
            "tell it: the average of all earlier tokens. From there to attention it takes four "
            "small steps.",
        ),
        code("""
            from gpt_core.experiments.averaging import Averaged

            T, C = 6, 4
            x = model.wte.weight.detach()[ids[-T:], :C]  # real numbers: the first of each embedding
            """),
        words(for_notebook(said["loop"])),
        lines_of(averaging.average_by_loop),
        words(for_notebook(said["matrix"])),
        lines_of(averaging.average_by_matrix),
        words(for_notebook(said["softmax"])),
        lines_of(averaging.hide_future, averaging.average_by_softmax),
        code("""
            loop, matrix, softmax = average_by_loop(x), average_by_matrix(x), average_by_softmax(x)
            print(matrix.weights)
            for name, other in (("matrix", matrix), ("softmax", softmax)):
                largest = (loop - other.output).abs().max().item()
                print(f"loop against {name}: allclose {torch.allclose(loop, other.output)}, "
                      f"largest difference {largest:.2g}")
                assert largest < 1e-5
            """),
        words(for_notebook(averaging_words.WHY_ROUNDING)),
        words(for_notebook(said["data"])),
        lines_of(averaging.average_by_data),
        words(
            "The queries and keys are those of one head of the model, on the whole prompt. "
            "`view_head` calculates the head step by step and compares with the model itself."
        ),
        code("""
            from gpt_core.experiments.averaging import view_head

            view = view_head(model, ids, layer=1, head=0)
            step4 = average_by_data(view.q, view.k, view.v)
            print(f"differs from the model's own numbers by at most {view.error:.2g}")
            print(f"and our output from its output by {(step4.output - view.z).abs().max():.2g}")
            assert view.error < 1e-4
            """),
    ]


def _scaling() -> list[NotebookNode]:
    like_gpt2 = GPTConfig(vocab_size=50_257, n_embd=768, n_head=12)
    return [
        words(
            "## Why the scores are divided by √D",
            "q·k is a sum of D products. For random q and k of variance 1 it has variance D, and "
            "softmax of numbers that large is close to all or nothing.",
            for_notebook(averaging_words.slip(like_gpt2)).replace("this model", "GPT-2"),
            for_notebook(averaging_words.HOW_TO_MEASURE),
        ),
        lines_of(
            averaging.random_scores,
            averaging.raw_scores,
            averaging.divided_softmax,
            averaging.Sharpness,
            averaging.sharpness,
        ),
        code("""
            raw = random_scores(heads=12, T=64, D=64, seed=1)
            print(f"variance of q·k at D = 64: {raw.var():.1f}")
            for name, divisor in (("√768", math.sqrt(768)), ("√64", 8.0), ("nothing", 1.0)):
                s = sharpness(raw, divisor, causal=True)
                print(f"divided by {name:7}: evenness {s.evenness:.2f}, "
                      f"largest weight {s.largest:.2f}")
            """),
    ]


def _heads() -> list[NotebookNode]:
    return [
        words(
            "## Several heads, and one matrix after them",
            "Each head writes D numbers. They are laid side by side, C numbers again, and one more "
            "learned matrix turns them into what is added to the residual stream.",
        ),
        code("""
            from gpt_core.interpret.output_projection import output_step
            from gpt_core.model import recording

            heads = recording.run(model, ids, "blocks.*.z", "blocks.*.attn_out")
            step = output_step(model, heads, layer=0, position=len(ids) - 1)
            print("z of the heads:", tuple(step.z.shape), "written:", tuple(step.parts.shape))
            gap = (step.by_hand - step.attn_out).abs().max()
            print(f"by hand and by the model: at most {gap:.2g} apart")
            assert gap < 1e-4
            """),
        words(
            "### What is a head worth?",
            "A picture of attention doesn't say. Remove the head, and see what the loss does.",
        ),
        code("""
            from gpt_core.interpret.attention import ablate

            config = model.config
            rows = [
                [ablate(model, ids, [(layer, head)]) for head in range(config.n_head)]
                for layer in range(config.n_layer)
            ]
            for layer, row in enumerate(rows):
                changes = "  ".join(f"{a.loss_after - a.loss_before:+.3f}" for a in row)
                print(f"layer {layer}: {changes}   nats per token on this prompt")
            """),
        words("### Induction", for_notebook(head_words.WHY_TWICE)),
        code("""
            generator = torch.Generator().manual_seed(1)
            once = torch.randint(config.vocab_size, (1, 48), generator=generator)
            twice = torch.cat((once, once), dim=1)
            with torch.no_grad():
                logits = model(twice)[0]
            nats = F.cross_entropy(logits[0, :-1], twice[0, 1:], reduction="none")
            print(f"first time {nats[:47].mean():.2f}, second time {nats[48:].mean():.2f} nats "
                  f"per token; guessing would be {math.log(config.vocab_size):.2f}")
            """),
    ]


def _stream() -> list[NotebookNode]:
    return [
        words(
            "## The residual stream",
            "Every branch adds a vector. With the final norm's scale held fixed, the logit of a "
            "token is a sum over the branches (Elhage et al. 2021).",
        ),
        code("""
            from gpt_core.interpret.attribution import attribute

            seen = recording.run(model, ids, "*")
            answer = int(seen.logits[-1].argmax())
            parts = attribute(model, seen, len(ids) - 1, answer)
            print(f"the likeliest next token: {tokenizer.token_text(answer)!r}")
            for part in parts.branches:
                print(f"{part.name:20} {part.logit:+8.3f}")
            print(f"{'sum of all parts':20} {parts.total:+8.3f}; the model says {parts.logit:+.3f}")
            assert abs(parts.total - parts.logit) < 1e-3
            """),
        words("The **logit lens** reads the stream after every layer as if it were the last one."),
        code("""
            from gpt_core.interpret.logit_lens import logit_lens

            lens = logit_lens(model, seen.stream)
            depths = zip(lens.top[:, -1, 0], lens.share[:, -1], strict=True)
            for depth, (best, share) in enumerate(depths):
                said = tokenizer.token_text(int(best))
                print(f"after {depth} layers: {said!r:12} the final answer has {100 * share:.1f}%")
            """),
    ]


def _norms() -> list[NotebookNode]:
    return [
        words(
            "## Layer normalization, and batch normalization",
            "Every norm divides a number by a typical size. LayerNorm and BatchNorm subtract a "
            "mean first; RMSNorm doesn't. LayerNorm and RMSNorm take what they need from the same "
            "token's numbers; BatchNorm takes it from other tokens, channel by channel.",
        ),
        code("""
            from gpt_core.model.observe import HookedModule, HookPoint
            """),
        lines_of(norms._Norm, norms.LayerNorm, norms.RMSNorm, norms.BatchNorm),
        code("""
            block = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(1))
            ours, theirs = LayerNorm(8)(block), nn.LayerNorm(8)(block)
            print(f"LayerNorm: ours and PyTorch's differ by {(ours - theirs).abs().max():.2g}")
            assert torch.allclose(ours, theirs, atol=1e-6)

            ours = BatchNorm(8)(block)
            theirs = nn.BatchNorm1d(8)(block.flatten(0, 1)).view_as(block)
            print(f"BatchNorm: ours and PyTorch's differ by {(ours - theirs).abs().max():.2g}")
            assert torch.allclose(ours, theirs, atol=1e-5)
            """),
        words(
            "### BatchNorm leaks",
            "Change a *later* token. The mask hides it from attention, but not from the batch's "
            "mean: with BatchNorm in training mode an earlier prediction moves.",
        ),
        code("""
            from gpt_core.experiments.norm_leak import moved_by
            from gpt_core.experiments.norm_race import Race, make_trainer, text_of_the_race
            from gpt_core.training.data import batch

            race = Race(n_layer=2, n_embd=32, steps=40)
            tokens = text_of_the_race()[2]
            x, _ = batch(tokens, 0, batch_size=3, block_size=16, seed=1)
            for norm in ("layernorm", "batchnorm"):
                trainer = make_trainer(norm, race)
                for _ in trainer:
                    pass
                small = trainer.model
                token = (int(x[0, 14]) + 1) % small.config.vocab_size
                moved = moved_by(small, x, (0, 14), token, train=True)[0, 8].item()
                print(f"{norm}: position 14 is changed, the prediction at 8 moves by {moved:.2g}")
                assert (moved == 0) == (norm == "layernorm")
            """),
    ]


def _tuning() -> list[NotebookNode]:
    return [
        words(
            "## Hyperparameters",
            "A hyperparameter is chosen, not learned. Change one at a time, keep the seed, and "
            "compare on text that was not learned. A learning rate is tried in steps of three: too "
            "small learns slowly, too large stumbles.",
        ),
        code("""
            from gpt_core.model import GPT
            from gpt_core.model.config import GPTConfig
            from gpt_core.training.config import TrainConfig
            from gpt_core.training.data import TokenData
            from gpt_core.training.trainer import Trainer

            characters, train, val = text_of_the_race()


            def trained(steps: int = 60, model: dict | None = None, **given) -> tuple[list, float]:
                \"\"\"Losses of the steps, and the loss on unseen text.\"\"\"
                torch.manual_seed(1)
                shape = {"block_size": 32, "n_layer": 2, "n_head": 4, "n_embd": 64} | (model or {})
                gpt = GPT(GPTConfig(vocab_size=characters.vocab_size, **shape))
                fixed = {"steps": steps, "eval_interval": steps}
                settings = {"warmup_steps": 5, "batch_size": 12} | fixed | given
                tokens = TokenData(train, val)
                records = list(Trainer(gpt, tokens, TrainConfig(**settings)))
                return [r.loss for r in records], records[-1].val_loss


            for rate in (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2):
                print(f"learning rate {rate:<7g} unseen text: {trained(learning_rate=rate)[1]:.3f}")
            """),
        code("""
            for width in (16, 32, 64, 128):
                loss = trained(model={"n_embd": width}, learning_rate=3e-3)[1]
                print(f"width {width:<4} unseen text: {loss:.3f}")
            """),
    ]


def _optimizing() -> list[NotebookNode]:
    return [
        words(
            "## Optimization",
            "**AdamW** moves each weight by its average gradient over that gradient's usual size. "
            "**Muon** moves a whole matrix at once, with all singular values of the move made "
            "about equal.",
            for_notebook(training_words.WARM_UP),
        ),
        lines_of(optim.gradient, optim.AdamW),
        lines_of(optim.orthogonalize),
        code("""
            from gpt_core.training.optim import QUINTICS

            curves = {
                "AdamW": trained(100, learning_rate=3e-3),
                "Muon": trained(100, optimizer="muon", learning_rate=0.05, embedding_lr=0.1,
                                head_lr=0.02, weight_decay=0.0, grad_clip=0.0),
            }
            figure = go.Figure(layout={"xaxis_title": "step", "yaxis_title": "nats per character"})
            for name, (losses, final) in curves.items():
                figure.add_scatter(y=losses, name=name)
                print(f"{name}: {final:.3f} on unseen text after 100 steps")
            figure
            """),
        words("The learning rate's schedule is half of the recipe:"),
        code("""
            from gpt_core.training.optim import lr_factor

            titles = {"xaxis_title": "step", "yaxis_title": "times the learning rate"}
            figure = go.Figure(layout=titles)
            for schedule in ("constant", "cosine", "linear"):
                settings = TrainConfig(steps=200, warmup_steps=20, schedule=schedule, cooldown=0.5)
                figure.add_scatter(y=[lr_factor(s, settings) for s in range(200)], name=schedule)
            figure
            """),
        words(
            "## Try this",
            "- Divide by √C in `average_by_data`. How much flatter does row 5 become?\n"
            "- In the leak, put the changed token into another sequence: `(1, 4)`.\n"
            "- Which learning rate is best for width 16, and for 128?",
        ),
    ]
