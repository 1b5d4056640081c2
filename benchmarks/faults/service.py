"""The demo service with two pictures, and their addresses."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Self

import httpx

from benchmarks.serving import ServiceUnusable, serving, settings_of

PATIENCE: Final = 30.0
_LIST: Final = "/api/trpc/media.fetchUserHistoryDirectly"
_NEWEST: Final = {
    "json": {"type": "ASSET_MANAGER", "pageSize": 2, "cursor": None},
    "meta": {"values": {"cursor": ["undefined"]}},
}


class Listed(NamedTuple):
    """An image of the gallery, with its file as the service has it."""

    name: str
    media_key: str
    content: bytes


class Service:
    """`flowimg demo --serve` with a gallery of two JPEGs.

    `linked` is the one that every downloader is after: the API has only a signed URL of it. `inline` comes in
    the API's own answer; only flowimg can ask for that.
    """

    def __init__(self, told: dict[str, str], client: httpx.Client) -> None:
        self._told = told
        self._client = client
        self._client.headers["cookie"] = told["cookies"]
        session = client.get(f"{told['labs_url']}/api/auth/session").raise_for_status().json()
        self._bearer = session["access_token"]
        newest = client.get(told["labs_url"] + _LIST, params={"input": json.dumps(_NEWEST)})
        items = newest.raise_for_status().json()["result"]["data"]["json"]["result"]["userWorkflows"]
        self.inline, self.linked = (self._listed(item) for item in items)

    @classmethod
    @contextlib.contextmanager
    def running(cls, *, large: bool = False, latency: float = 0.0) -> Iterator[Self]:
        """Start one at full speed, on a port of its own, and end it afterwards.

        Raises ServiceUnusable where it does not start.
        """
        options = ["--images", "2", "--latency", str(latency), "--rate", "0", *["--large"] * large]
        # A proxy of the environment cannot reach what listens on this machine alone.
        with serving(*options) as told, httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            yield cls(told, client)

    @property
    def cookies(self) -> str:
        """The Cookie header of a browser that is signed in."""
        return self._told["cookies"]

    @property
    def settings(self) -> dict[str, str]:
        """The variables that lead flowimg here."""
        return settings_of(self._told)

    def address(self, image: Listed, *, with_extension: bool = False) -> str:
        """A fresh signed URL of `image`, without an extension, or else with the wrong one, `.png`.

        Faults are gone then.
        """
        self.clear()
        if with_extension:
            self.arm(f"wrong_label:on=media,key={image.media_key}")
        url = self._signed(image.name)
        self.clear()
        return url

    def arm(self, *specs: str) -> None:
        """Spoil answers from now on."""
        for spec in specs:
            self._client.post(f"{self._told['url']}/control/faults", params={"spec": spec}).raise_for_status()

    def clear(self) -> None:
        """Spoil none any more."""
        self._client.delete(f"{self._told['url']}/control/faults").raise_for_status()

    def has_spoilt(self) -> bool:
        """Whether each fault has met an answer."""
        faults = self._client.get(f"{self._told['url']}/control/faults").raise_for_status().json()["faults"]
        return all(faults.values())

    def _listed(self, item: Any) -> Listed:
        name = item["name"]
        content = self._client.get(self._signed(name)).raise_for_status().content
        return Listed(name, item["media"]["mediaGenerationId"]["mediaKey"], content)

    def _signed(self, name: str) -> str:
        headers = {"authorization": f"Bearer {self._bearer}"}
        answer = self._client.get(f"{self._told['media_url']}/media/{name}", headers=headers)
        match answer.raise_for_status().json():
            case {"userUploadedImage": {"fifeUrl": str(url)}} | {
                "image": {"generatedImage": {"fifeUrl": str(url)}}
            }:
                return url
        raise ServiceUnusable("the demo service delivers its first two images in another way")
