"""Syncs of a gallery that changes while it is read, with downloads between them: nothing is ever lost."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.service import Account, Media, Page, Progress
from flowimg_tui.mirror.events import PageSynced, SyncEvent, SyncFinished
from flowimg_tui.secret import Secret
from tests.mirror.helpers import NOON, Mirror, file_record, listed, of_kind, only


@dataclass
class ChangingGallery:
    """A listing, newest first, into which images come while somebody pages through it."""

    names: list[str]
    by_offset: bool
    size: Callable[[], int]
    """The size of the next page."""
    arrivals: Callable[[int], int]
    """How many images arrive before a page of this size is read."""
    repeats: Callable[[list[str]], list[str]]
    """Which of the names given out so far stand once more on the page."""
    given_out: list[str] = field(default_factory=list)
    page_number: int = 0

    async def account(self) -> Account:
        return Account("ada@example.com", NOON)

    async def list_page(self, cursor: Secret | None) -> Page:
        size = self.size()
        if cursor is None:
            self.given_out.clear()
            self.page_number, start = 0, 0
        else:
            self._arrive(self.arrivals(size))
            place = cursor.reveal().partition(":")[2]
            start = int(place) if self.by_offset else self.names.index(place) + 1
        self.page_number += 1
        names = self.names[start : start + size]
        stop = start + len(names)
        place = str(stop) if self.by_offset else names[-1] if names else ""
        more = bool(names) and stop < len(self.names)
        shown = names + self.repeats(self.given_out)
        self.given_out += shown
        # The number keeps each token apart, as an opaque token is.
        following = Secret(f"{self.page_number}:{place}") if more else None
        return Page(tuple(listed(name) for name in shown), (), following)

    def _arrive(self, count: int) -> None:
        self.names[:0] = [f"image-{len(self.names) + number}" for number in range(count)]

    async def media(self, name: str, progress: Progress) -> Media:
        raise AssertionError(f"a sync asks for no picture: {name}, {progress}")

    async def fetch(self, url: Secret, progress: Progress) -> bytes:
        raise AssertionError(f"a sync asks for no picture: {url}, {progress}")

    async def aclose(self) -> None:
        pass


@settings(max_examples=40, deadline=None)
@given(data=st.data(), by_offset=st.booleans(), images=st.integers(0, 14), syncs=st.integers(1, 3))
def test_nothing_is_lost_whatever_happens_between_the_pages(
    data: st.DataObject, by_offset: bool, images: int, syncs: int
) -> None:
    service = ChangingGallery(
        names=[f"image-{number}" for number in reversed(range(images))],
        by_offset=by_offset,
        size=lambda: data.draw(st.integers(1, 5), "page size"),
        # With as many arrivals as a page is long, paging by offset shows a page that was all seen before.
        arrivals=lambda size: data.draw(st.integers(0, size - 1), "arrivals"),
        repeats=lambda seen: data.draw(
            st.lists(st.sampled_from(seen), max_size=2) if seen else st.just([]), "repeats"
        ),
    )
    files: dict[str, str] = {}
    failures: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        mirror = Mirror(Path(folder))

        def something_happens(event: SyncEvent | None) -> None:
            known = mirror.rows()
            if not known or not (event is None or isinstance(event, PageSynced)):
                return
            for name in data.draw(st.lists(st.sampled_from(sorted(known)), max_size=3), "touched"):
                if data.draw(st.booleans(), "downloaded"):
                    files[name] = f"/p/{name}.png"
                    record = file_record(f"key-{name}", files[name])
                    mirror.gallery.record_saved(mirror.profile.id, known[name].id, record)
                    failures.discard(name)
                elif name not in files:
                    mirror.gallery.record_failure(known[name].id, "gone", NOON)
                    failures.add(name)

        for _ in range(syncs):
            before = mirror.rows()
            listed_before = set(service.names)
            events = mirror.sync(service, seen=lambda event, _stop: something_happens(event))
            finished, met = only(events, SyncFinished), set(service.given_out)
            assert finished.complete, finished.error
            assert (finished.new, finished.updated) == (len(met - set(before)), len(met & set(before)))
            pages = of_kind(events, PageSynced)
            assert (finished.new, finished.updated, finished.pages) == (
                sum(page.new for page in pages),
                sum(page.updated for page in pages),
                len(pages),
            )
            after = mirror.rows()
            assert set(after) == set(before) | met
            assert listed_before <= set(after)
            assert {name: row.id for name, row in after.items() if name in before} == {
                name: row.id for name, row in before.items()
            }
            something_happens(None)
        rows = mirror.rows()
        assert {name: row.local_path for name, row in rows.items() if row.local_path} == files
        assert {name for name, row in rows.items() if row.failure and not row.local_path} == failures
        for name, path in files.items():
            assert path in [file.path for file in mirror.gallery.files_of(mirror.profile.id, f"key-{name}")]
        counts = mirror.gallery.counts(mirror.profile.id)
        assert (counts.images, counts.downloaded, counts.failed) == (len(rows), len(files), len(failures))
        mirror.close()
