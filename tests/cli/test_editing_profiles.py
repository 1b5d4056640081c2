"""New cookies, another account, another folder: what an edit changes, and what it leaves alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import Installation, cookie_values, nobody_there

EVE = "eve@example.com"


@contextmanager
def unchanged(flowimg: Installation) -> Iterator[None]:
    """Hold that what happens inside changes neither the profile nor its cookies."""
    before = flowimg.profile(), flowimg.credentials().read_bytes()
    yield
    assert (flowimg.profile(), flowimg.credentials().read_bytes()) == before


def holds(flowimg: Installation, header: str) -> bool:
    """Whether the profile's cookies are those of ``header``."""
    stored = flowimg.credentials().read_text("utf-8")
    return all(value in stored for value in cookie_values(header))


def signed_in_again(demo: DemoService, email: str | None = None) -> str:
    """Return the cookies of a browser that signed in anew; those before open nothing any more."""
    demo.sign_out()
    if email is not None:
        demo.use_account(email)
    return demo.cookie_header


# New cookies


def test_a_session_that_ended_lives_again_with_new_cookies(synced: Installation, demo: DemoService) -> None:
    new = signed_in_again(demo)
    assert synced.quick("sync").code == 3

    answer = synced.edit("studio", new)

    assert (answer.code, answer.stdout) == (0, "")
    assert answer.stderr.splitlines()[-1] == "studio has new cookies. Next: flowimg sync --profile studio"
    assert holds(synced, new)
    assert synced.quick("sync", "--json").json()["updated"] == 42


def test_an_edit_tells_of_the_profile_in_json_and_never_of_its_cookies(
    signed_in: Installation, demo: DemoService
) -> None:
    answer = signed_in.edit("studio", demo.cookie_header, "--json")

    assert answer.json() == {"schema": 1, **signed_in.profile()}
    assert cookie_values(demo.cookie_header)[0] not in answer.stdout + answer.stderr + signed_in.log()


def test_the_advice_on_missing_cookies_can_be_followed(synced: Installation, demo: DemoService) -> None:
    synced.credentials().unlink()
    file = synced.folder / "cookies.txt"
    file.write_text(demo.cookie_header, "utf-8")

    answer = synced.quick("sync")

    assert answer.code == 3
    assert "flowimg profile edit studio --cookies FILE" in answer.stderr
    assert synced.quick("profile", "edit", "studio", "--cookies", str(file)).code == 0
    assert synced.quick("sync", "--json").json()["updated"] == 42


def test_credentials_that_others_can_read_are_not_used(signed_in: Installation) -> None:
    signed_in.credentials().chmod(0o644)

    answer = signed_in.quick("sync")

    assert answer.code == 3
    assert f"chmod 600 '{signed_in.credentials()}'" in answer.stderr


@pytest.mark.parametrize(
    ("end", "code", "told"),
    [(DemoService.sign_out, 3, "Signed out: "), (DemoService.move_account, 8, "Moved: ")],
)
def test_cookies_that_open_nothing_change_nothing(
    signed_in: Installation,
    demo: DemoService,
    end: Callable[[DemoService], None],
    code: int,
    told: str,
) -> None:
    new = signed_in_again(demo)
    end(demo)

    with unchanged(signed_in):
        answer = signed_in.edit("studio", new)

    assert (answer.code, answer.stdout) == (code, "")
    assert told in answer.stderr
    assert answer.stderr.endswith("Nothing was changed.\n")


def test_unusable_cookies_change_nothing(signed_in: Installation) -> None:
    with unchanged(signed_in):
        answer = signed_in.edit("studio", "NID=1")

    assert (answer.code, answer.stdout) == (1, "")
    assert "none of a session of Flow" in answer.stderr


def test_where_flow_cannot_be_reached_the_new_cookies_are_kept_all_the_same(
    signed_in: Installation, demo: DemoService
) -> None:
    new = signed_in_again(demo)

    answer = signed_in.with_settings(**nobody_there()).edit("studio", new)

    assert answer.code == 0
    assert "Cannot tell: 127.0.0.1 cannot be reached" in answer.stderr
    assert holds(signed_in, new)
    assert signed_in.profile()["account"] == demo.account


def test_a_profile_that_is_not_there_cannot_be_edited(signed_in: Installation, demo: DemoService) -> None:
    answer = signed_in.edit("stduio", demo.cookie_header)

    assert (answer.code, answer.stdout) == (2, "")
    assert "There are: studio." in answer.stderr


