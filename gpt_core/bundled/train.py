"""Make the bundled checkpoint and its recorded run again: python -m gpt_core.bundled.train

The text is the generated sitcom, made anew from its seed. The bundled run took seven minutes on a
GPU (an H200, `--device cuda`) that three other runs shared; two cores that multiply bfloat16
matrices would take nine hours; `--steps 2600` is what they do in one. The same seeds give the same
weights only on the same kind of machine, with the same PyTorch.

That run kept no snapshots before step 384. Those of steps 64, 128 and 256 come from taking its
first 384 steps once more, on two cores, 13,000 tokens a second: no loss differed by more than 1.1%,
and at step 384 twelve of the sixteen heads had the same role in both. Losses at snapshots and
samples were taken from the snapshots afterwards.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import Any

from tqdm import tqdm

from corpus.command_line import Parser, run_command
from corpus.files import append, replacing_folder
from gpt_core.bundled import bundled_run_path
from gpt_core.model.config import GPTConfig
from gpt_core.model.weights import save_tensors, weights
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from gpt_core.training.run_files import METRICS
from gpt_core.training.text_source import SitcomText
from gpt_core.training.train_run import Interruption, find_device, flush_subnormals, train_run

SEED, SCENES = 1, 200_000
VOCABULARY = 2048
# LayerNorm with gain and bias, because a lesson shows them; rotary positions, because with learned
# ones the model is much slower in learning to carry a name from one line to another; no query-key
# norm, because it bounds the scores of a head 32 wide by √32 = 5.7, too little for picking out one
# token of 384; GELU, because at this learning rate most units of squared ReLU die in a few hundred
# steps. Heads that copy from the start, over tied embeddings, and more weight on small fillers:
# without them the model never learned which day or number its scene had named.
MODEL: dict[str, Any] = {
    **{"n_layer": 4, "n_head": 4, "n_embd": 128, "block_size": 384},
    **{"norm": "layernorm", "bias": True, "qk_norm": False, "activation": "gelu"},
    **{"tie_weights": True, "residual_init": "copy"},
}
TRAINING: dict[str, Any] = {
    **{"steps": 23_000, "batch_size": 64, "learning_rate": 0.015, "momentum": 0.95},
    **{"embedding_lr": 0.02, "cooldown": 0.8, "document_starts": True},
    **{"rare_token_weight": 10.0, "compile": True},
    **{"eval_interval": 400, "eval_batches": 2, "sample_interval": 2000},
    **{"snapshot_interval": 384, "checkpoint_interval": 5000},
}
# What is kept of the record, to stay below 10 MB: these snapshots, and every so many steps' line.
SNAPSHOTS = (0, 64, 128, 256, 384, 3072)
EVERY = 20


def create(root: Path, steps: int) -> Run:
    """Make the run's folder, ready to train."""
    recipe = SitcomText(SEED, SCENES)
    text = recipe.text()
    tokenizer = train_tokenizer("bpe", text, vocab_size=VOCABULARY)
    return Run.create(
        root,
        name="run",
        model_config=GPTConfig.from_preset("modern", vocab_size=tokenizer.vocab_size, **MODEL),
        train_config=TrainConfig.from_preset("modern", **TRAINING | {"steps": steps}),
        tokenizer=tokenizer,
        text=text,
        corpus_name="The Spin Cycle, generated",
        recipe=recipe,
    )


def publish(run: Run, target: Path, snapshots: Iterable[int], every: int) -> None:
    """Put what lessons need into the repo. The text is left out: its recipe makes it again.

    snapshots: the steps of those that are kept. every: so many steps' lines of the record are one.
    """
    halves = {name: tensor.half() for name, tensor in weights(run.load_model()).items()}
    kept = [r for r in run.metrics() if r.loss is None or r.step % every == 0]
    with replacing_folder(target) as folder:
        (folder / "snapshots").mkdir()
        kept_weights = [f"snapshots/step_{step:06d}.safetensors" for step in snapshots]
        for name in ("config.json", "tokenizer.json", "status.json", *kept_weights):
            if (run.path / name).exists():
                shutil.copy2(run.path / name, folder / name)
        steps = {"step": str(run.train_config.steps)}
        save_tensors(folder / "model.safetensors", halves, steps)
        for record in kept:
            append(folder / METRICS, record.line())


def main() -> int:
    """Train in a folder of its own, and replace the bundled run when that went well."""
    parser = Parser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, help=f"of training ({TRAINING['steps']:,})")
    parser.add_argument("--device", help="where it trains (default: a GPU if there is one)")
    parser.add_argument("--run", type=Path, metavar="DIR", help="go on with this one instead")
    args = parser.parse_args()
    if args.run and args.steps is not None:
        parser.error("--steps can't take effect with --run, since a run goes on as it began")
    device, steps = find_device(args.device), args.steps or TRAINING["steps"]
    run = Run.open(args.run) if args.run else create(Path(tempfile.mkdtemp()), steps)
    interruption = Interruption()
    with interruption.by_signals(), tqdm(total=run.train_config.steps, unit="step") as bar:
        status = train_run(run, interruption, lambda record: bar.update(), device)
    if status.state != "finished":
        print(f"Nothing was replaced: {status.reason} Go on with --run {quote(str(run.path))}")
        return 1
    publish(run, bundled_run_path(), SNAPSHOTS, EVERY)
    print(f"The bundled run was replaced: {bundled_run_path()}")
    return 0


if __name__ == "__main__":
    flush_subnormals()
    sys.exit(run_command(main))
