"""What a person looks for in a gallery, and the order to see it in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class SortKey(StrEnum):
    """A column that a gallery can be sorted by; the value is its title."""

    CREATED = "created"
    KEY = "key"
    RATIO = "ratio"
    SIZE = "size"
    FILE = "file"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Order:
    """A column and a direction. What has no value in the column comes last in both directions."""

    key: SortKey
    descending: bool = False


NEWEST_FIRST: Final = Order(SortKey.CREATED, descending=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """A filter as it was typed, and an order. The default is the whole gallery, newest first."""

    text: str = ""
    order: Order = NEWEST_FIRST
