"""Make the bundled checkpoint and its recorded run again: python -m gpt_core.bundled.train

Takes some minutes on two cores. Everything is decided by the seed below, so the same machine and
PyTorch give the same weights.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from tqdm import tqdm

import corpus
from gpt_core.bundled import bundled_run_path
from gpt_core.config import GPTConfig
from gpt_core.run import Run
from gpt_core.tokenizers import train_tokenizer
from gpt_core.trainer import TrainConfig
from gpt_core.worker import Interruption, train_run

# What only going on with the run would need.
_LEFT_OUT = ("state.safetensors", "lock")

# GPT-2's design, whose every part a lesson shows, at a size that trains in minutes. Muon learns
# it in a third of AdamW's steps. Dropout, because the text is small.
MODEL = {"n_layer": 4, "n_head": 4, "n_embd": 128, "block_size": 128, "tie_weights": False}
TRAINING = {"steps": 900, "batch_size": 16, "eval_interval": 30, "sample_interval": 150}


def create(root: Path) -> Run:
    """Make the run's folder, ready to train."""
    text = corpus.bundled().text
    tokenizer = train_tokenizer("char", text)
    return Run.create(
        root,
        name="run",
        model_config=GPTConfig.from_preset(
            "classic", vocab_size=tokenizer.vocab_size, dropout=0.1, **MODEL
        ),
        train_config=TrainConfig.from_preset(
            "modern", snapshot_interval=TRAINING["steps"] // 3, **TRAINING
        ),
        tokenizer=tokenizer,
        text=text,
        corpus_name=corpus.bundled().name,
    )


def publish(run: Run, target: Path) -> None:
    """Put what lessons need into the repo; the last snapshot is the model itself."""
    for name in _LEFT_OUT:
        (run.path / name).unlink(missing_ok=True)
    (run.path / "snapshots" / f"step_{run.train_config.steps:06d}.safetensors").unlink()
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(run.path, target)


def main() -> None:
    """Train in a temporary folder, and replace the bundled run when that went well."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    interruption = Interruption()
    interruption.listen_to_signals()
    with tempfile.TemporaryDirectory() as root:
        run = create(Path(root))
        with tqdm(total=run.train_config.steps, unit="step") as bar:
            status = train_run(run, interruption, lambda record: bar.update())
        if status["state"] != "finished":
            raise SystemExit(f"Nothing was replaced: {status['reason']}")
        publish(run, bundled_run_path())
    print(f"The bundled run was replaced: {bundled_run_path()}")


if __name__ == "__main__":
    main()
