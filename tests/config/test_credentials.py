"""Credentials on disk: nobody else's to read, replaced as a whole, and refused with what to do."""

import os
import re
import stat
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from flowimg_tui.config.credentials import CredentialsError, CredentialStore, check_profile_name
from flowimg_tui.secret import Secret

COOKIES = {"__Secure-next-auth.session-token": Secret("canary")}
ROTATED = {"__Secure-next-auth.session-token": Secret("rotated")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "credentials"


@pytest.fixture
def store(folder: Path) -> CredentialStore:
    return CredentialStore(folder)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_written_is_read(store: CredentialStore) -> None:
    store.write("studio", COOKIES)
    store.write("home", {"a": Secret("ä=;\n")})
    assert store.read("studio") == COOKIES
    assert store.read("home") == {"a": Secret("ä=;\n")}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777 & ~0o700])
def test_only_the_owner_can_read_them_whatever_the_umask(
    store: CredentialStore, folder: Path, umask: int
) -> None:
    former = os.umask(umask)
    try:
        store.write("studio", COOKIES)
        store.write("studio", COOKIES)
    finally:
        os.umask(former)
    assert mode(folder) == 0o700
    assert [mode(path) for path in folder.iterdir()] == [0o600]


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_reach_is_refused_with_its_remedy(
    store: CredentialStore, folder: Path, wide: int
) -> None:
    store.write("studio", COOKIES)
    path = folder / "studio.json"
    path.chmod(wide)
    with pytest.raises(CredentialsError, match=re.escape(f"chmod 600 '{path}'")):
        store.read("studio")
    path.chmod(0o600)
    assert store.read("studio") == COOKIES


@pytest.mark.parametrize("wide", [0o750, 0o705, 0o777])
def test_a_folder_that_others_can_reach_is_refused_with_its_remedy(
    store: CredentialStore, folder: Path, wide: int
) -> None:
    store.write("studio", COOKIES)
    folder.chmod(wide)
    with pytest.raises(CredentialsError, match=re.escape(f"chmod 700 '{folder}'")):
        store.read("studio")
    with pytest.raises(CredentialsError, match=re.escape(f"chmod 700 '{folder}'")):
        store.write("other", COOKIES)
    assert [path.name for path in folder.iterdir()] == ["studio.json"]


def test_replacing_is_all_or_nothing(
    store: CredentialStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("studio", COOKIES)

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CredentialsError, match="cannot be written: No space left on device"):
        store.write("studio", {"a": Secret("b")})
    assert store.read("studio") == COOKIES
    assert [path.name for path in folder.iterdir()] == ["studio.json"]


def test_a_replaced_file_is_another_file(store: CredentialStore, folder: Path) -> None:
    """Whoever has the old one open goes on reading the old one as a whole."""
    store.write("studio", COOKIES)
    with (folder / "studio.json").open("rb") as old:
        store.write("studio", {"a": Secret("b")})
        assert b"canary" in old.read()
    assert store.read("studio") == {"a": Secret("b")}


# Several writers


def test_cookies_are_replaced_where_the_old_ones_still_stand(store: CredentialStore) -> None:
    store.write("studio", COOKIES)
    assert store.replace("studio", COOKIES, ROTATED)
    assert store.read("studio") == ROTATED


def test_cookies_that_were_given_meanwhile_are_not_replaced(store: CredentialStore) -> None:
    store.write("studio", COOKIES)
    store.write("studio", {"given": Secret("meanwhile")})
    assert not store.replace("studio", COOKIES, ROTATED)
    assert store.read("studio") == {"given": Secret("meanwhile")}


def test_cookies_that_were_removed_meanwhile_do_not_come_back(store: CredentialStore, folder: Path) -> None:
    store.write("studio", COOKIES)
    store.remove("studio")
    with pytest.raises(CredentialsError, match="There are no cookies for studio"):
        store.replace("studio", COOKIES, ROTATED)
    assert list(folder.iterdir()) == []


