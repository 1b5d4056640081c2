"""The `google` generation on the wire: the page with its tokens, and the three read calls."""

import asyncio
import hmac
import json
import re
from typing import Final

from aiohttp import web

from flowimg_tui.demo.account import GOOGLE_COOKIES, READ_CALLS, DemoAccount
from flowimg_tui.demo.frames import answer_row, call_in, form_in, framed, framed_rows
from flowimg_tui.demo.gallery import DemoImage
from flowimg_tui.demo.images import SignedImages
from flowimg_tui.demo.pictures import dimensions
from flowimg_tui.demo.projects import DemoProject, DemoVideo, Row, stamp, video_record
from flowimg_tui.demo.reencoded import ReEncodedImages
from flowimg_tui.demo.refusals import ERROR_INFO, THROTTLED

PAGE_PATH: Final = "/flow/"
CALLS_PATH: Final = "/flow/_/AiSandboxAngularFrontend/data/batchexecute"

_FORM: Final = "application/x-www-form-urlencoded"
_NOT_UNDERSTOOD, _NOT_FOUND, _EXHAUSTED, _SIGNED_OUT = 3, 5, 8, 16
_LARGEST_PAGE = 5  # projects, however many were asked for: the default account has two pages


class RpcError(Exception):
    """A call that ends with a gRPC code in the error slot of its row."""

    def __init__(self, code: int) -> None:
        super().__init__(f"gRPC code {code}")
        self.code = code


