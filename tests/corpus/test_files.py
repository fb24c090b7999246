"""Files that are there whole or not at all."""

import os

import pytest

from corpus.files import replacing, write_bytes


def test_a_file_is_stored_before_it_takes_its_name(tmp_path, monkeypatch):
    """Else a power cut leaves the name with nothing behind it."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    stored, real = [], os.fsync

    def fsync(number):
        real(number)
        stored.append((os.fstat(number).st_size, path.read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_bytes(path, b"new one")
    assert stored == [(7, b"old")]
    assert path.read_bytes() == b"new one"


def test_what_goes_wrong_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(ValueError), replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise ValueError
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
