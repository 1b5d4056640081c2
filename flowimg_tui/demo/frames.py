"""batchexecute on the wire: the one call in a request's form, and the rows of an answer."""

import json
import re
from typing import Any, Final
from urllib.parse import parse_qs

from flowimg_tui.demo.projects import Row

_MOST_FIELDS: Final = 10


def form_in(body: bytes) -> dict[str, str]:
    """The fields of a form, each with its first value. Raises ValueError when it is not one."""
    fields = parse_qs(body.decode(), max_num_fields=_MOST_FIELDS)
    return {name: values[0] for name, values in fields.items()}


def call_in(form: dict[str, str]) -> tuple[str, str]:
    """The id and the arguments of the one call in `f.req`. Raises ValueError when it is not one."""
    match json.loads(form.get("f.req", "")):
        case [[[str(call), str(arguments), None, "generic"]]] if re.fullmatch("[A-Za-z0-9]{1,16}", call):
            return call, arguments
    raise ValueError("f.req is not one call")


def answer_row(call: str, result: Row | None, error: Row | None = None) -> Row:
    """The row of an answer that carries what `call` has found, or an error."""
    text = None if result is None else compact(result)
    return ["wrb.fr", call, text, None, None, error, "generic"]


def framed_rows(rows: list[Row]) -> str:
    """The text of an answer with `rows`, and the row that ends it."""
    first = compact(rows)
    # As recorded, a length counts the line breaks around its line; characters, where others count bytes.
    length = len(first) + 2
    last = compact([["e", 4, None, None, length + 34]])
    return framed(f"{length}\n{first}\n{len(last) + 2}\n{last}")


def framed(lines: str) -> str:
    """`lines` behind what keeps a page from running them as a script."""
    return f")]}}'\n\n{lines}\n"


def rows_in(text: str) -> list[Row]:
    """The rows in the text of an answer, but for the one that ends it."""
    rows: list[Row] = next(json.loads(line) for line in text.splitlines() if line.startswith("[["))
    return rows


def compact(value: Any) -> str:
    """`value` as JSON without a blank."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
