"""The fetch of one picture: from the API, else from its signed URLs, with every try that is worth making."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from flowimg_tui.computing import computed
from flowimg_tui.flow.errors import (
    Expired,
    FlowError,
    Moved,
    Parked,
    SignedOut,
    Transient,
    Truncated,
    Unreachable,
)
from flowimg_tui.flow.expiry import is_expired
from flowimg_tui.flow.pace import RetryPolicy
from flowimg_tui.flow.service import FlowService, Media
from flowimg_tui.mirror.pictures import Damaged, NotAPicture, PictureFormat, WebPageInstead, identify
from flowimg_tui.mirror.progress import ProgressBoard, Source
from flowimg_tui.mirror.sign_in import SharedSignIn
from flowimg_tui.mirror.throttle import Throttle
from flowimg_tui.mirror.whereabouts import Whereabouts
from flowimg_tui.secret import Secret
from flowimg_tui.store.records import PendingImage

log = logging.getLogger(__name__)

IMAGE_SECONDS: Final = 180.0
_LOOKED_AT_AT_ONCE: Final = 512 * 1024
"""Bytes of a picture: to look at fewer takes less than to hand them to a thread."""
_SHARE_OF_API: Final = 2 / 3
"""Of the seconds of an image: a signed URL must have time left after an API that drips."""
_FEWER: Final = "Flow asks for fewer at a time"
_POOL_PAUSE: Final = "Flow asks for a pause"
_SENT_ELSEWHERE: Final = "sent elsewhere: has Flow moved?"

T = TypeVar("T")


class Fetched(NamedTuple):
    """A picture in memory, found whole."""

    data: bytes
    picture_format: PictureFormat
    source: Source


class Unavailable(Exception):
    """No source has the picture; ``retryable`` where one of them may have it later."""

    def __init__(self, troubles: list[tuple[Source, Exception]], tries: int) -> None:
        """``tries`` is how many requests were made."""
        told = dict.fromkeys(f"{source}: {error}" for source, error in troubles)
        super().__init__("; ".join(told))
        self.retryable = any(getattr(error, "retryable", True) for _, error in troubles)
        self.tries = tries


class EndsRun(Exception):
    """What keeps every further image from being had; no image has failed by it."""

    def __init__(self, error: FlowError) -> None:
        super().__init__(str(error))
        self.error = error


class _TooSlow(FlowError):
    """The seconds of an image are spent: another try in this run would have none."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Crew:
    """What the workers of a run have in common. ``image_seconds`` are those of all requests for one image."""

    service: FlowService
    retry: RetryPolicy
    board: ProgressBoard
    throttle: Throttle
    sign_in: SharedSignIn
    whereabouts: Whereabouts
    image_seconds: float = IMAGE_SECONDS


class _Answer(NamedTuple):
    """What the API has said: the picture, or a URL of it.

    ``can_answer`` is false where asking again is no use.
    """

    picture: Fetched | None
    url: Secret | None
    can_answer: bool


