"""Memory: what is free on this machine, and how the C library treats what was given back."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

# Names and numbers of malloc.h; mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# Bytes. A recorded pass of a small model fits in; idle threads can't hoard much.
_KEPT, _LARGE = 64 << 20, 32 << 20


def keep_freed_memory() -> bool:
    """Let the process keep up to 64 MB a thread of freed memory for the next pass.

    By default glibc hands all but the last few hundred kilobytes back to the kernel, which then
    fills every page with zeros again: in a pass that keeps its tensors that takes longer than the
    arithmetic. True if the C library is glibc and took the advice; elsewhere nothing changes.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all([mallopt(_M_TRIM_THRESHOLD, _KEPT), mallopt(_M_MMAP_THRESHOLD, _LARGE)])


def free_memory() -> int | None:
    """Bytes that this process may still take, now; None where the system doesn't say.

    On Linux: what the kernel calls available, or what is left of a container's limit (cgroup v2)
    if that is less.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return free
    return min(free, max(0, limit - used))
