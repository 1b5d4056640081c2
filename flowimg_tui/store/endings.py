"""How the last runs ended for an image, kept in its own row: where that is full, the oldest goes."""

from datetime import datetime
from typing import Any, Final

from flowimg_tui.store.models import UtcField
from flowimg_tui.store.records import Outcome

ENDINGS_KEPT: Final = 10
_LONGEST: Final = 500
"""Characters of what an ending tells: a row stays small."""
WITH_ONE_MORE: Final = f"""
    json_insert(
        CASE WHEN json_array_length(endings) >= {ENDINGS_KEPT} THEN json_remove(endings, '$[0]')
        ELSE coalesce(endings, '[]') END,
        '$[#]', json_object('at', ?, 'outcome', ?, 'told', ?)
    )
"""
"""The column with another ending, which is given as :func:`ending_values`."""


def ending_values(at: datetime, outcome: Outcome, told: str) -> tuple[Any, ...]:
    """Return what stands for the parameters of :data:`WITH_ONE_MORE`."""
    return UtcField().db_value(at), outcome.value, told[:_LONGEST]
