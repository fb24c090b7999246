"""Well-known texts, fetched from their published address when somebody asks for them.

Each is pinned by its sha256: what is trained on is the very file that others report results on.
It is kept in the cache folder (see `corpus.download.cache_folder`), so it is fetched once.

Only sets whose sha256 was computed from a copy in hand are listed. To add one: download it,
`sha256sum` it, and say what its licence is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from corpus.download import DownloadError, Progress, cache_folder, download
from corpus.texts import Corpus, CorpusError


@dataclass(frozen=True)
class DataSet:
    """A text by the name it is known by. size in bytes; about: what it is and who may use it."""

    name: str
    url: str
    sha256: str
    size: int
    about: str
    licence: str

    @property
    def path(self) -> Path:
        """Where it is kept. The sha256 in the name: another edition is another file."""
        return cache_folder() / "datasets" / f"{self.sha256[:16]}.txt"

    @property
    def cached(self) -> bool:
        """Whether it lies here already."""
        return self.path.is_file()


TINY_SHAKESPEARE = DataSet(
    name="Tiny Shakespeare",
    url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    size=1_115_394,
    about="40,000 lines from Shakespeare's plays, put together by Andrej Karpathy for char-rnn. "
    "Small language models have been compared on it ever since.",
    licence="Shakespeare's words are in the public domain.",
)
DATA_SETS = {TINY_SHAKESPEARE.name: TINY_SHAKESPEARE}


def load(data_set: DataSet, progress: Progress | None = None) -> Corpus:
    """The text, from the cache or else from its published address, exactly as it is there.

    progress is called while it is fetched. Raises CorpusError, with one sentence, when it can't be
    fetched or what came is another file.
    """
    content = _from_cache(data_set)
    try:
        if content is None:
            path = download(
                data_set.url,
                data_set.path,
                max_bytes=data_set.size,
                sha256=data_set.sha256,
                seconds=300.0,
                progress=progress,
                name=data_set.name,
            )
            content = path.read_bytes()
    except (DownloadError, OSError) as error:
        raise CorpusError(str(error)) from None
    return Corpus(data_set.name, content.decode("utf-8"))


def _from_cache(data_set: DataSet) -> bytes | None:
    """What is in the cache; None for nothing, or for a file that was changed there."""
    try:
        content = data_set.path.read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == data_set.sha256 else None
