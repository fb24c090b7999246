import os
import platform
import subprocess
import sys

import pytest

PAGE_FAULTS = """
import resource, sys
import torch
from gpt_core.model.config import GPTConfig
from gpt_core.memory import keep_freed_memory
from gpt_core.model import GPT
from gpt_core.model.observe import record

torch.set_num_threads(1)
if sys.argv[1] == "keep":
    assert keep_freed_memory()
model, idx = GPT(GPTConfig(vocab_size=2048)).eval(), torch.zeros(1, 128, dtype=torch.long)

def look():
    with torch.no_grad(), record(model):
        model(idx)

for _ in range(10):
    look()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    look()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


# What glibc begins with, held there: else it raises both by itself, in some processes far enough.
BEGINNING = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}


def page_faults(how):
    command = [sys.executable, "-c", PAGE_FAULTS, how]
    environment = os.environ | BEGINNING
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return int(told.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="advice to glibc")
def test_recorded_passes_get_their_memory_without_the_kernel():
    kept, handed_back = page_faults("keep"), page_faults("default")
    assert handed_back > 1_000  # 4 KB each: several MB for each of ten passes
    assert kept < handed_back / 10