class Errand:
    """Brings one picture. Made anew for each."""

    def __init__(self, crew: Crew, image: PendingImage) -> None:
        self._crew = crew
        self._image = image
        self._left = {
            Source.API: crew.image_seconds * _SHARE_OF_API,
            Source.SIGNED_URL: crew.image_seconds,
        }
        self._made = dict.fromkeys(Source, 0)
        self._troubles: list[tuple[Source, Exception]] = []

    async def run(self) -> Fetched:
        """Return the picture from the first source that has it whole.

        A signed URL whose time is over is asked for anew, once. Raises :class:`Unavailable`, and
        :class:`EndsRun`.
        """
        answer = await self._ask_api()
        if answer.picture is not None:
            return answer.picture
        listed = Secret(self._image.fife_url) if self._image.fife_url else None
        urls = [url for url in dict.fromkeys((answer.url, listed)) if url is not None]
        for url in urls:
            if (picture := await self._ask_url(url)) is not None:
                return picture
        if answer.can_answer and self._has_expired():
            answer = await self._ask_api()
            if answer.picture is not None:
                return answer.picture
            if answer.url is not None and answer.url not in urls:
                picture = await self._ask_url(answer.url)
                if picture is not None:
                    return picture
        raise Unavailable(self._troubles, sum(self._made.values()))

    def _has_expired(self) -> bool:
        return any(isinstance(error, Expired) for _, error in self._troubles)

    async def _ask_api(self) -> _Answer:
        """Ask the media endpoint."""
        ask = partial(self._crew.service.media, self._image.name, self._progress)
        repeated = partial(self._repeated, Source.API, ask)
        try:
            media = await self._signed_in(partial(self._unless_moved, repeated))
            return _Answer(await self._picture_in(media), media.url, can_answer=True)
        except NotAPicture as error:
            self._troubles.append((Source.API, error))
            return _Answer(None, media.url, can_answer=True)
        except FlowError as error:
            self._troubles.append((Source.API, error))
            return _Answer(None, None, can_answer=isinstance(error, Transient))

    async def _picture_in(self, media: Media) -> Fetched | None:
        """Return the picture; ``None`` where the answer is complete without one, and names its URL."""
        if media.data is not None:
            return await _whole(media.data, Source.API)
        if media.trouble is None and media.url is not None:
            return None
        raise NotAPicture(media.trouble or "no bytes")

    async def _ask_url(self, url: Secret) -> Fetched | None:
        try:
            if is_expired(url, time.time()):
                raise Expired("not asked: the time of the address is over.")
            return await self._repeated(Source.SIGNED_URL, partial(self._picture_at, url))
        except (FlowError, NotAPicture) as error:
            self._troubles.append((Source.SIGNED_URL, error))
            return None

    async def _picture_at(self, url: Secret) -> Fetched:
        data = await self._crew.service.fetch(url, self._progress)
        try:
            return await _whole(data, Source.SIGNED_URL)
        except Damaged as error:
            # Nobody announces the length of some bodies: only the picture itself shows that they were cut.
            raise Truncated(f"the answer is {error}.") from error
        except WebPageInstead as error:
            raise Unreachable(f"the answer is {error}.") from error

    def _progress(self, done: int, total: int | None) -> None:
        self._crew.board.received(self._image.id, done, total)

    async def _repeated(self, source: Source, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what ``ask`` gives; what passes is asked again, as long as the image has tries and time.

        A source that has had all its tries gets one more where it is asked anew.
        """
        while True:
            self._made[source] += 1
            made = self._made[source]
            try:
                one_try = partial(self._one_try, source, ask)
                return await self._crew.throttle.request(one_try, partial(self._show_turn, made))
            except _TooSlow:
                raise
            except FlowError as error:
                log.warning("%s, %s, try %d: %s", self._image.media_key, source, made, error)
                pause = self._pause_after(made, error)
                if pause is None:
                    raise
                self._show_wait(made + 1, pause, str(error))
            await asyncio.sleep(pause)

    async def _one_try(self, source: Source, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self._crew.board.asks(self._image.id, source)
        begun = time.monotonic()
        deadline = asyncio.timeout(self._left[source])
        try:
            async with deadline:
                return await ask()
        except TimeoutError:
            if not deadline.expired():
                raise
            raise _TooSlow(f"not done within the {self._crew.image_seconds:.0f} s of an image.") from None
        finally:
            spent = time.monotonic() - begun
            self._left = {each: seconds - spent for each, seconds in self._left.items()}

    def _pause_after(self, made: int, error: FlowError) -> float | None:
        try:
            return self._crew.retry.pause_after(made, error)
        except Parked as parked:
            raise EndsRun(parked) from parked

    def _show_turn(self, this_try: int, seconds: float | None) -> None:
        self._show_wait(this_try, seconds, _FEWER if seconds is None else _POOL_PAUSE)

    def _show_wait(self, next_try: int, seconds: float | None, reason: str) -> None:
        # The one more try of a source that is asked anew is beyond those that the policy gives.
        tries = max(self._crew.retry.tries, next_try)
        self._crew.board.waits(self._image.id, next_try, tries, seconds, reason)

    async def _signed_in(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what ``ask`` gives in a live session; where one ends, the next one is waited for."""
        sign_in, board = self._crew.sign_in, self._crew.board
        if sign_in.ended is not None:
            board.pauses(self._image.id, str(sign_in.ended))
        session = await _or_end(sign_in.session())
        while True:
            try:
                return await ask()
            except SignedOut as error:
                board.pauses(self._image.id, str(error))
                session = await _or_end(sign_in.next_session(session, error))

    async def _unless_moved(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what ``ask`` gives. Being sent elsewhere is this image's own trouble, unless Flow has moved.

        Raises ``SignedOut`` where that is what asking for Flow has brought.
        """
        whereabouts = self._crew.whereabouts
        answers = whereabouts.answers
        try:
            return await ask()
        except Moved:
            self._show_wait(self._made[Source.API], None, _SENT_ELSEWHERE)
            try:
                await whereabouts.refuse_moved(answers)
            except (Moved, Parked) as error:
                raise EndsRun(error) from error
            raise


async def _or_end(session: Coroutine[Any, Any, int]) -> int:
    try:
        return await session
    except FlowError as error:
        raise EndsRun(error) from error


async def _whole(data: bytes, source: Source) -> Fetched:
    """Check the picture's structure, of a large one in a thread: its checksums take milliseconds."""
    if len(data) <= _LOOKED_AT_AT_ONCE:
        return Fetched(data, identify(data), source)
    return Fetched(data, await computed(partial(identify, data)), source)
