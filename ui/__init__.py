"""What lessons share: the study bar and the address, services, components, how things look."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
