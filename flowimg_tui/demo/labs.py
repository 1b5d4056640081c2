"""The `labs` generation on the wire: the web page, the session, the list and the media endpoint."""

import asyncio
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import hdrs, web

from flowimg_tui.demo.account import SESSION_COOKIE, DemoAccount, new_flow_key
from flowimg_tui.demo.gallery import PROMPTS, Delivery, DemoImage
from flowimg_tui.demo.images import PacedResponse, SignedImages
from flowimg_tui.demo.pictures import dimensions
from flowimg_tui.demo.refusals import ERROR_INFO, LIST, RETIRED, Json, rpc_error, trpc_error

SESSION_PATH: Final = "/fx/api/auth/session"
LIST_PATH: Final = f"/fx/api/trpc/{LIST}"
MEDIA_PATH: Final = "/v1/media/"

_CHUNKS = "/fx/_next/static/chunks/pages/"
_NAME = re.compile(r"[A-Za-z0-9+/=_$-]{1,512}")
_LARGEST_PAGE = 100
_SESSION_LIFETIME = timedelta(hours=24)


class LabsRoutes:
    """The handlers of one account. Its signed URLs are those of `images`."""

    def __init__(self, account: DemoAccount, images: SignedImages) -> None:
        self._account = account
        self._images = images
        self._decoy_key = new_flow_key()

    def routes(self) -> list[web.RouteDef]:
        """Everything under `/fx` and `/v1`."""
        return [
            web.get("/fx", self._page),
            web.get("/fx/tools/flow", self._tool),
            web.get(_CHUNKS + "{chunk}", self._script),
            web.get(SESSION_PATH, self._session),
            web.get(LIST_PATH, self._list),
            web.get(MEDIA_PATH + "{name:.*}", self._media),
        ]

    async def _page(self, _request: web.Request) -> web.Response:
        source = f"{_CHUNKS}{_script_name(self._script_text())}"
        text = (
            '<!DOCTYPE html><html lang="en"><head><title>Flow</title>'
            f'<script src="{source}" defer=""></script></head><body><div id="__next"></div></body></html>'
        )
        return web.Response(text=text, content_type="text/html")

    async def _tool(self, request: web.Request) -> web.Response:
        if self._account.moved:
            return web.Response(status=308, headers={hdrs.LOCATION: "https://flow.google.com/"})
        return await self._page(request)

    async def _script(self, request: web.Request) -> web.Response:
        text = self._script_text()
        if request.match_info["chunk"] != _script_name(text):
            return web.Response(status=404, text="Not Found")
        return web.Response(text=text, content_type="application/javascript")

    def _script_text(self) -> str:
        services = ("auth", "media", "project", "sandbox")
        keys = ",".join(f'{service}:{{apiKey:"{self._account.flow_key}"}}' for service in services)
        return (
            "(self.webpackChunk_N_E=self.webpackChunk_N_E||[]).push([[636],"
            f'{{4821:function(e){{e.exports={{maps:{{apiKey:"{self._decoy_key}"}},{keys}}}}}}}]);'
        )

    async def _session(self, request: web.Request) -> web.Response:
        if self._account.moved or not self._is_signed_in(request):
            return web.json_response({})
        expires = datetime.now(UTC) + _SESSION_LIFETIME
        return web.json_response(
            {
                "user": {
                    "name": "Ada Example",
                    "email": self._account.email,
                    "image": "https://lh3.googleusercontent.com/a/PLACEHOLDER=s96-c",
                },
                "expires": f"{expires:%Y-%m-%dT%H:%M:%S}.000Z",
                "access_token": self._account.access_token,
            }
        )

    def _is_signed_in(self, request: web.Request) -> bool:
        return _same(request.cookies.get(SESSION_COOKIE, ""), self._account.session_token)

    async def _list(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self._account.options.latency)
        if self._account.moved:
            return trpc_error(404, RETIRED)
        if not self._is_signed_in(request):
            return trpc_error(401)
        try:
            cursor, size = page_request(request.query.get("input", ""))
            images, next_cursor = self._account.gallery.page(cursor, size)
        except (ValueError, RecursionError) as error:
            return trpc_error(400, str(error))
        result: Json = {"userWorkflows": [_workflow(image) for image in images]} if images else {}
        if next_cursor is not None:
            result["nextPageToken"] = next_cursor
        return web.json_response(list_document(result))

    async def _media(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self._account.options.latency)
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        name = request.raw_path.partition("?")[0].removeprefix(MEDIA_PATH)
        if not _NAME.fullmatch(name):
            return rpc_error(400)
        image = self._account.gallery.by_name(name)
        if image is None:
            return rpc_error(404)
        url = self._images.url_for(request, image)
        body = await asyncio.to_thread(self._media_body, image, url)
        headers: dict[str, str] = {hdrs.CONTENT_TYPE: "application/json; charset=UTF-8"}
        return PacedResponse(body, headers, self._account.options)

    def _refusal(self, request: web.Request) -> web.Response | None:
        key = request.query.get("key")
        if key is not None and not _same(key, self._account.flow_key):
            return _invalid_key()
        authorization = request.headers.get(hdrs.AUTHORIZATION)
        if authorization is None and key is not None:
            return rpc_error(401, _KEY_ONLY)
        if not _same(authorization or "", f"Bearer {self._account.access_token}"):
            return rpc_error(401)
        return None

    def _media_body(self, image: DemoImage, url: str) -> bytes:
        match image.delivery:
            case Delivery.UPLOAD:
                content = {"image": self._account.picture(image).base64}
                media = {"userUploadedImage": {**content, **_upload(image, url)}, **_generation_id(image)}
            case Delivery.URL_ONLY:
                media = {"userUploadedImage": _upload(image, url), **_generation_id(image)}
            case Delivery.GENERATED:
                content = {"encodedImage": self._account.picture(image).base64}
                generated = {**content, **_generated(image, url), "modelNameType": "IMAGEN_3_5"}
                media = {"image": generated, **_generation_id(image)}
            case Delivery.GENERATED_2026:
                newer = {"mediaVisibility": "PRIVATE", "modelNameType": "NARWHAL"}
                width, height = dimensions(image.aspect_ratio, self._account.options.picture_size)
                pixels = {"width": width, "height": height}
                media = {
                    "image": {"generatedImage": {**_generated(image, url), **newer}, "dimensions": pixels}
                }
        return json.dumps({"name": image.name, **media}).encode("ascii")