# Another account


def test_cookies_of_another_account_are_refused_and_both_accounts_are_named(
    signed_in: Installation, demo: DemoService
) -> None:
    new = signed_in_again(demo, EVE)

    with unchanged(signed_in):
        answer = signed_in.edit("studio", new)

    assert (answer.code, answer.stdout) == (3, "")
    assert f"that of {EVE}; this profile belongs to ada@example.com" in answer.stderr
    assert "--account-changed" in answer.stderr
    assert answer.stderr.endswith("Nothing was changed.\n")


def test_where_the_user_says_that_the_account_changed_it_is_the_new_one_from_then_on(
    synced: Installation, demo: DemoService
) -> None:
    new = signed_in_again(demo, EVE)

    answer = synced.edit("studio", new, "--account-changed")

    assert answer.code == 0
    assert synced.profile()["account"] == EVE
    assert holds(synced, new)
    assert synced.quick("sync", "--json").json()["updated"] == 42
    demo.use_account("ada@example.com")
    assert synced.quick("sync").code == 3


def test_a_changed_account_that_flow_cannot_tell_now_is_learned_later(
    signed_in: Installation, demo: DemoService
) -> None:
    new = signed_in_again(demo, EVE)

    answer = signed_in.with_settings(**nobody_there()).edit("studio", new, "--account-changed")

    assert answer.code == 0
    assert holds(signed_in, new)
    assert signed_in.profile()["account"] is None
    check = signed_in.quick("profile", "check", "studio", "--json")
    assert (check.code, check.json()["state"], check.json()["account"]) == (0, "live", EVE)


@pytest.mark.parametrize("command", ["sync", "download"])
def test_an_account_that_changes_under_the_profile_brings_nothing_into_it(
    signed_in: Installation, demo: DemoService, command: str
) -> None:
    signed_in.insert_images(("bmFtZQ", "key"))
    demo.use_account(EVE)

    answer = signed_in.quick(command, "--json")

    assert answer.code == 3
    assert f"that of {EVE}; this profile belongs to ada@example.com" in answer.json()["error"]
    counts = signed_in.counts()
    assert (counts["images"], counts["pending"]) == (1, 1)
    assert signed_in.files() == []


def test_the_address_of_an_account_may_be_written_in_other_letters(
    signed_in: Installation, demo: DemoService
) -> None:
    demo.use_account("Ada@Example.com")

    assert signed_in.edit("studio", demo.cookie_header).code == 0


# Another folder


def test_another_folder_needs_no_cookies_and_asks_nobody(signed_in: Installation, demo: DemoService) -> None:
    own, elsewhere = signed_in.with_settings(output=""), str(signed_in.folder / "elsewhere")
    cookies, asked = own.credentials().read_bytes(), len(demo.requests)

    answer = own.quick("profile", "edit", "studio", "--output", elsewhere, "--json")

    assert (answer.code, answer.json()["output"]) == (0, elsewhere)
    assert answer.stderr == f"The next pictures of studio go to {elsewhere}; the others stay.\n"
    assert own.credentials().read_bytes() == cookies
    assert len(demo.requests) == asked


def test_an_empty_folder_is_the_default_again(signed_in: Installation) -> None:
    own = signed_in.with_settings(output="")
    default = own.profile()["output"]
    assert own.quick("profile", "edit", "studio", "--output", str(own.folder / "elsewhere")).code == 0

    answer = own.quick("profile", "edit", "studio", "--output", "")

    assert (answer.code, own.profile()["output"]) == (0, default)


def test_cookies_and_folder_can_change_at_once(signed_in: Installation, demo: DemoService) -> None:
    own, elsewhere = signed_in.with_settings(output=""), str(signed_in.folder / "elsewhere")
    new = signed_in_again(demo)

    answer = own.edit("studio", new, "--output", elsewhere)

    assert (answer.code, own.profile()["output"]) == (0, elsewhere)
    assert holds(own, new)


def test_files_stay_where_they_are_when_the_folder_changes(small: Installation) -> None:
    assert small.quick("download").code == 0
    files = {path: path.read_bytes() for path in small.files()}

    assert small.quick("profile", "edit", "studio", "--output", str(small.folder / "elsewhere")).code == 0

    assert small.quick("download", "--json").json()["pending"] == 0
    assert {path: path.read_bytes() for path in small.files()} == files