class GoogleRoutes:
    """The handlers of one account. Its signed URLs are those of `images`."""

    def __init__(self, account: DemoAccount, images: SignedImages) -> None:
        self._account = account
        self._images = images
        self._re_encoded = ReEncodedImages(account)

    def routes(self) -> list[web.RouteDef]:
        """The page and the calls under `/flow`, and the re-encoded pictures."""
        here = [web.get(PAGE_PATH, self._page), web.post(CALLS_PATH, self._batchexecute)]
        return [*here, *self._re_encoded.routes()]

    async def _page(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self._account.options.latency)
        if _foreign_cookies(request):
            return _too_large()
        session, known = self._account.google, request.cookies
        renewal = session.renewal_of(known)
        tokens, body = {"FdrFJe": session.sid}, ""
        if renewal or session.opens_with(known):
            tokens |= {"K21R3e": self._account.flow_key, "SNlM0e": session.at}
            tokens |= {"cfb2h": session.build, "oPEP7c": self._account.email}
        else:
            tokens["cfb2h"], body = session.build, "Flow - about"
        data = json.dumps(tokens, separators=(",", ":"))
        script = f"<script>window.WIZ_global_data = {data};</script>"
        text = f"<!doctype html><html><head>{script}</head><body>{body}</body></html>\n"
        response = web.Response(text=text, content_type="text/html")
        for name, value in renewal.items():
            response.set_cookie(name, value, secure=True, httponly=True, path="/")
        return response

    async def _batchexecute(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self._account.options.latency)
        if _foreign_cookies(request):
            return _too_large()
        if request.headers.get("x-same-domain") != "1":
            return web.Response(status=401, text="x-same-domain: 1 is missing")
        if request.content_type != _FORM:
            return web.Response(status=415, text=f"content-type must be {_FORM}")
        session = self._account.google
        try:
            form = form_in(await request.read())
            call, arguments = call_in(form)
            _check_query(request, call)
            if not session.opens_with(request.cookies):
                return self._answer(call, None, [_SIGNED_OUT])
            # A client that signed in anew and kept the tokens of the old page is told so by name.
            _check_tokens(request, session.build, session.sid)
        except (ValueError, RecursionError) as error:
            return web.Response(status=400, text=str(error))
        if not hmac.compare_digest(form.get("at", "").encode(), session.at.encode()):
            return _answered(framed(json.dumps([["xsrf", session.at, None]])))
        if self._account.is_exhausted():
            return self._answer(call, None, [_EXHAUSTED, None, [[ERROR_INFO, [THROTTLED]]]])
        if call not in READ_CALLS:
            return self._answer_rows([["er", None, None, None, None, 400, None, None, None, 3]])
        try:
            result = await asyncio.to_thread(self._result, request, call, arguments)
        except RpcError as error:
            return self._answer(call, None, [error.code])
        return self._answer(call, result, None)

    def _result(self, request: web.Request, call: str, arguments: str) -> Row:
        try:
            asked = json.loads(arguments)
        except (ValueError, RecursionError):
            raise RpcError(_NOT_UNDERSTOOD) from None
        try:
            match call, asked:
                # Slot 3 takes anything, and nothing comes of it.
                case "UpteDb", ["projects/*", int(size), None | str() as cursor, _, None, None, [1]]:
                    return self._projects(request, cursor, size)
                case "Zzl0ze", [str(name), None, None, None, [1]] if name.startswith("projects/"):
                    return self._contents(request, name.removeprefix("projects/"))
                case "as29s", [str(media_id)]:
                    return self._account.as_moved(call, [self._record(request, media_id)])[0]
        except KeyError:
            raise RpcError(_NOT_FOUND) from None
        except ValueError:
            raise RpcError(_NOT_UNDERSTOOD) from None
        raise RpcError(_NOT_UNDERSTOOD)

    def _projects(self, request: web.Request, cursor: str | None, size: int) -> Row:
        if isinstance(size, bool) or not 1 <= size <= 100:
            raise RpcError(_NOT_UNDERSTOOD)
        projects, after = self._account.projects.page(cursor, min(size, _LARGEST_PAGE))
        if not projects:
            return []
        cards = self._account.as_moved("UpteDb", [self._card(request, project) for project in projects])
        if after is None:
            return [cards]
        return [cards, after, after.replace("/", "_").replace("+", "-").rstrip("=")]

    def _card(self, request: web.Request, project: DemoProject) -> Row:
        about: Row = [project.title, None, stamp(project.created)]
        cover = next(self._account.projects.images(project), None)
        if cover is not None:
            about += [self._re_encoded.url_for(request, cover.media_key), cover.media_key]
        return [project.id, about]

    def _contents(self, request: web.Request, project_id: str) -> Row:
        shown = self._account.projects
        project = shown.find(project_id)
        images, videos = list(shown.images(project)), shown.videos(project)
        if not images and not videos:
            return []
        media: list[DemoImage | DemoVideo] = [*images, *videos]
        descriptors = [shown.descriptor(one, project) for one in media]
        # Only a file that exists has a size, and a listing does not wait for pictures to be drawn.
        records = [
            self._image_record(image, project, self._re_encoded.url_for(request, image.media_key), None)
            for image in images
        ]
        for video in videos:
            poster = self._re_encoded.url_for(request, video.media_id)
            records.append(video_record(video, project, poster, None))
        return [None, descriptors, self._account.as_moved("Zzl0ze", records), [], [], []]

    def _record(self, request: web.Request, media_id: str) -> Row:
        project = self._account.projects.project_of(media_id)
        video = self._account.projects.video(media_id)
        if video is not None:
            poster = self._images.url_for(request, DemoImage(video.workflow_id, media_id, "", ""))
            return video_record(video, project, poster, poster.replace("/image/", "/video/"))
        image = self._account.gallery.by_media_key(media_id)
        if image is None:
            raise KeyError(media_id)
        weight = len(self._account.picture(image).content)
        return self._image_record(image, project, self._images.url_for(request, image), weight)

    def _image_record(self, image: DemoImage, project: DemoProject, url: str, weight: int | None) -> Row:
        size = dimensions(image.aspect_ratio, self._account.options.picture_size)
        return self._account.projects.image_record(image, project, url, weight, size)

    def _answer(self, call: str, result: Row | None, error: Row | None) -> web.Response:
        return self._answer_rows([answer_row(call, result, error)])

    def _answer_rows(self, rows: list[Row]) -> web.Response:
        return _answered(framed_rows([*rows, ["di", 441], ["af.httprm", 440, self._account.google.sid, 38]]))


def _foreign_cookies(request: web.Request) -> bool:
    return not GOOGLE_COOKIES.issuperset(request.cookies)


def _too_large() -> web.Response:
    return web.Response(status=431, text="cookies of other sites")


def _check_query(request: web.Request, call: str) -> None:
    query = request.query
    if query.get("rpcids") != call:
        raise ValueError("rpcids names another call than f.req")
    if query.get("rt") != "c" or not re.fullmatch(r"[0-9]{1,12}", query.get("_reqid", "")):
        raise ValueError("rt must be c, _reqid a number")


def _check_tokens(request: web.Request, build: str, sid: str) -> None:
    if request.query.get("bl") != build or request.query.get("f.sid") != sid:
        raise ValueError("bl or f.sid is not that of the page")


def _answered(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")
