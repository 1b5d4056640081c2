"""Keys, names and sentences of a hostile service: no file leaves its folder, no terminal is steered.

Each image is one of two things in the end: a picture under a safe name, or a failure that is named.
"""

import base64
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import INVENTED, Answer, Installation, ScriptedFlow, listing
from tests.faults.scene import AT_ONCE, failed, told
from tests.faults.soundness import unfinished

HOSTILE: Final = {
    "a way out": "../../x",
    "a way out, encoded": "..%2f..%2fx",
    "a way out, of Windows": "..\\..\\x",
    "an absolute path": "/etc/x",
    "a drive": "C:\\x",
    "a folder within": "one/two",
    "this folder": ".",
    "the folder above": "..",
    "a hidden file": ".profile",
    "an option": "-rf",
    "markup": "[/] [@click=app.quit]x[/]",
    "a title": "\x1b]0;owned\x07",
    "a clipboard": "\x1b]52;c;ZXZpbA==\x1b\\",
    "C1": "\x9b31mred\x9d0;x\x9c",
    "C0": "a\r\nb\tc\x08\x0b\x7fd",
    "NUL": "a\0b",
    "400 characters": "k" * 400,
    "400 wide ones": "漢" * 400,
    "a device": "CON",
    "a device in small letters": "nul",
    "a device with an extension": "com1.txt",
    "dots at the end": "picture...",
    "blanks at the end": "picture  ",
    "blanks alone": "  ",
    "right to left": "\u202egpj.exe",
    "lines by another name": "a\u2028b\u2029c\x85d",
    "a quote": "x'; DROP TABLE image; --",
    "a pattern": '*?<>|"$(id)`id`{1..9}',
}
"""What the database can hold."""

HALF_A_PAIR: Final = "a\ud800b"
"""What no file and no database can hold: it is no text."""

STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SAFE_NAME: Final = re.compile(r"(?!(?i:con|prn|aux|nul|com\d|lpt\d)\.)[A-Za-z0-9][A-Za-z0-9_-]{0,127}\.png")
LOOKS: Final = (
    ("list",),
    ("list", "--json"),
    ("status",),
    ("status", "--json"),
    ("profile", "show", "studio"),
)


@pytest.fixture(scope="module")
def picture() -> bytes:
    with DemoService() as demo:
        images, _ = demo.gallery.page(None, 42)
        return demo.picture(next(image.media_key for image in images if image.format.value == "png"))


@pytest.fixture
def flow(picture: bytes) -> Iterator[ScriptedFlow]:
    """A service that has one picture for whatever it is asked."""
    answer = {"userUploadedImage": {"image": base64.b64encode(picture).decode()}}
    with ScriptedFlow(media=(200, json.dumps(answer).encode())) as service:
        yield service


@pytest.fixture
def flowimg(flow: ScriptedFlow, tmp_path: Path) -> Installation:
    return installation(flow, tmp_path)


def installation(flow: ScriptedFlow, folder: Path) -> Installation:
    variables = {"FLOWIMG_HOME": str(folder / "home"), "FLOWIMG_OUTPUT": str(folder / "out" / "pictures")}
    flowimg = Installation(variables, folder).with_settings(**AT_ONCE, **flow.settings)
    assert flowimg.add("studio", INVENTED).code == 0
    return flowimg


def tell(flow: ScriptedFlow, *names: str, media_keys: Mapping[str, str] | None = None) -> None:
    flow.answers["/fx/api/trpc/"] = (200, listing(*names, media_keys=media_keys))


def plain(answer: Answer) -> Answer:
    """Return the answer, in which nothing but the ends of its lines is a control character."""
    written = answer.stdout + answer.stderr
    found = {one for one in written if one != "\n" and unicodedata.category(one) in STEERING}
    assert found == set(), written
    assert "Traceback" not in written
    return answer


def assert_in_their_place(flowimg: Installation, picture: bytes) -> None:
    """All that is on the disk are whole pictures under safe names, in folders that are days."""
    out = flowimg.folder / "out"
    for file in (path for path in out.rglob("*") if not path.is_dir()):
        assert file.resolve() == file
        assert re.fullmatch(r"pictures/\d{4}-\d\d-\d\d/[^/]+", str(file.relative_to(out)))
        assert _SAFE_NAME.fullmatch(file.name)
        assert file.read_bytes() == picture
    assert {path.name for path in flowimg.folder.iterdir()} == {"home", "out", "one-certificate.pem"}
    assert unfinished(flowimg) == []


def assert_the_looks_are_plain(flowimg: Installation) -> None:
    for look in LOOKS:
        assert plain(flowimg.quick(*look)).code == 0


def rows(flowimg: Installation, column: str) -> list[str]:
    with closing(flowimg.database()) as database:
        found = database.execute(f"SELECT {column} FROM image")  # noqa: S608 - a column's name of this test
        return [str(row[0]) for row in found]


