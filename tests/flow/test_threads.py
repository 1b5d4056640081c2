"""Answers are read in threads, and two threads may be the first ones to do so."""

import subprocess
import sys
from typing import Final

import pytest

from tests.conftest import WIRE

_ALL_AT_ONCE: Final = """
import sys, threading
from pathlib import Path
from flowimg_tui.flow import labs_wire

sys.setswitchinterval(1e-7)
body = Path(sys.argv[2]).read_bytes()
read = getattr(labs_wire, sys.argv[1])
together = threading.Barrier(8)
answers = []

def go():
    together.wait()
    answers.append(read(body))

threads = [threading.Thread(target=go) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(answers))
"""


@pytest.mark.parametrize(
    ("what", "answer"),
    [("decode_media", "media_uploaded_image.json"), ("decode_page", "list_first_page.json")],
)
def test_the_first_answers_can_be_read_by_several_threads_at_once(what: str, answer: str) -> None:
    """msgspec learns a shape when it is first asked for; a race for that ends the process."""
    for _ in range(3):
        command = [sys.executable, "-c", _ALL_AT_ONCE, what, str(WIRE / answer)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (0, "8\n"), ended.stderr
