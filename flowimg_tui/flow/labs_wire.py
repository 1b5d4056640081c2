"""The messages of the ``labs`` generation, and how they become our own values.

Every field may be missing and every unknown one is ignored. What is not understood as a whole raises
:class:`NotUnderstood` with the path in it; one item of a list that is not understood is left out with its
reason.
"""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
import pybase64

from flowimg_tui.flow.answers import not_an_answer
from flowimg_tui.flow.errors import NotUnderstood
from flowimg_tui.flow.service import ListedImage, Media, Page
from flowimg_tui.secret import Secret

NAME_LIMIT: Final = 2048
_KEY_LIMIT: Final = 512
_ITEMS_LIMIT: Final = 1000
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_UUID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_QUOTE: Final = ord('"')
_ABSENT: Final = msgspec.Raw()
_INVISIBLE: Final = dict.fromkeys((0x200B, 0xFEFF))
_PATH: Final = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>[^`]+)`)?$", re.DOTALL)

# As msgspec says it.
_CUT: Final = "truncated"

T = TypeVar("T")

_Prompt: TypeAlias = Annotated[str, msgspec.Meta(max_length=100_000)]
_Seed: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _Wire(msgspec.Struct, rename="camel"):
    """Wire names are camelCase."""


class _MediaGenerationId(_Wire):
    media_type: str | None = None
    workflow_id: str | None = None
    media_key: str | None = None


class _Picture(_Wire):
    """``userUploadedImage``, ``image``, or the ``generatedImage`` in it."""

    image: msgspec.Raw = _ABSENT
    encoded_image: msgspec.Raw = _ABSENT
    fife_url: str | None = None
    aspect_ratio: str | None = None
    prompt: msgspec.Raw = _ABSENT
    seed: msgspec.Raw = _ABSENT
    generated_image: "_Picture | None" = None

    def places(self) -> "tuple[_Picture, ...]":
        return (self,) if self.generated_image is None else (self, self.generated_image)


class _Media(_Wire):
    name: str | None = None
    user_uploaded_image: _Picture | None = None
    image: _Picture | None = None
    video: msgspec.Raw = _ABSENT
    # An object in a list, a string beside the bytes of some media answers.
    media_generation_id: _MediaGenerationId | str | None = None

    def places(self) -> tuple[_Picture, ...]:
        """Return every place where bytes or a URL can stand, in the order to look."""
        pictures = (self.user_uploaded_image, self.image)
        return tuple(place for picture in pictures if picture is not None for place in picture.places())

    def is_video(self) -> bool:
        return bytes(self.video) not in (b"", b"null") or self.ids().media_type == "VIDEO"

    def ids(self) -> _MediaGenerationId:
        return (
            self.media_generation_id if isinstance(self.media_generation_id, _MediaGenerationId) else _NO_IDS
        )


_NO_IDS: Final = _MediaGenerationId()


class _Item(_Wire):
    name: str | None = None
    media: _Media = msgspec.field(default_factory=_Media)
    create_time: str | None = None


class _List(_Wire):
    user_workflows: list[msgspec.Raw] = []
    next_page_token: str | None = None


class _InnerAnswer(_Wire):
    result: _List | None = None
    status: int | None = None


class _Json(_Wire):
    json: _InnerAnswer


class _Result(_Wire):
    data: _Json


class _ErrorJson(_Wire):
    message: str | None = None


class _TrpcError(_Wire):
    json: _ErrorJson


class _ListAnswer(_Wire):
    result: _Result


class _TrpcFailure(_Wire):
    error: _TrpcError


class _RpcDetail(_Wire):
    reason: str | None = None


class _RpcError(_Wire):
    message: str | None = None
    details: msgspec.Raw = _ABSENT


class _RpcFailure(_Wire):
    error: _RpcError


class _User(_Wire):
    email: str | None = None


class Session(msgspec.Struct, frozen=True):
    """``/api/auth/session``; names are as on the wire. An empty one is a session that ended."""

    user: _User | None = None
    expires: str | None = None
    access_token: str | None = None
    error: str | None = None

    def __repr__(self) -> str:
        return f"Session(user={self.user!r}, expires={self.expires!r}, error={self.error!r})"


class Failure(msgspec.Struct, frozen=True):
    """What an error body says: the service's sentence, and the reasons of its details."""

    message: str | None = None
    reasons: tuple[str, ...] = ()


# Made here, once: msgspec learns a shape when it is first asked for, without a lock, and the second of two
# threads that ask for it at the same time crashes the process (seen with 0.22).
_LIST_ANSWER: Final = msgspec.json.Decoder(_ListAnswer)
_ITEM: Final = msgspec.json.Decoder(_Item)
_MEDIA: Final = msgspec.json.Decoder(_Media)
_SESSION: Final = msgspec.json.Decoder(Session)
_TRPC_FAILURE: Final = msgspec.json.Decoder(_TrpcFailure)
_RPC_FAILURE: Final = msgspec.json.Decoder(_RpcFailure)
_RPC_DETAILS: Final = msgspec.json.Decoder(list[_RpcDetail])
_BASE64: Final[msgspec.json.Decoder[bytes | None]] = msgspec.json.Decoder(bytes | None)
_PROMPT: Final[msgspec.json.Decoder[str]] = msgspec.json.Decoder(_Prompt)
_SEED: Final[msgspec.json.Decoder[int]] = msgspec.json.Decoder(_Seed)