def page_request(text: str) -> tuple[str | None, int]:
    """The cursor and the page size of a list request. Raises ValueError when it is not one."""
    match json.loads(text):
        case {
            "json": {"type": "ASSET_MANAGER", "pageSize": int(size), "cursor": None | str() as cursor},
            **rest,
        }:
            meta = rest.get("meta")
        case _:
            raise ValueError("the input is not a request for a page of assets")
    if isinstance(size, bool) or not 1 <= size <= _LARGEST_PAGE:
        raise ValueError(f"pageSize must be 1 to {_LARGEST_PAGE}")
    if cursor is None and meta != {"values": {"cursor": ["undefined"]}}:
        raise ValueError("cursor: expected string, received null")
    # With `meta` the cursor counts as undefined, whatever it says.
    return (cursor if meta is None else None), size


def list_document(result: Json) -> Json:
    """The answer of the list that carries `result`."""
    return {"result": {"data": {"json": {"result": result, "status": 200, "statusText": "OK"}}}}


def result_in(document: Any) -> Json | None:
    """What an answer of the list carries; None when it is another one."""
    match document:
        case {"result": {"data": {"json": {"result": dict() as result}}}}:
            return result
    return None


def _workflow(image: DemoImage) -> Json:
    upload = {"userUploadedImage": {"aspectRatio": image.aspect_ratio}}
    media = {"name": image.name, **upload, **_generation_id(image)}
    return {"name": image.name, "media": media, "createTime": image.created}


def _upload(image: DemoImage, url: str) -> Json:
    return {"mediaGenerationId": image.name, "fifeUrl": url, "aspectRatio": image.aspect_ratio}


def _generated(image: DemoImage, url: str) -> Json:
    text = PROMPTS[image.seed % len(PROMPTS)]
    prompt = {"seed": image.seed, "prompt": text, "workflowId": image.workflow_id}
    return {**prompt, **_upload(image, url)}


def _generation_id(image: DemoImage) -> Json:
    return {
        "mediaGenerationId": {
            "mediaType": "IMAGE",
            "workflowId": image.workflow_id,
            "workflowStepId": "CAE",
            "mediaKey": image.media_key,
        }
    }


_KEY_ONLY = (
    "API keys are not supported by this API. Expected OAuth2 access token or other authentication "
    "credentials that assert a principal. See https://cloud.google.com/docs/authentication"
)


def _script_name(text: str) -> str:
    return f"_app-{hashlib.sha256(text.encode()).hexdigest()[:16]}.js"


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _invalid_key() -> web.Response:
    detail = {
        "@type": ERROR_INFO,
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "aisandbox-pa.googleapis.com"},
    }
    return rpc_error(400, "API key not valid. Please pass a valid API key.", details=[detail])
