"""Where the listing of flow.google.com goes on: it lists projects, and then the contents of each."""

import base64
import hashlib
from typing import Annotated, Final, Self

import msgspec

from flowimg_tui.flow import google_wire
from flowimg_tui.flow.errors import ListingLoops, NotUnderstood
from flowimg_tui.secret import Secret

_MARK: Final = 8
_MARKS_LIMIT: Final = 10_000
_IDLE_LIMIT: Final = 20


class Place(msgspec.Struct, frozen=True):
    """Where the listing goes on: in the projects that are known, then at the next page of projects.

    It travels as the cursor of the listing, so that a listing can go on in another run.
    """

    projects: tuple[
        tuple[
            Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{1,128}\Z")],
            Annotated[str, msgspec.Meta(max_length=200)] | None,
        ],
        ...,
    ] = ()
    cursor: str | None = None
    marks: str = ""
    """Digests of the projects and the cursors that were there, one after the other."""
    idle: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How many pages of projects in a row named none."""

    def __repr__(self) -> str:
        return f"Place({len(self.projects)} projects, idle={self.idle})"

    @classmethod
    def of(cls, cursor: Secret) -> "Place":
        """Raises :class:`NotUnderstood` for what is not a cursor of this listing, or would begin it again."""
        try:
            place = _DECODER.decode(cursor.reveal())
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise NotUnderstood("This is not a place in the listing", "cursor") from None
        if not place.projects and not place.cursor:
            raise NotUnderstood("The place in the listing is empty", "cursor")
        return place

    def as_cursor(self) -> Secret | None:
        if not self.projects and self.cursor is None:
            return None
        return Secret(msgspec.json.encode(self).decode("utf-8"))

    def followed_by(self, page: google_wire.ProjectPage) -> Self:
        """Return the place at the beginning of ``page``, without the projects that were there before.

        Projects move while they are listed, so that one can come twice. Raises :class:`ListingLoops` where
        nothing else comes.
        """
        seen = {self.marks[at : at + _MARK] for at in range(0, len(self.marks), _MARK)}
        marked = [(_mark("project", project.project_id), project) for project in page.projects]
        new = {mark: (project.project_id, project.title) for mark, project in marked if mark not in seen}
        idle = 0 if new else self.idle + 1
        if page.cursor is None:
            return type(self)(tuple(new.values()))
        cursor = page.cursor.reveal()
        repeats = _mark("cursor", cursor) in seen or (page.projects and not new)
        if repeats or idle > _IDLE_LIMIT or len(seen) > _MARKS_LIMIT:
            raise ListingLoops("The pages of projects repeat, or go on without end", "UpteDb[1]")
        marks = "".join((self.marks, *new, _mark("cursor", cursor)))
        return type(self)(tuple(new.values()), cursor, marks, idle)


def _mark(*parts: str) -> str:
    digest = hashlib.sha256("\n".join(parts).encode("utf-8")).digest()
    return base64.urlsafe_b64encode(digest)[:_MARK].decode("ascii")


# Made here, once, as those of ``labs_wire`` are.
_DECODER: Final = msgspec.json.Decoder(Place)
