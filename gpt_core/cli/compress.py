"""`compress`: a run of the same model with fewer bits for a weight, or fewer weights."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gpt_core.cli.common import model_of
from gpt_core.cli.options import OptionError
from gpt_core.training.run import Run, check_new
from gpt_core.training.run_files import RunError

if TYPE_CHECKING:
    from gpt_core.compression.pruning import Masks
    from gpt_core.model.gpt import GPT

OF = ("weights", "neurons", "heads")
TEXTS = 24  # pieces of held-out text that both models are measured on
_GRIDS = {"tensor": "int8 per tensor", "channel": "int8 per channel"}


def add_compress(commands: Any) -> None:
    """Its options."""
    parser = commands.add_parser(
        "compress",
        help="make a smaller run: fewer bits for a weight, or fewer weights",
        description="Make a run of the same model in fewer bytes. Pruning comes first, then "
        "rounding. Prints bytes, and the loss on held-out text, before and after. A run in the "
        "folder runs/ can be chosen in the app.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="the new folder")
    parser.add_argument("--step", type=int, help="use the weights kept at this step")
    bits = parser.add_mutually_exclusive_group()
    bits.add_argument("--bfloat16", action="store_true", help="16 bits a weight")
    bits.add_argument(
        "--int8",
        nargs="?",
        const="channel",
        choices=list(_GRIDS),
        help="8 bits, with a scale for each channel (default) or for the whole tensor",
    )
    bits.add_argument(
        "--int4", action="store_true", help="4 bits, with a scale of 16 bits for 32 neighbours"
    )
    parser.add_argument(
        "--gptq", action="store_true", help="round by GPTQ, measured on the run's own text"
    )
    parser.add_argument("--prune", type=float, metavar="SHARE", help="set this share to zero, 0–1")
    parser.add_argument("--of", choices=OF, help="what is pruned (default: weights)")


def compress(args: argparse.Namespace) -> int:
    """Make the smaller run, and say what it costs."""
    _check(args)
    check_new(args.out.parent, args.out.name)
    run = Run.open(args.run)
    plain, model = model_of(run, args.step), model_of(run, args.step)
    if args.prune is not None:
        _prune(model, run, args.of or "weights", args.prune)
    tensors = _as_stored(model, run, args)
    smaller = run.derive(args.out, tensors, f"Made from {run.name}: {_how(args)}.")
    _report(run, plain, smaller)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raise OptionError for options that can't take effect."""
    if args.prune is None and not (args.bfloat16 or args.int8 or args.int4):
        raise OptionError("Say how: --bfloat16, --int8, --int4 or --prune SHARE.")
    if args.prune is not None and not 0 < args.prune < 1:
        raise OptionError(f"--prune is {args.prune}; it must be above 0 and below 1.")
    if args.of and args.prune is None:
        raise OptionError("--of can't take effect without --prune SHARE.")
    if args.gptq and not (args.int8 or args.int4):
        raise OptionError("--gptq can't take effect without --int8 or --int4.")


def _how(args: argparse.Namespace) -> str:
    """What was done, in a few words."""
    said = []
    if args.prune is not None:
        said.append(f"{args.prune:.0%} of the {args.of or 'weights'} pruned")
    if args.bfloat16:
        said.append("bfloat16")
    if args.int8 or args.int4:
        said.append((_GRIDS[args.int8] if args.int8 else "int4 in groups") + args.gptq * " by GPTQ")
    return ", ".join(said)


def _prune(model: GPT, run: Run, of: str, share: float) -> None:
    """Set what is worth least to zero, in place."""
    from gpt_core.compression import pruning
    from gpt_core.evaluation.seen import calibration

    masks: Masks
    if of == "weights":
        masks = pruning.weight_masks(model, share)
    elif of == "neurons":
        scores = pruning.neuron_scores(model, calibration(run, batches=1)[0])
        masks = pruning.neuron_masks(model, scores, share)
    else:
        masks = pruning.head_masks(
            model, _head_scores(model, calibration(run, batches=1)[0]), share
        )
    pruning.apply_masks(model, masks)


def _head_scores(model: GPT, idx: Tensor) -> Tensor:
    """How much the loss on ids (B, T) rises without each head, (L, H)."""
    from gpt_core.interpret.head_importance import losses_without

    c = model.config
    scores, whole = torch.zeros(c.n_layer, c.n_head), 0.0
    for one in losses_without(model, idx.tolist()):
        if one.head is None:
            whole = float(one.zero.sum())
        else:
            scores[one.head] = float(one.zero.sum()) - whole
    return scores


def _as_stored(model: GPT, run: Run, args: argparse.Namespace) -> dict[str, Tensor]:
    """The weights as the new file keeps them."""
    from gpt_core.compression.gptq import gptq_model
    from gpt_core.compression.rounding import GRIDS, as_stored, round_model
    from gpt_core.evaluation.seen import calibration
    from gpt_core.model.weights import weights

    if not (args.int8 or args.int4):
        kind = torch.bfloat16 if args.bfloat16 else torch.float32
        return {n: t.to(kind) if t.is_floating_point() else t for n, t in weights(model).items()}
    grid = GRIDS[_GRIDS[args.int8] if args.int8 else "int4 in groups"]
    rounded = gptq_model(model, grid, calibration(run)) if args.gptq else round_model(model, grid)
    return as_stored(model, rounded)


def _report(run: Run, plain: GPT, smaller: Run) -> None:
    """Print bytes and losses. Without the text there is no loss to print."""
    from gpt_core.evaluation.compared import compare, piece_bits
    from gpt_core.evaluation.held_out import held_out

    whole = sum(p.numel() for p in plain.parameters()) * 4
    now = smaller.weights_path().stat().st_size
    print(f"{smaller.path} is a run now: {now:,} bytes of weights; in float32 {whole:,}.")
    try:
        read = held_out(run, TEXTS)
    except RunError as error:
        print(f"Its loss was not measured. {error}")
        return
    before, after = (piece_bits(m, read.pieces) for m in (plain, smaller.load_model()))
    found = compare(after, before, read.pieces)
    rise = found.rise
    # z: the negative zero that rounding can leave is 0.
    value, low, high = (f"{x:+z.4f}" for x in (rise.value, rise.low, rise.high))
    print(
        f"Bits per character on {read.what}: {found.bits.value - rise.value:.4f} before, "
        f"{found.bits.value:.4f} after; the rise is {value} ({low} to {high}, 95%)."
    )
