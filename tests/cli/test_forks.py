"""A child of the fork server is quick: what a command needs is in memory before it."""

import pytest

from tests.cli.helpers import Installation
from tests.forks import MAIN

TELLING = f"""
import atexit, sys
before = set(sys.modules)
atexit.register(lambda: sys.stderr.write("".join(f"anew: {{name}}\\n" for name in set(sys.modules) - before)))
{MAIN}"""


@pytest.mark.parametrize(
    "command", ["sync", "download", "verify", "retry", "status", "list", "refresh --profile studio --yes"]
)
def test_no_module_is_read_anew(small: Installation, command: str) -> None:
    answer = small.forked(*command.split(), program=TELLING)

    assert answer.code == 0, answer.stderr
    assert "anew: " not in answer.stderr
