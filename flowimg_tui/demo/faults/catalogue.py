"""Every fault by its name."""

from types import MappingProxyType
from typing import Final

from aiohttp import web

from flowimg_tui.demo.faults import answers, lists, media, wire
from flowimg_tui.demo.faults.answer import Answer
from flowimg_tui.demo.faults.asked import ALL
from flowimg_tui.demo.faults.keys import Rule
from flowimg_tui.demo.faults.kinds import Kind, Spoiler


class Flaky(Spoiler):
    """Something else goes wrong each time, nine times out of ten."""

    on = ALL
    rule = Rule(share=0.9)

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        outcomes: tuple[Spoiler, ...] = (
            answers.Status(500),
            answers.Status(503),
            answers.Status(429, retry_after=0),
            wire.Reset(),
            wire.ResetMid(),
            wire.Cut(),
            wire.CutClose(),
            answers.Html(),
        )
        return await self.rng.choice(outcomes).offer(answer)


KINDS: Final = MappingProxyType[str, type[Kind]](
    {
        "status": answers.Status,
        "cut": wire.Cut,
        "cut_close": wire.CutClose,
        "cut_chunks": wire.CutChunks,
        "reset": wire.Reset,
        "reset_mid": wire.ResetMid,
        "stall": wire.Stall,
        "silence": wire.Silence,
        "drip": wire.Drip,
        "html": answers.Html,
        "json": answers.JsonAsPicture,
        "empty": answers.Empty,
        "wrong_label": media.WrongLabel,
        "changed": media.Changed,
        "bad_base64": media.BadBase64,
        "half_picture": media.HalfPicture,
        "missing_field": media.MissingField,
        "oversized": wire.Oversized,
        "oversized_chunks": wire.OversizedChunks,
        "expired_url": answers.ExpiredUrl,
        "expired_token": answers.ExpiredToken,
        "redirect": answers.Redirect,
        "loop_list": lists.LoopList,
        "repeat_list": lists.RepeatList,
        "duplicates": lists.Duplicates,
        "garbage": answers.Garbage,
        "truncated": answers.Truncated,
        "inner_status": lists.InnerStatus,
        "retired": lists.Retired,
        "refuse_cursor": lists.RefuseCursor,
        "flaky": Flaky,
    }
)
