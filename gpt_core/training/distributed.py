"""Several processes training one model together, started by `torchrun`.

Every process holds the whole model and takes its share of each batch; DistributedDataParallel
averages the gradients, so that all of them take the same step (Li et al. 2020).
"""

from __future__ import annotations

import os

import torch
import torch.distributed as dist
from torch import Tensor


def start() -> bool:
    """Join the group that torchrun prepared; False (and nothing done) without torchrun."""
    if "RANK" not in os.environ or not dist.is_available():
        return False
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return True


def finish() -> None:
    """Leave the group."""
    if running():
        dist.destroy_process_group()


def running() -> bool:
    """Whether this process is one of a group."""
    return dist.is_available() and dist.is_initialized()


def rank() -> int:
    """Which process of the group this is; 0 writes the files."""
    return dist.get_rank() if running() else 0


def size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if running() else 1


def wait() -> None:
    """Return when every process has come here."""
    if running():
        dist.barrier()


def mean(value: Tensor) -> Tensor:
    """The average over all processes."""
    if running():
        dist.all_reduce(value)
        value = value / size()
    return value


def any_process(flag: bool, device: torch.device) -> bool:
    """Whether the flag is up in at least one process."""
    if not running():
        return flag
    flags = torch.tensor(float(flag), device=device)
    dist.all_reduce(flags)
    return flags.item() > 0
