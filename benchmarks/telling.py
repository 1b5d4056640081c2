"""How every benchmark is asked, and how it tells what it has measured."""

import argparse
import sys
from typing import Protocol


class Telling(Protocol):
    """What was measured, in each form."""

    def text(self) -> str: ...
    def markdown(self) -> str: ...
    def json(self) -> str: ...


def parser_of(name: str, description: str, epilog: str, *, json: str) -> argparse.ArgumentParser:
    """Return a parser that knows the forms of a table; ``json`` says what the one for programs is."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}", description=description, epilog=epilog
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="the table of the README")
    form.add_argument("--json", action="store_true", help=json)
    return parser


def show(table: Telling, given: argparse.Namespace) -> None:
    """Write the table to stdout, in the form that was asked for."""
    print(table.markdown() if given.markdown else table.json() if given.json else table.text())


def tell(message: str) -> None:
    """Tell people how far it is."""
    print(message, file=sys.stderr)
