"""The keys of a fault: what each may hold, and what it holds where it is not given."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from typing import Any, Final, TypeAlias

Reader: TypeAlias = Callable[[str], Any]

_MOST: Final = 1_000_000


def whole(default: int | None, least: int = 0, most: int = _MOST) -> Any:
    """A field of a dataclass that a spec sets to a whole number."""
    return field(default=default, metadata={"read": partial(_whole, least, most)})


def number(default: float, least: float, most: float) -> Any:
    """The same for any number."""
    return field(default=default, metadata={"read": partial(_number, least, most)})


def text(default: str) -> Any:
    """The same for a text."""
    return field(default=default, metadata={"read": _text})


def readers(kind: type) -> dict[str, Reader]:
    """What reads the keys of a kind or a rule; each raises ValueError with what is allowed."""
    return {one.name: one.metadata["read"] for one in fields(kind)} if is_dataclass(kind) else {}


def _whole(least: int, most: int, value: str) -> int:
    # int() takes blanks, underscores and digits of other scripts as well.
    if value.isascii() and value.isdigit() and len(value) <= len(str(most)) and least <= int(value) <= most:
        return int(value)
    raise ValueError(f"must be a whole number from {least} to {most}")


def _number(least: float, most: float, value: str) -> float:
    if value.isascii() and value.replace(".", "", 1).isdigit() and least <= float(value) <= most:
        return float(value)
    raise ValueError(f"must be a number from {least} to {most}")


def _text(value: str) -> str:
    if value and value.isprintable():
        return value
    raise ValueError("must be a text without control characters")


@dataclass(frozen=True, slots=True)
class Rule:
    """The keys of every fault but `on`: which of the answers that it could spoil it does spoil.

    The first `after` of them pass. `times` limits the answers in all, `each` takes the first ones of each
    resource, `key` those of pictures whose media key begins with it. Of what is left `share` are spoilt, by
    a generator that begins with `seed`.
    """

    times: int | None = whole(None)
    each: int | None = whole(None)
    after: int = whole(0)
    key: str = text("")
    share: float = number(1.0, 0, 1)
    seed: int = whole(1, 0, 2**32)
