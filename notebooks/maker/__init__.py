"""The two notebooks, made from the lessons' own words and the library's own lines.

    python -m notebooks.maker        # writes notebooks/*.ipynb

They are kept in the repo and offered for download; a test holds them to what is generated.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1]
NAMES = ("GPT_From_Scratch.ipynb", "GPT_Concepts_in_Detail.ipynb")
