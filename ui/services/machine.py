"""What this app runs on: processors that it may use, disk, addresses, version."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import time
import tomllib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ui import PROJECT

if TYPE_CHECKING:
    from gpt_core.model.config import GPTConfig
    from gpt_core.training.config import TrainConfig

_GROUPS, _OWN_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_ENDLESS = 1_000_000  # steps
# File systems that are gone when a container, or the machine, is started anew.
_FORGETFUL = ("overlay", "aufs", "tmpfs", "ramfs", "rootfs")


def processors() -> int:
    """Whole processors that this process may use: the host's, its own set, a container's quota."""
    usable = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        usable = min(usable, len(os.sched_getaffinity(0)))
    limit = quota()
    return max(1, min(usable, int(limit))) if limit else usable


def quota(groups: Path = _GROUPS, own: Path = _OWN_GROUP) -> float | None:
    """Processors that a container may use, like 1.5; None where nothing limits them.

    Of cgroups of both versions: cpu.max holds "200000 100000" (microseconds in a period) or "max";
    cpu.cfs_quota_us and cpu.cfs_period_us hold the same as two files, −1 for no limit. The
    tightest of the process's own group and those around it counts.
    """
    found: list[float] = []
    for folder in _folders(groups, own):
        with suppress(OSError, ValueError, ZeroDivisionError):
            most, period = (folder / "cpu.max").read_text().split()
            found += [int(most) / int(period)] if most != "max" else []
        with suppress(OSError, ValueError, ZeroDivisionError):
            most_us = int((folder / "cpu.cfs_quota_us").read_text())
            found += [most_us / int((folder / "cpu.cfs_period_us").read_text())] * (most_us > 0)
    return min((limit for limit in found if limit > 0), default=None)


def _folders(groups: Path, own: Path) -> list[Path]:
    """Where limits of the process may be written, for both versions."""
    roots = {"": groups}
    roots |= {"cpu": groups / "cpu", "cpu,cpuacct": groups / "cpu,cpuacct"}
    folders = list(roots.values())
    with suppress(OSError):
        for line in own.read_text().splitlines():
            _, _, rest = line.partition(":")
            kinds, _, path = rest.partition(":")
            place = Path(path.lstrip("/"))
            for root in (r for kind, r in roots.items() if kind == kinds or "cpu" in (kind, kinds)):
                folders += [root / part for part in (place, *place.parents)]
    return list(dict.fromkeys(folders))


def is_own_address(address: object) -> bool:
    """Whether a client's address is one of this computer's own; what is no text is the loopback.

    Only an own address can be bound to.
    """
    if not isinstance(address, str):
        return True
    with suppress(OSError, ValueError):
        meant = ipaddress.ip_address(address)
        kind = socket.AF_INET6 if meant.version == 6 else socket.AF_INET
        with socket.socket(kind, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
            return not meant.is_unspecified
    return False


def free_disk(folder: Path) -> int | None:
    """Free bytes where a folder lies or will lie; None where the system doesn't say."""
    with suppress(OSError):
        return shutil.disk_usage(_existing(folder)).free
    return None


def outlives_restart(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> bool | None:
    """Whether what lies in a folder is still there when the container is started anew.

    Not on a container's own layers nor in memory; None where the system doesn't say.
    """
    try:
        lines = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return None
    real, best, kind = _existing(folder).resolve(), "", ""
    for fields in (fields for fields in lines if len(fields) > 2):
        where = fields[1].replace("\\040", " ")
        if real.is_relative_to(where) and len(where) >= len(best):
            best, kind = where, fields[2]
    return kind not in _FORGETFUL if best else None


def _existing(folder: Path) -> Path:
    return next((part for part in (folder, *folder.parents) if part.exists()), Path("/"))


def version(project: Path = PROJECT) -> str:
    """The first digits of the commit that runs here, or where there is no git, the version."""
    with suppress(OSError, StopIteration):
        return f"commit {_commit(project / '.git')[:10]}"
    with suppress(OSError, KeyError, tomllib.TOMLDecodeError):
        about = tomllib.loads((project / "pyproject.toml").read_text())
        return f"version {about['project']['version']}"
    return "unknown"


def _commit(git: Path) -> str:
    """The commit that is checked out. Raises OSError or StopIteration where that isn't written."""
    head = (git / "HEAD").read_text().strip()
    name = head.removeprefix("ref: ")
    if name == head:
        return head
    if (git / name).is_file():
        return (git / name).read_text().strip()
    lines = [line.split() for line in (git / "packed-refs").read_text().splitlines()]
    return next(words[0] for words in lines if words[1:] == [name])


def steps_per_second(config: GPTConfig, train: TrainConfig, seconds: float = 1.0) -> float:
    """Optimizer steps a second on random tokens, measured now, in this process, with one thread.

    Such a model is trained for some seconds; the first step, in which memory is fetched, doesn't
    count.
    """
    import numpy as np

    from gpt_core.model.gpt import GPT
    from gpt_core.training.data import TokenData
    from gpt_core.training.trainer import Trainer

    tokens = np.random.default_rng(0).integers(config.vocab_size, size=20 * config.block_size)
    endless = replace(train, steps=_ENDLESS, eval_interval=_ENDLESS)
    trainer = Trainer(GPT(config), TokenData(tokens, tokens), endless)
    next(trainer)
    started = time.perf_counter()
    while (taken := time.perf_counter() - started) < seconds:
        next(trainer)
    return (trainer.step - 1) / taken
