"""Write both notebooks: python -m notebooks.maker"""

from __future__ import annotations

import nbformat

from notebooks.maker import FOLDER, NAMES, concepts, from_scratch


def main() -> None:
    """Write them into notebooks/."""
    FOLDER.mkdir(exist_ok=True)
    for name, module in zip(NAMES, (from_scratch, concepts), strict=True):
        (FOLDER / name).write_text(nbformat.writes(module.make()) + "\n", encoding="utf-8")
        print(FOLDER / name)


if __name__ == "__main__":
    main()
