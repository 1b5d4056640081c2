"""The client and the stand-in service over real sockets: two witnesses of the same wire."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from flowimg_tui.demo.gallery import Delivery
from flowimg_tui.demo.service import DemoOptions, DemoService, RecordedRequest
from flowimg_tui.flow.errors import Moved, NotFound, Refused, SignedOut, Unreachable
from flowimg_tui.flow.labs import LabsService
from flowimg_tui.flow.pasted import read_pasted
from flowimg_tui.flow.service import ListedImage, Media
from flowimg_tui.secret import Secret
from tests.flow.field import asked, no_progress

T = TypeVar("T")
WORKERS = 4


def at(
    demo: DemoService,
    ask: Callable[[LabsService], Awaitable[T]],
    *,
    page_size: int = 18,
    flow_key: Secret | None = None,
    keep_flow_key: Callable[[Secret], None] = lambda _: None,
) -> T:
    return asked(
        ask,
        cookies=read_pasted(demo.cookie_header, now=0).kept,
        labs_url=demo.labs_url,
        media_url=demo.media_url,
        page_size=page_size,
        flow_key=flow_key,
        keep_flow_key=keep_flow_key,
    )


async def whole_listing(service: LabsService) -> list[ListedImage]:
    page = await service.list_page(None)
    images = list(page.images)
    while page.cursor:
        page = await service.list_page(page.cursor)
        assert page.skipped == ()
        images += page.images
    return images


async def bytes_of(service: LabsService, name: str) -> bytes:
    media = await service.media(name, no_progress)
    if media.data is not None:
        return media.data
    assert media.url is not None
    return await service.fetch(media.url, no_progress)


def requests_for(demo: DemoService, beginning: str) -> list[RecordedRequest]:
    return [request for request in demo.requests if request.raw_path.startswith(beginning)]


@pytest.mark.parametrize("page_size", [1, 18, 41, 42, 100])
def test_the_whole_gallery_is_listed(demo: DemoService, page_size: int) -> None:
    expected, _ = demo.gallery.page(None, 42)
    images = at(demo, whole_listing, page_size=page_size)
    assert [image.name for image in images] == [image.name for image in expected]
    assert [image.media_key for image in images] == [image.media_key for image in expected]
    assert [image.workflow_id for image in images] == [image.workflow_id for image in expected]
    assert [image.aspect_ratio for image in images] == [image.aspect_ratio for image in expected]
    times = [image.created_at for image in images if image.created_at]
    assert len(times) == 42
    assert times == sorted(times, reverse=True)
    assert len(requests_for(demo, "/fx/api/trpc/")) == -(-42 // page_size)


def test_an_empty_gallery_is_one_empty_page() -> None:
    with DemoService(DemoOptions(images=0)) as demo:
        assert at(demo, whole_listing) == []
        assert len(demo.requests) == 1


def test_every_picture_arrives_unchanged(demo: DemoService) -> None:
    async def all_pictures(service: LabsService) -> dict[str, bytes]:
        images = await whole_listing(service)
        names = iter([image.name for image in images])
        found: dict[str, bytes] = {}

        async def worker() -> None:
            for name in names:
                found[name] = await bytes_of(service, name)

        await asyncio.gather(*(worker() for _ in range(WORKERS)))
        return found

    found = at(demo, all_pictures)
    assert len(found) == 42
    for image in demo.gallery.page(None, 42)[0]:
        assert found[image.name] == demo.picture(image.media_key)
    assert len(requests_for(demo, "/fx/api/auth/session")) == 1
    assert {request.status for request in demo.requests} == {200}


@pytest.mark.parametrize("delivery", Delivery)
def test_the_signed_url_of_every_kind_of_picture_delivers_the_same_bytes(
    demo: DemoService, delivery: Delivery
) -> None:
    image = next(image for image in demo.gallery.page(None, 42)[0] if image.delivery is delivery)

    async def media_and_file(service: LabsService) -> tuple[Media, bytes]:
        media = await service.media(image.name, no_progress)
        assert media.url is not None
        return media, await service.fetch(media.url, no_progress)

    media, file = at(demo, media_and_file)
    assert file == demo.picture(image.media_key)
    assert media.data in (None, file)
    (request,) = requests_for(demo, "/image/")
    assert not {"cookie", "authorization", "referer", "origin"} & set(request.headers)
    assert "key=" not in request.raw_path


def test_the_progress_of_a_picture_ends_at_its_size(demo: DemoService) -> None:
    image = demo.gallery.page(None, 1)[0][0]
    told: list[tuple[int, int | None]] = []

    async def file(service: LabsService) -> bytes:
        media = await service.media(image.name, no_progress)
        assert media.url is not None
        return await service.fetch(media.url, lambda *step: told.append(step))

    size = len(at(demo, file))
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_the_account_is_told(demo: DemoService) -> None:
    assert at(demo, lambda service: service.account()).email == demo.account


def test_after_a_sign_out_nothing_is_listed_and_nobody_is_there(demo: DemoService) -> None:
    async def sign_out_and_ask(service: LabsService) -> None:
        await service.list_page(None)
        demo.sign_out()
        with pytest.raises(SignedOut, match="HTTP 401: Unauthorized"):
            await service.list_page(None)
        with pytest.raises(SignedOut, match="it has ended"):
            await service.account()

    at(demo, sign_out_and_ask)
    assert at(demo, whole_listing)


def test_an_account_that_moved_is_told_so_whatever_is_asked(demo: DemoService) -> None:
    name = demo.gallery.page(None, 1)[0][0].name

    async def move_and_ask(service: LabsService) -> None:
        assert await bytes_of(service, name)
        demo.move_account()
        demo.revoke_bearer()
        for question in (service.account(), service.list_page(None), service.media(name, no_progress)):
            with pytest.raises(Moved, match="retired"):
                await question

    at(demo, move_and_ask)


def test_after_a_sign_out_no_picture_is_delivered_once_the_bearer_has_ended(demo: DemoService) -> None:
    name = demo.gallery.page(None, 1)[0][0].name

    async def sign_out_and_ask(service: LabsService) -> None:
        assert await bytes_of(service, name)
        demo.sign_out()
        demo.revoke_bearer()
        with pytest.raises(SignedOut):
            await service.media(name, no_progress)

    at(demo, sign_out_and_ask)


def test_a_bearer_that_ended_is_renewed_without_a_word(demo: DemoService) -> None:
    names = [image.name for image in demo.gallery.page(None, 2 * WORKERS)[0]]

    async def pictures(service: LabsService) -> None:
        for some in (names[:WORKERS], names[WORKERS:]):
            assert all(await asyncio.gather(*(bytes_of(service, name) for name in some)))
            demo.revoke_bearer()

    at(demo, pictures)
    assert len(requests_for(demo, "/fx/api/auth/session")) == 2


def test_a_flow_key_that_ended_is_replaced_without_a_word(demo: DemoService) -> None:
    names = [image.name for image in demo.gallery.page(None, 2 * WORKERS)[0]]
    kept: list[Secret] = []

    async def pictures(service: LabsService) -> None:
        for some in (names[:WORKERS], names[WORKERS:]):
            assert all(await asyncio.gather(*(bytes_of(service, name) for name in some)))
            demo.replace_flow_key()

    at(demo, pictures, keep_flow_key=kept.append)
    assert len(set(kept)) == len(kept) == 2
    assert len(requests_for(demo, "/fx/_next/")) == 2


def test_a_key_and_a_bearer_that_ended_together_are_both_replaced(demo: DemoService) -> None:
    name = demo.gallery.page(None, 1)[0][0].name

    async def pictures(service: LabsService) -> None:
        assert await bytes_of(service, name)
        demo.replace_flow_key()
        demo.revoke_bearer()
        assert await bytes_of(service, name)

    at(demo, pictures)


def test_a_flow_key_of_the_last_run_is_used(demo: DemoService) -> None:
    name = demo.gallery.page(None, 1)[0][0].name
    kept: list[Secret] = []
    at(demo, lambda service: bytes_of(service, name), keep_flow_key=kept.append)
    looked_up = len(requests_for(demo, "/fx/_next/"))
    at(demo, lambda service: bytes_of(service, name), flow_key=kept[0], keep_flow_key=kept.append)
    assert len(requests_for(demo, "/fx/_next/")) == looked_up == len(kept) == 1


def test_a_picture_that_is_not_there_is_not_found(demo: DemoService) -> None:
    with pytest.raises(NotFound, match="Requested entity was not found"):
        at(demo, lambda service: service.media("46c118dc-8d06-4254-ac3e-5ba22b0a0ba0", no_progress))


def test_a_signed_url_that_ended_is_refused() -> None:
    with DemoService(DemoOptions(url_lifetime=0)) as demo:
        name = demo.gallery.page(None, 1)[0][0].name

        async def file(service: LabsService) -> bytes:
            media = await service.media(name, no_progress)
            assert media.url is not None
            return await service.fetch(media.url, no_progress)

        with pytest.raises(Refused):
            at(demo, file)


def test_a_service_that_went_away_is_unreachable() -> None:
    with DemoService() as demo:
        pass
    with pytest.raises(Unreachable, match="cannot be reached"):
        at(demo, whole_listing)
