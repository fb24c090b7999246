"""What the app runs on: quotas of containers, mounted disks, own addresses, the commit."""

import subprocess
from pathlib import Path

import pytest

from gpt_core.model.config import GPTConfig
from gpt_core.training.config import TrainConfig
from ui.services import machine
from ui.services.runs import PUBLIC_LIMITS, Limits


def groups(tmp_path, files, own):
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "own").write_text(own)
    return machine.quota(tmp_path / "cgroup", tmp_path / "own")


@pytest.mark.parametrize(
    ("files", "own", "limit"),
    [
        ({"cpu.max": "200000 100000\n"}, "0::/\n", 2.0),
        ({"cpu.max": "max 100000\n"}, "0::/\n", None),
        ({"a/cpu.max": "400000 100000", "a/b/cpu.max": "max 100000"}, "0::/a/b\n", 4.0),
        ({"a/cpu.max": "50000 100000", "a/b/cpu.max": "400000 100000"}, "0::/a/b\n", 0.5),
        (
            {"cpu/cpu.cfs_quota_us": "150000", "cpu/cpu.cfs_period_us": "100000"},
            "4:cpu,cpuacct:/\n",
            1.5,
        ),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "", None),
        (
            {
                "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "300000",
                "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
            },
            "4:cpu,cpuacct:/docker/x\n",
            3.0,
        ),
        ({"cpu.max": "nonsense"}, "nonsense", None),
        ({}, "", None),
    ],
)
def test_the_quota_of_a_container(tmp_path, files, own, limit):
    (tmp_path / "cgroup").mkdir()
    assert groups(tmp_path, files, own) == limit


@pytest.mark.parametrize(("limit", "usable"), [(None, 64), (2.0, 2), (2.9, 2), (0.5, 1), (99, 64)])
def test_threads_follow_the_quota_and_not_the_host_s_count(monkeypatch, limit, usable):
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 64)
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: range(64), raising=False)
    monkeypatch.setattr(machine, "quota", lambda: limit)
    assert machine.processors() == usable


def test_runs_outlive_a_restart_on_a_mounted_disk_only(tmp_path):
    mounts = tmp_path / "mounts"
    runs = tmp_path / "a disk" / "runs"  # which nobody has made yet
    runs.parent.mkdir()
    where = str(runs.parent).replace(" ", "\\040")
    mounts.write_text("overlay / overlay rw 0 0\n")
    assert machine.outlives_restart(runs, mounts) is False
    mounts.write_text(f"overlay / overlay rw 0 0\n/dev/sdb {where} ext4 rw 0 0\n")
    assert machine.outlives_restart(runs, mounts) is True
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\ntmpfs {where} tmpfs rw 0 0\n")
    assert machine.outlives_restart(runs, mounts) is False
    assert machine.outlives_restart(runs, tmp_path / "none") is None


def test_own_addresses():
    assert machine.is_own_address(None) and machine.is_own_address("127.0.0.1")
    # Addresses that are for documentation (RFC 5737, 3849), and no addresses at all.
    for other in ("192.0.2.7", "2001:db8::7", "nonsense", "", "1.2.3.4.5", "é", "0.0.0.0", "::"):
        assert not machine.is_own_address(other)


def test_the_version_is_the_commit_that_git_names(tmp_path):
    def git(*words):
        done = subprocess.run(["git", *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "7.1"\n')
    assert machine.version(tmp_path) == "version 7.1"
    git("init", "-q")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x")
    commit = git("rev-parse", "HEAD")[:10]
    assert machine.version(tmp_path) == f"commit {commit}"
    git("pack-refs", "--all")
    assert machine.version(tmp_path) == f"commit {commit}"
    git("checkout", "-q", "--detach")
    assert machine.version(tmp_path) == f"commit {commit}"
    assert machine.version(Path("/nowhere")) == "unknown"


def test_speed_is_that_of_steps():
    config = GPTConfig.from_preset(
        "classic", vocab_size=8, block_size=8, n_layer=1, n_head=1, n_embd=8
    )
    little, much = (TrainConfig(batch_size=size) for size in (2, 8))
    small = machine.steps_per_second(config, little, seconds=0.1)
    large = GPTConfig.from_preset(
        "classic", vocab_size=8, block_size=128, n_layer=4, n_head=4, n_embd=128
    )
    assert small > 2 * machine.steps_per_second(large, much, seconds=0.1) > 0


def test_the_tighter_of_two_limits():
    assert Limits().tightened(PUBLIC_LIMITS) == PUBLIC_LIMITS
    assert PUBLIC_LIMITS.tightened(Limits(steps=7)).steps == 7
