"""Make the run that "A head is born" shows: python -m gpt_core.bundled.train_copying

Two layers learn from lists that are read out twice. The recipe is plain: standard initialisation,
AdamW, every token counts once. Two cores take a few minutes. What was tried and formed no induction
head in as many steps: random characters in place of words, and a vocabulary in which each word is
one token. A word of several tokens can be completed from the token before, which is what makes a
head look there; a head that copies needs one that does.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from tqdm import tqdm

from corpus.command_line import Parser, run_command
from gpt_core.bundled import copying_run_path
from gpt_core.bundled.train import publish
from gpt_core.model.config import GPTConfig
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from gpt_core.training.text_source import ListsText
from gpt_core.training.train_run import Interruption, flush_subnormals, train_run

SEED, LISTS = 1, 20_000
VOCABULARY = 512
# What is kept of the record: these snapshots, dense where heads change most, and every so many
# steps' line.
SNAPSHOTS = (0, 16, 50, *range(100, 650, 100), *range(650, 1100, 50), *range(1100, 1701, 100))
EVERY = 5
MODEL: dict[str, Any] = {
    **{"n_layer": 2, "n_head": 4, "n_embd": 64, "block_size": 96, "position": "rope"},
}
TRAINING: dict[str, Any] = {
    **{"steps": 1700, "batch_size": 24, "learning_rate": 0.003, "warmup_steps": 50},
    **{"schedule": "constant", "eval_interval": 50, "sample_interval": 0},
    **{"snapshot_interval": 50, "precision": "float32"},
}


def create(root: Path, steps: int) -> Run:
    """Make the run's folder, ready to train."""
    recipe = ListsText(SEED, LISTS)
    text = recipe.text()
    tokenizer = train_tokenizer("bpe", text, vocab_size=VOCABULARY)
    return Run.create(
        root,
        name="run",
        model_config=GPTConfig.from_preset("classic", vocab_size=VOCABULARY, **MODEL),
        train_config=TrainConfig.from_preset("classic", **TRAINING | {"steps": steps}),
        tokenizer=tokenizer,
        text=text,
        corpus_name="Lists read twice",
        recipe=recipe,
    )


def main() -> int:
    """Train in a folder of its own, and replace the recorded run when that went well."""
    parser = Parser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=TRAINING["steps"], help="of training")
    parser.add_argument("--run", type=Path, metavar="DIR", help="go on with this one instead")
    args = parser.parse_args()
    run = Run.open(args.run) if args.run else create(Path(tempfile.mkdtemp()), args.steps)
    print(f"It trains in {run.path}.")
    with tqdm(total=run.train_config.steps, unit="step") as bar:
        status = train_run(run, Interruption(), lambda record: bar.update())
    if status.state != "finished":
        print(f"Nothing was replaced: {status.reason}")
        return 1
    publish(run, copying_run_path(), SNAPSHOTS, EVERY)
    return 0


if __name__ == "__main__":
    flush_subnormals()
    sys.exit(run_command(main))
