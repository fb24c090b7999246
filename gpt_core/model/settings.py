"""Settings that say what they are and what they may be, in one place for model and training."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Self, get_args, get_type_hints


class ConfigError(ValueError):
    """A setting that can't be used; the message says what is allowed."""


def setting(default: Any, about: str, between: tuple[float, float] | None = None) -> Any:
    """A dataclass field: its default, what it is in a few words, and what it may be in `Settings`.

    between: the smallest and the largest value. Wide limits: they catch typing slips, not taste.
    """
    return field(default=default, metadata={"about": about, "between": between})


@dataclass(frozen=True)
class Settings:
    """A frozen dataclass of settings; PRESETS names some that belong together.

    Raises ConfigError, with a sentence that says what is allowed, for any wrong value.
    """

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {}
    WHAT: ClassVar[str] = "settings"  # in messages

    def __post_init__(self) -> None:
        kinds = get_type_hints(type(self))
        for known in fields(self):
            value = getattr(self, known.name)
            _check_kind(known.name, value, kinds[known.name])
            if known.metadata.get("between"):
                _check_range(known.name, value, *known.metadata["between"])

    @classmethod
    def from_preset(cls, name: str, **overrides: Any) -> Self:
        """Build a preset by name; overrides replace single settings. Raises ConfigError."""
        if name not in cls.PRESETS:
            known = ", ".join(cls.PRESETS)
            raise ConfigError(f"There is no preset {name!r}; choose one of {known}.")
        return cls.from_dict(cls.PRESETS[name] | overrides)

    def to_dict(self) -> dict[str, Any]:
        """All settings as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Any) -> Self:
        """The inverse of to_dict; what is missing takes its default. Raises ConfigError."""
        if not isinstance(settings, dict):
            raise ConfigError(f"The {cls.WHAT} must be a JSON object of names and values.")
        known = [known.name for known in fields(cls)]
        if unknown := sorted(set(settings) - set(known)):
            raise ConfigError(f"Unknown setting {unknown[0]!r}; known are {', '.join(known)}.")
        return cls(**settings)


def about(settings: type) -> dict[str, str]:
    """What each setting of a dataclass is, by name, in a few words: the command line and forms."""
    return {known.name: known.metadata["about"] for known in fields(settings)}


def _check_kind(name: str, value: Any, kind: Any) -> None:
    """Raise ConfigError unless value is of the annotated kind: a Literal, bool, int or float."""
    choices = get_args(kind)
    if choices:
        if value not in choices:
            raise ConfigError(f"{name} is {value!r}; choose one of {', '.join(choices)}.")
    elif kind is bool:
        if not isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; it must be true or false.")
    elif kind is int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ConfigError(f"{name} is {value!r}; it must be a whole number.")
    elif not isinstance(value, int | float) or isinstance(value, bool):
        raise ConfigError(f"{name} is {value!r}; it must be a number.")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ConfigError unless low ≤ value ≤ high."""
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value}; it must be between {low:,} and {high:,}.")