def test_a_hostile_media_key_names_a_file_in_its_folder(
    flow: ScriptedFlow, flowimg: Installation, picture: bytes
) -> None:
    keys = {f"image-{number}": key for number, key in enumerate(HOSTILE.values())}
    tell(flow, *keys, media_keys=keys)
    assert plain(flowimg.quick("sync")).code == 0
    assert set(rows(flowimg, "media_key")) == set(HOSTILE.values())

    answer = plain(flowimg.quick("download", "--jsonl"))

    assert answer.code == 0, answer.stderr
    assert_in_their_place(flowimg, picture)
    # No two keys share a file.
    assert sorted(rows(flowimg, "local_path")) == sorted(str(path) for path in flowimg.files())
    assert len(flowimg.files()) == len(HOSTILE)
    assert_the_looks_are_plain(flowimg)
    assert plain(flowimg.quick("verify")).code == 0

    assert plain(flowimg.quick("refresh", "--profile", "studio", "--yes")).code == 0
    assert flowimg.quick("sync").code == 0
    assert plain(flowimg.quick("download", "--json")).json()["adopted"] == len(HOSTILE)


def test_a_file_with_a_hostile_key_that_is_lost_is_told_and_fetched_again(
    flow: ScriptedFlow, flowimg: Installation, picture: bytes
) -> None:
    keys = {f"image-{number}": key for number, key in enumerate(HOSTILE.values())}
    tell(flow, *keys, media_keys=keys)
    assert flowimg.quick("sync").code == 0
    assert flowimg.quick("download").code == 0
    for file in flowimg.files():
        file.unlink()

    assert plain(flowimg.quick("verify")).code == 4
    assert plain(flowimg.quick("download")).code == 0
    assert_in_their_place(flowimg, picture)
    assert len(flowimg.files()) == len(HOSTILE)


def is_asked_for(name: str) -> bool:
    """Tell whether a name, without its white space, is of the letters that Flow's have."""
    return re.fullmatch(r"[A-Za-z0-9+/=_$-]+", "".join(name.split())) is not None


def test_a_hostile_name_is_a_picture_or_a_failure_that_is_named(
    flow: ScriptedFlow, flowimg: Installation, picture: bytes
) -> None:
    names = [name for name in HOSTILE.values() if name.strip()]
    keys = {name: f"key-{number}" for number, name in enumerate(names)}
    tell(flow, *names, media_keys=keys)
    assert plain(flowimg.quick("sync")).code == 0

    answer = plain(flowimg.quick("download", "--json"))

    assert answer.code == 4
    lacking = failed(told(answer))
    assert set(lacking) == {keys[name] for name in names if not is_asked_for(name)}
    assert {path.stem for path in flowimg.files()} == set(keys.values()) - set(lacking)
    assert_in_their_place(flowimg, picture)
    assert_the_looks_are_plain(flowimg)
    assert plain(flowimg.quick("verify")).code == 0


def test_a_name_alone_serves_as_the_key_and_is_as_harmless(
    flow: ScriptedFlow, flowimg: Installation, picture: bytes
) -> None:
    names = [name for name in HOSTILE.values() if name.strip()]
    tell(flow, *names, media_keys=dict.fromkeys(names, ""))
    assert plain(flowimg.quick("sync")).code == 0

    tally = plain(flowimg.quick("download", "--json")).json()

    assert tally["downloaded"] == sum(map(is_asked_for, names))
    assert tally["failed"] == len(names) - tally["downloaded"]
    assert len(flowimg.files()) == tally["downloaded"]
    assert_in_their_place(flowimg, picture)
    assert_the_looks_are_plain(flowimg)


@pytest.mark.parametrize("where", ["key", "name"])
def test_half_a_surrogate_pair_costs_its_own_image_alone(
    flow: ScriptedFlow, flowimg: Installation, picture: bytes, where: str
) -> None:
    names = ["first", HALF_A_PAIR if where == "name" else "spoilt", "last"]
    keys = dict(zip(names, ("key-1", HALF_A_PAIR if where == "key" else "key-2", "key-3"), strict=True))
    tell(flow, *names, media_keys=keys)

    synced = plain(flowimg.quick("sync"))

    assert "item 1: " in flowimg.log()
    assert "1 item" in synced.stdout + synced.stderr
    assert plain(flowimg.quick("download")).code == 0
    assert {path.stem for path in flowimg.files()} == {"key-1", "key-3"}
    assert_in_their_place(flowimg, picture)
    assert_the_looks_are_plain(flowimg)


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_sentence_of_a_hostile_service_is_told_plainly(
    flow: ScriptedFlow, flowimg: Installation, status: int
) -> None:
    tell(flow, "first")
    assert flowimg.quick("sync").code == 0
    said = "".join((*HOSTILE.values(), HALF_A_PAIR))
    error = {"code": 7, "message": said, "status": said, "json": {"message": said}}
    body = json.dumps({"error": error, said: said}).encode()
    flow.answers["/v1/media/"] = flow.answers["/fx/api/trpc/"] = (status, body)

    tally = told(plain(flowimg.with_settings(retries="2").quick("download", "--json")))
    assert set(failed(tally)) == {"key-first"}
    assert plain(flowimg.with_settings(retries="2").quick("sync")).code != 0
    assert_the_looks_are_plain(flowimg)


def test_an_account_of_a_hostile_name_is_told_plainly(tmp_path: Path) -> None:
    with ScriptedFlow(email="".join(HOSTILE.values())) as flow:
        flowimg = installation(flow, tmp_path)
        tell(flow, "first")
        assert plain(flowimg.quick("sync")).code == 0
        assert plain(flowimg.quick("profile", "check", "studio")).code == 0
        assert_the_looks_are_plain(flowimg)
