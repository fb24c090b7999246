"""Where text comes from: the bundled sitcom, a paste or an upload, and their statistics.

Knows neither torch nor Streamlit.
"""

from corpus.cleaning import Change, CleaningReport, clean
from corpus.decoding import encoding_name
from corpus.statistics import TextStatistics, ngram_cross_entropy, statistics
from corpus.texts import Corpus, CorpusError, Reading, bundled
from corpus.user_text import (
    MAX_BYTES,
    MIN_CHARACTERS,
    from_file,
    from_paste,
    from_upload,
    report_lines,
    safe_name,
)

__all__ = [
    "MAX_BYTES",
    "MIN_CHARACTERS",
    "Change",
    "CleaningReport",
    "Corpus",
    "CorpusError",
    "Reading",
    "TextStatistics",
    "bundled",
    "clean",
    "encoding_name",
    "from_file",
    "from_paste",
    "from_upload",
    "ngram_cross_entropy",
    "report_lines",
    "safe_name",
    "statistics",
]
