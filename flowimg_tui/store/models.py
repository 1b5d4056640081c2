"""The tables, as Peewee sees them. :mod:`flowimg_tui.store.migrations` makes them.

The models are bound to no database: a query is given one when it is executed.
"""

from datetime import UTC, datetime
from typing import Any, Final

from peewee import SQL, AutoField, ForeignKeyField, IntegerField, Model, TextField


class UtcField(TextField):
    """An aware ``datetime`` as fixed-width UTC text, so that text order is time order."""

    def db_value(self, value: datetime | None) -> str | None:
        return None if value is None else _utc_text(value)

    def python_value(self, value: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Profile(Model):
    """One account of one person."""

    id = AutoField()
    name = TextField(unique=True)
    service = TextField()
    account = TextField(null=True)
    output = TextField(null=True)
    flow_key = TextField(null=True)
    created_at = UtcField()
    synced_at = UtcField(null=True)
    syncs = IntegerField(constraints=[SQL("DEFAULT 0")])
    """How many syncs were begun: the number of the running one marks the images it has met."""
    place = TextField(null=True)
    """The cursor of the page that an interrupted sync would ask for next: it holds an account id."""
    place_at = UtcField(null=True)
    """When the page before it was committed."""
    filter_text = TextField(constraints=[SQL("DEFAULT ''")])
    """What was looked for in its gallery last, as it was typed, and in which order."""
    sort_key = TextField(constraints=[SQL("DEFAULT 'created'")])
    descending = IntegerField(constraints=[SQL("DEFAULT 1")])

    class Meta:
        table_name = "profile"


NO_PLACE: Final[dict[str, None]] = {"place": None, "place_at": None}
"""What a profile says where no sync waits to be gone on with."""


class Image(Model):
    """One record of a profile's gallery.

    The table has one more column, ``state``, which SQLite works out where it is asked for.
    """

    id = AutoField()
    profile = ForeignKeyField(Profile, column_name="profile_id")
    name = TextField()
    workflow_id = TextField(null=True)
    media_key = TextField()
    aspect_ratio = TextField(null=True)
    fife_url = TextField(null=True)
    local_path = TextField(null=True)
    created_at = UtcField(null=True)
    last_sync = IntegerField()
    failure = TextField(null=True)
    failed_at = UtcField(null=True)
    tries = IntegerField(constraints=[SQL("DEFAULT 0")])
    """How many requests failed runs have made for it."""
    failed_runs = IntegerField(constraints=[SQL("DEFAULT 0")])
    """How many runs in a row could not have it."""
    parked_at = UtcField(null=True)
    """Since when downloads leave it alone, because too many could not have it."""
    title = TextField(null=True)
    prompt = TextField(null=True)
    seed = IntegerField(null=True)
    width = IntegerField(null=True)
    height = IntegerField(null=True)
    project_title = TextField(null=True)
    legacy_name = TextField(null=True)
    file_size = IntegerField(null=True)
    """That of the saved file at ``local_path``; triggers keep it, so that an index can have its order."""
    endings = TextField(null=True)
    """How the last tries ended, the latest last, as JSON: so it goes and comes back with its image."""

    class Meta:
        table_name = "image"


class SavedFile(Model):
    """The ledger row of a picture on disk. It survives a force refresh."""

    id = AutoField()
    profile = ForeignKeyField(Profile, column_name="profile_id")
    media_key = TextField()
    path = TextField()
    size = IntegerField()
    sha256 = TextField()
    mime = TextField()
    source = TextField()
    saved_at = UtcField()
    name = TextField(null=True)

    class Meta:
        table_name = "saved_file"