def test_of_many_that_replace_the_same_cookies_at_once_one_does(folder: Path) -> None:
    CredentialStore(folder).write("studio", COOKIES)
    offers = [{"rotated": Secret(str(number))} for number in range(8)]
    together = threading.Barrier(len(offers))

    def replace(offer: Mapping[str, Secret]) -> bool:
        together.wait()
        return CredentialStore(folder).replace("studio", COOKIES, offer) is not None

    with ThreadPoolExecutor(len(offers)) as pool:
        replaced = list(pool.map(replace, offers))
    (taken,) = [offer for offer, done in zip(offers, replaced, strict=True) if done]
    assert CredentialStore(folder).read("studio") == taken


def test_two_writers_at_once_never_tear_the_file(store: CredentialStore, folder: Path) -> None:
    short, long = {"short": Secret("a")}, {"long": Secret("b" * 100_000)}
    store.write("studio", short)

    def write(cookies: Mapping[str, Secret]) -> None:
        for _ in range(30):
            CredentialStore(folder).write("studio", cookies)

    seen = []
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, cookies) for cookies in (short, long)]
        while not all(writer.done() for writer in writers):
            seen.append(store.read("studio"))
    assert [writer.exception() for writer in writers] == [None, None]
    assert all(cookies in (short, long) for cookies in [*seen, store.read("studio")])
    assert [(path.name, mode(path)) for path in folder.iterdir()] == [("studio.json", 0o600)]


def test_each_write_makes_another_version(store: CredentialStore) -> None:
    assert store.version("studio") is None
    versions = []
    for _ in range(3):
        store.write("studio", COOKIES)
        versions.append(store.version("studio"))
    assert None not in versions
    assert all(before != after for before, after in pairwise(versions))
    assert store.version("studio") == versions[-1]
    store.remove("studio")
    assert store.version("studio") is None


# What cannot be used


def test_credentials_that_are_not_there_are_asked_for(store: CredentialStore) -> None:
    with pytest.raises(CredentialsError, match="flowimg profile edit studio --cookies FILE"):
        store.read("studio")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"cookies": 1}', b'{"cookies": {"a": 1}}', b"\xff\xfe", b'{"canary": ""}']
)
def test_a_damaged_file_is_refused_by_its_path_and_not_quoted(
    store: CredentialStore, folder: Path, content: bytes
) -> None:
    store.write("studio", COOKIES)
    path = folder / "studio.json"
    path.write_bytes(content)
    with pytest.raises(CredentialsError, match=f"{re.escape(str(path))} is damaged") as refusal:
        store.read("studio")
    assert "canary" not in str(refusal.value)
    store.write("studio", COOKIES)
    assert store.read("studio") == COOKIES


def test_removing_leaves_nothing_and_can_be_done_twice(store: CredentialStore, folder: Path) -> None:
    store.write("studio", COOKIES)
    store.write("home", COOKIES)
    store.remove("studio")
    store.remove("studio")
    assert [path.name for path in folder.iterdir()] == ["home.json"]


def test_a_folder_in_the_place_of_the_file_is_told_by_its_path(store: CredentialStore, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True)
    (folder / "studio.json").mkdir(mode=0o700)
    for action in (store.read, store.remove):
        with pytest.raises(CredentialsError, match=re.escape(str(folder / "studio.json"))):
            action("studio")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".a", "-a", "_a", "a b", "ä", "a" * 41, "a\n", "a.json"])
def test_a_name_that_could_leave_the_folder_is_refused(
    store: CredentialStore, folder: Path, name: str
) -> None:
    with pytest.raises(ValueError, match="1 to 40 letters"):
        check_profile_name(name)
    with pytest.raises(ValueError, match="1 to 40 letters"):
        store.write(name, COOKIES)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["a", "studio-2", "A_b-3", "9" * 40])
def test_a_plain_name_is_taken(name: str) -> None:
    assert check_profile_name(name) == name


def test_no_error_and_no_repr_shows_a_cookie(store: CredentialStore, folder: Path) -> None:
    store.write("studio", COOKIES)
    assert "canary" not in repr(store.read("studio"))
    assert "canary" in (folder / "studio.json").read_text()
