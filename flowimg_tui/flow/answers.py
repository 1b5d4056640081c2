"""What came instead of the answer that was asked for."""

from typing import Final

from flowimg_tui.flow.errors import FlowError, NotUnderstood, Truncated, WebPage
from flowimg_tui.safe_text import safe_text
from flowimg_tui.secret import words_of_others

_WEB_PAGE: Final = (b"<!doctype html", b"<html", b"<head", b"<body")


def not_an_answer(what: str, body: bytes, *, cut: bool, path: str = "$") -> FlowError:
    """Return what it means that ``body`` is not ``what`` it should be; ``cut`` where it is a part of one."""
    if body[:256].lstrip().lower().startswith(_WEB_PAGE):
        return WebPage(f"{what} is a web page", path)
    if cut or not body:
        return Truncated(f"{what} is cut off after {len(body)} bytes." if body else f"{what} is empty.")
    start = words_of_others(safe_text(body[:40].decode("utf-8", "replace")))
    return NotUnderstood(f"{what} is not JSON; it begins with “{start}”", path)
