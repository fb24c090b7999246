"""Where text comes from: the bundled sitcom, a paste or an upload, and their statistics.

Knows neither torch nor Streamlit.
"""

from corpus.cleaning import Change, CleaningReport, clean
from corpus.statistics import TextStatistics, ngram_cross_entropy, statistics
from corpus.texts import Corpus, CorpusError, bundled
from corpus.user_text import MAX_BYTES, MIN_CHARACTERS, from_paste, from_upload, safe_name

__all__ = [
    "MAX_BYTES",
    "MIN_CHARACTERS",
    "Change",
    "CleaningReport",
    "Corpus",
    "CorpusError",
    "TextStatistics",
    "bundled",
    "clean",
    "from_paste",
    "from_upload",
    "ngram_cross_entropy",
    "safe_name",
    "statistics",
]