def decode_page(body: bytes) -> tuple[Page, int]:
    """Return the page, and the HTTP status that stands inside the answer (200 where none does).

    Raises :class:`NotUnderstood`.
    """
    answer = _decode(body, _LIST_ANSWER, "The list").result.data.json
    status = 200 if answer.status is None else answer.status
    if answer.result is None:
        if status == 200:
            raise NotUnderstood("The list has no result", "$.result.data.json.result")
        return Page((), (), None), status
    listing = answer.result
    if len(listing.user_workflows) > _ITEMS_LIMIT:
        raise NotUnderstood(f"The list has more than {_ITEMS_LIMIT} items", "$…userWorkflows")
    images: list[ListedImage] = []
    videos = 0
    skipped: list[str] = []
    for position, raw in enumerate(listing.user_workflows):
        try:
            item = _decode(raw, _ITEM, "An item")
            if item.media.is_video():
                videos += 1
                continue
            images.append(_listed_image(item))
        except NotUnderstood as error:
            skipped.append(f"item {position}: {error}")
    cursor = Secret(listing.next_page_token) if listing.next_page_token else None
    return Page(tuple(images), tuple(skipped), cursor, videos), status


def decode_media(body: bytes) -> Media:
    """Return where the picture is. Raises :class:`NotUnderstood` where the answer has no place for one."""
    answer = _decode(body, _MEDIA, "The media answer")
    places = answer.places()
    if not places:
        what = "is a video, not an image" if answer.is_video() else "holds no image"
        raise NotUnderstood(f"The media answer {what}")
    url = next((Secret(place.fife_url) for place in places if place.fife_url), None)
    trouble = None
    for raw in (raw for place in places for raw in (place.image, place.encoded_image) if memoryview(raw)):
        try:
            data = _decoded_base64(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            trouble = "the base64 text in the answer is broken"
            continue
        if data:
            return Media(data, url)
    return Media(None, url, trouble or "the answer holds no bytes")


def _decoded_base64(raw: msgspec.Raw) -> bytes | None:
    """Return the bytes of a JSON string in base64, ``None`` for null. Raises ``MsgspecError``."""
    text = memoryview(raw)
    if text[0] != _QUOTE:
        return _BASE64.decode(raw)
    try:
        return pybase64.b64decode(text[1:-1], validate=True)
    except binascii.Error:
        # Ten times slower, msgspec knows what a string in JSON can be besides: with escapes in it, or broken.
        return _BASE64.decode(raw)


def decode_session(body: bytes) -> Session:
    """Return the session. Raises :class:`NotUnderstood`."""
    return _decode(body, _SESSION, "The session")


def decode_failure(body: bytes) -> Failure:
    """Return what an error body of either kind (tRPC, google.rpc) says; an empty one if it is neither."""
    try:
        trpc = _TRPC_FAILURE.decode(body).error.json
        return Failure(trpc.message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        rpc = _RPC_FAILURE.decode(body).error
        return Failure(rpc.message, _reasons(rpc.details))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Failure()


def _reasons(details: msgspec.Raw) -> tuple[str, ...]:
    try:
        found = _RPC_DETAILS.decode(details)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ()
    return tuple(detail.reason for detail in found if detail.reason)


def clean_name(name: str) -> str:
    """Return ``name`` without Unicode white space, U+200B and U+FEFF: some arrive with line breaks."""
    return "".join(name.translate(_INVISIBLE).split())


def parse_time(text: str) -> datetime | None:
    """Return an RFC 3339 time as aware UTC, or ``None`` for what is none, protobuf's zero time among it.

    Digits beyond microseconds are dropped.
    """
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text[:64]))
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST <= moment < _LATEST else None


def _decode(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T], what: str) -> T:
    try:
        return _decoded(body, decoder)
    except RecursionError:
        raise NotUnderstood(f"{what} is nested too deeply") from None
    except msgspec.ValidationError as error:
        found = _PATH.match(str(error))
        reason, path = (found["reason"], found["path"]) if found else (str(error), None)
        raise NotUnderstood(f"{what} has another shape than expected: {reason}", path or "$") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_an_answer(what, bytes(body), cut=_CUT in str(error)) from None


def _decoded(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode JSON; half a surrogate pair in it, that msgspec refuses, spoils only the string it stands in."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        if b"\\u" not in bytes(body):
            raise
        try:
            text = json.dumps(json.loads(bytes(body)), ensure_ascii=False)
        except ValueError:
            text = ""
        return decoder.decode(text.encode("utf-8", "surrogatepass"))


def _listed_image(item: _Item) -> ListedImage:
    ids, places = item.media.ids(), item.media.places()
    name = clean_name(item.name or "") or clean_name(item.media.name or "")
    if not name or len(name) > NAME_LIMIT:
        raise NotUnderstood("no name, or one that is too long", "$.name")
    media_key = ids.media_key or key_in_name(name) or name
    return ListedImage(
        name=name,
        media_key=media_key[:_KEY_LIMIT],
        workflow_id=ids.workflow_id,
        aspect_ratio=next((place.aspect_ratio for place in places if place.aspect_ratio), None),
        fife_url=next((Secret(place.fife_url) for place in places if place.fife_url), None),
        created_at=parse_time(item.create_time) if item.create_time else None,
        prompt=next((text for place in places if (text := _optional(place.prompt, _PROMPT))), None),
        seed=next((seed for place in places if (seed := _optional(place.seed, _SEED)) is not None), None),
    )


def _optional(raw: msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T | None:
    """Return a value that an image is as good without: one of another type, or beyond its limit, is none."""
    try:
        return _decoded(raw, decoder) if memoryview(raw) else None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def key_in_name(name: str) -> str | None:
    """Return the media key inside a whole name: it is base64 of a protobuf that ends with the key's UUID."""
    try:
        message = base64.b64decode(name + "=" * (-len(name) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    uuids = _UUID.findall(message)
    return str(uuids[-1], "ascii") if len(uuids) > 1 else None
