"""An account that moved from one generation of Flow to the next keeps its gallery and its files."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.demo.service import DemoService
from flowimg_tui.flow.google import GoogleService
from flowimg_tui.flow.labs import LabsService
from flowimg_tui.flow.pasted import read_pasted
from flowimg_tui.flow.service import ListedImage, Page
from tests.mirror.helpers import Mirror, ScriptedFlow, listed, new_image, page, picture

OLD = [listed(f"old-{number}") for number in range(6)]
MOVED = [
    *(listed(f"new-{n}", media_key=f"new-{n}", legacy_name=f"old-{n}") for n in range(3)),
    *(listed(f"key-old-{n}", media_key=f"key-old-{n}") for n in range(3, 6)),
]
"""The same pictures after the move: three are known by their legacy names, three by their keys."""


after_the_move = pytest.mark.parametrize("refreshed", [False, True], ids=["at once", "after a force refresh"])


def labs(demo: DemoService) -> LabsService:
    cookies = read_pasted(demo.cookie_header, now=0).kept
    return LabsService(cookies, labs_url=demo.labs_url, media_url=demo.media_url)


def google(demo: DemoService) -> GoogleService:
    return GoogleService(read_pasted(demo.google_cookie_header, now=0).kept, google_url=demo.google_url)


@after_the_move
def test_a_gallery_that_moved_keeps_its_files_without_a_request(mirror: Mirror, refreshed: bool) -> None:
    mirror.sync(ScriptedFlow(pages=[page(*OLD)]))
    mirror.download(ScriptedFlow(pictures={image.name: picture(n) for n, image in enumerate(OLD)}))
    files, ids = mirror.files(), {row.id for row in mirror.rows().values()}
    if refreshed:
        mirror.refreshed()
    half, rest = MOVED[::2], MOVED[1::2]
    finished = mirror.synced(ScriptedFlow(pages=[page(*half, cursor="2"), page(*rest)]))
    assert (finished.new, finished.updated) == ((6, 0) if refreshed else (0, 6))
    service = ScriptedFlow()
    downloaded = mirror.downloaded(service)
    assert (downloaded.pending, downloaded.adopted) == ((6, 6) if refreshed else (0, 0))
    assert (service.asked, service.sign_ins) == ([], 0)
    assert mirror.files() == files
    assert mirror.pictures_by_name() == {image.name: picture(n) for n, image in enumerate(MOVED)}
    assert refreshed or {row.id for row in mirror.rows().values()} == ids


def test_the_pictures_that_came_after_the_move_are_all_that_is_downloaded(mirror: Mirror) -> None:
    mirror.sync(ScriptedFlow(pages=[page(*OLD)]))
    script = {image.name: picture(n) for n, image in enumerate(OLD)}
    mirror.download(ScriptedFlow(pictures={**script, "old-2": b"", "old-5": b""}))
    late = listed("late", media_key="late")
    assert mirror.synced(ScriptedFlow(pages=[page(late, *MOVED)])).new == 1
    # What had failed before has a new name to be asked for by.
    service = ScriptedFlow(pictures={"late": picture(99), "new-2": picture(2), "key-old-5": picture(5)})
    assert mirror.downloaded(service).downloaded == 3
    assert sorted(service.asked) == ["key-old-5", "late", "new-2"]
    expected = {image.name: picture(n) for n, image in enumerate(MOVED)}
    assert mirror.pictures_by_name() == {**expected, "late": picture(99)}


@after_the_move
def test_the_42_files_of_an_account_are_kept_over_the_wire_of_both_generations(
    mirror: Mirror, demo: DemoService, refreshed: bool
) -> None:
    assert mirror.synced(labs(demo)).new == 42
    assert mirror.downloaded(labs(demo)).downloaded == 42
    files = mirror.files()
    demo.move_account()
    if refreshed:
        mirror.refreshed()
    before = len(demo.requests)
    finished = mirror.synced(google(demo))
    assert (finished.new, finished.updated, finished.videos) == ((42, 0, 15) if refreshed else (0, 42, 15))
    assert mirror.downloaded(google(demo)).downloaded == 0
    assert {"/image/" in request.raw_path for request in demo.requests[before:]} == {False}
    assert len(mirror.pictures_by_name()) == 42
    assert mirror.files() == files


# Whatever is known of both names


@dataclass(frozen=True)
class Known:
    """What a listing of either generation tells of a picture."""

    name: str
    media_key: str
    legacy_name: str | None = None

    def listed(self) -> ListedImage:
        return listed(self.name, media_key=self.media_key, legacy_name=self.legacy_name)


OLD_NAMES, KEYS, NEW_NAMES = "ABCD", "wxyz", "wxyzpq"

# As in labs: one key may stand under two names.
labs_galleries = st.dictionaries(st.sampled_from(OLD_NAMES), st.sampled_from(KEYS)).map(
    lambda keys: [Known(name, key) for name, key in keys.items()]
)
google_galleries = st.dictionaries(
    st.sampled_from(NEW_NAMES), st.none() | st.sampled_from(OLD_NAMES), min_size=1
).map(lambda names: [Known(name, name, legacy) for name, legacy in names.items()])


def pages_of(images: Sequence[Known], size: int) -> list[Page]:
    starts = range(0, len(images), size)
    return [
        page(
            *(image.listed() for image in images[start : start + size]),
            cursor=f"after {start}" if start + size < len(images) else None,
        )
        for start in starts
    ]


@settings(max_examples=40, deadline=None)
@given(
    old=labs_galleries,
    new=google_galleries,
    downloaded=st.sets(st.sampled_from(OLD_NAMES)),
    refreshed=st.booleans(),
    size=st.integers(1, 6),
)
def test_no_file_is_lost_and_no_picture_is_had_twice_whatever_is_known_of_its_names(
    old: list[Known], new: list[Known], downloaded: set[str], refreshed: bool, size: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mirror = Mirror(Path(folder))
        mirror.knows(*(new_image(image.name, media_key=image.media_key) for image in old))
        script = {image.name: picture(KEYS.index(image.media_key)) for image in old}
        gone = {name: b"" for name in script if name not in downloaded}
        mirror.download(ScriptedFlow(pictures={**script, **gone}))
        if refreshed:
            mirror.refreshed()
        before = {row.id: row for row in mirror.rows().values()}
        ledger = mirror.query("SELECT media_key, name, path FROM saved_file")

        finished = mirror.synced(ScriptedFlow(pages=pages_of(new, size)))
        after = {row.id: row for row in mirror.rows().values()}
        assert {key: after[key].local_path for key in before} == {
            key: row.local_path for key, row in before.items()
        }
        assert {image.name for image in new} <= set(mirror.rows())
        assert finished.new == len(after) - len(before)
        # A record is made only where none of the old ones is the picture's, or another picture has it.
        listing = {image.name: image for image in new}
        unnamed = [row for key, row in before.items() if after[key].name == row.name]
        for made in (listing[row.name] for key, row in after.items() if key not in before):
            assert not [row for row in unnamed if row.name == made.legacy_name or row.media_key == made.name]

        again = mirror.synced(ScriptedFlow(pages=pages_of(new[::-1], size)))
        assert (again.new, again.updated) == (0, len(new))
        assert {row.id: row for row in mirror.rows().values()} == after

        missing = [row for row in after.values() if row.local_path is None]
        service = ScriptedFlow(pictures={row.name: b"" for row in missing})
        adopted = mirror.downloaded(service).adopted
        rows = mirror.rows()
        held = {row.local_path for row in rows.values()}
        asked = {row.name for row in missing if rows[row.name].local_path is None}
        assert (adopted, set(service.asked)) == (len(missing) - len(asked), asked)
        legacy = {name: image.legacy_name for name, image in listing.items()}
        for row in missing:
            by_key = {path for key, _, path in ledger if key == row.media_key}
            by_name = {path for _, name, path in ledger if name == legacy.get(row.name, "")}
            if row.name in asked:
                # It has no file that is known to be its own and nobody else's.
                assert not by_key
                assert by_name <= held
            else:
                assert rows[row.name].local_path in by_key | by_name
        mirror.close()
