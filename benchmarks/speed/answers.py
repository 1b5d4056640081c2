"""What a service of the ``labs`` generation answers, made before anybody asks."""

import base64
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import NAMESPACE_OID, uuid5

COOKIES: Final = f"__Secure-next-auth.session-token={'benchmark' * 20}"
PAGE_SIZE: Final = 18
_NEWEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_BETWEEN: Final = timedelta(minutes=7)
"""A listing begins with what was made last."""
_JPEG_HEAD: Final = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000"  # JFIF
    "ffc0000b080800080001011100"  # a frame of 2048×2048 grey pixels
    "ffda0008010100003f00"  # a scan
)
_JPEG_END: Final = b"\xff\xd9"


def picture(size: int) -> bytes:
    """Return a JPEG of exactly so many bytes, whole in its structure, of which the image data is noise."""
    noise = random.Random(size).randbytes(size).replace(b"\xff", b"\xff\x00")  # noqa: S311 - no secret
    body = noise[: size - len(_JPEG_HEAD) - len(_JPEG_END)]
    if body.endswith(b"\xff"):
        body = body[:-1] + b"\xfe"
    return _JPEG_HEAD + body + _JPEG_END


def session() -> bytes:
    """Return the session of somebody who is signed in."""
    user = {"email": "ada@example.com"}
    return _json({"user": user, "expires": "2099-01-01T00:00:00.000Z", "access_token": "ya29.benchmark"})


def inline_media(content: bytes) -> bytes:
    """Return a media answer that has the picture in base64."""
    return _json({"image": {"encodedImage": base64.b64encode(content).decode("ascii")}})


def linked_media(url: str) -> bytes:
    """Return a media answer that has a signed URL of the picture alone."""
    return _json({"image": {"generatedImage": {"fifeUrl": url}}})


def name_of(number: int) -> str:
    """Return Flow's name of the image with this number, as long as a real one."""
    return f"{base64.b64encode(f'image {key_of(number):0>75}'.encode()).decode('ascii'):=<111}"


def key_of(number: int) -> str:
    """Return the media key of the image with this number: of any order, as a real one."""
    return str(uuid5(NAMESPACE_OID, str(number)))


def page(number: int, images: int) -> bytes:
    """Return a page of a listing of so many images, of :data:`PAGE_SIZE` each; the first one has number 0."""
    first = number * PAGE_SIZE
    numbers = range(first, min(first + PAGE_SIZE, images))
    result: dict[str, object] = {"userWorkflows": [_item(each) for each in numbers]}
    if numbers.stop < images:
        result["nextPageToken"] = str(number + 1)
    return _json({"result": {"data": {"json": {"result": result, "status": 200}}}})


def _item(number: int) -> dict[str, object]:
    ids = {"mediaType": "IMAGE", "workflowId": f"workflow-{number}", "mediaKey": key_of(number)}
    generated = {
        "seed": number,
        "prompt": f"a paper boat on a still lake, view {number} of a long series, morning light, film grain",
        "fifeUrl": f"https://storage.googleapis.com/images/{key_of(number)}?Expires=4070908800&Signature=aB%2F",
        "aspectRatio": "IMAGE_ASPECT_RATIO_LANDSCAPE",
    }
    media = {"name": name_of(number), "image": {"generatedImage": generated}, "mediaGenerationId": ids}
    made = _NEWEST - number * _BETWEEN
    return {"name": name_of(number), "media": media, "createTime": f"{made:%Y-%m-%dT%H:%M:%SZ}"}


def _json(value: object) -> bytes:
    return json.dumps(value).encode("ascii")
