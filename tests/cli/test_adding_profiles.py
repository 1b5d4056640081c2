"""Adding a profile: what people paste, what is kept of it, and what is refused and why."""

import json
import stat
from collections.abc import Callable

import pytest

from flowimg_tui.demo.service import DemoService
from tests.cli.helpers import INVENTED, SESSION, Answer, Installation, cookie_values, nobody_there
from tests.conftest import SERVICES, cookies_of

CANARY = "canary-1f0e9d8c7b6a"
SHARED = ("SID", "HSID", "SSID", "APISID", "SAPISID", "SIDCC")


def assert_nothing_told(flowimg: Installation, answer: Answer, header: str) -> None:
    """No value of a cookie is in what the command wrote, nor in the log."""
    told = answer.stdout + answer.stderr + flowimg.log()
    assert [value for value in cookie_values(header) if value in told] == []


def assert_nothing_added(flowimg: Installation, answer: Answer, code: int) -> None:
    assert (answer.code, answer.stdout) == (code, "")
    assert flowimg.left_behind() == []


# What people paste


def rows_of(header: str) -> list[tuple[str, str, str]]:
    """Return name, value and domain of each cookie, as an extension of the browser exports them."""
    cookies = [cookie.split("=", 1) for cookie in header.split("; ")]
    return [(name, value, _domain_of(name)) for name, value in cookies]


def _domain_of(name: str) -> str:
    if name == SESSION:
        return "labs.google"
    return "flow.google.com" if "OSID" in name else ".google.com"


def as_header(header: str) -> str:
    return f"Cookie: _ga=GA1; {header}; _gid=GA2\n"


def as_curl(header: str) -> str:
    return (
        f"curl 'https://{_domain_of(header.partition('=')[0]).lstrip('.')}/' \\\n"
        f"  -H 'accept: */*' \\\n  -b '_ga=GA1; {header}; _gid=GA2' \\\n  --compressed\n"
    )


def as_json(header: str) -> str:
    rows = [*rows_of(header), ("_ga", "GA1", ".google.com"), ("_gid", "GA2", "labs.google")]
    return json.dumps([{"name": name, "value": value, "domain": domain} for name, value, domain in rows])


def as_netscape(header: str) -> str:
    rows = [*rows_of(header), ("_ga", "GA1", ".google.com"), ("_gid", "GA2", "labs.google")]
    lines = [f"#HttpOnly_{domain}\tTRUE\t/\tTRUE\t0\t{name}\t{value}" for name, value, domain in rows]
    return "\n".join(["# Netscape HTTP Cookie File", *lines, ""])


FORMS = {
    "Cookie header": as_header,
    "cURL command (bash)": as_curl,
    "cookie-editor JSON": as_json,
    "cookies.txt": as_netscape,
}


@pytest.mark.parametrize("source", ["file", "stdin"])
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("form", FORMS)
def test_cookies_of_either_site_are_taken_in_each_form_from_a_file_and_from_stdin(
    flowimg: Installation, demo: DemoService, form: str, service: str, source: str
) -> None:
    header = cookies_of(demo, service)
    file = flowimg.folder / "pasted"
    pasted = FORMS[form](header)
    file.write_text(pasted, "utf-8")

    if source == "file":
        answer = flowimg.quick("profile", "add", "studio", "--cookies", str(file))
    else:
        answer = flowimg.add("studio", pasted)

    assert (answer.code, answer.stdout) == (0, "")
    assert answer.stderr.startswith(f"{form}: kept ")
    assert f"signed in as {demo.account}" in answer.stderr
    assert flowimg.profile()["service"] == service
    assert_nothing_told(flowimg, answer, header)


def test_the_session_token_alone_is_enough(flowimg: Installation, demo: DemoService) -> None:
    answer = flowimg.add("studio", demo.cookie_header.partition("=")[2])

    assert answer.code == 0
    assert f"session token alone: kept {SESSION} for labs.google." in answer.stderr
    assert_nothing_told(flowimg, answer, demo.cookie_header)


def test_what_was_kept_and_dropped_is_told_by_name_and_the_generation_with_it(
    flowimg: Installation, demo: DemoService
) -> None:
    answer = flowimg.add("studio", f"{demo.google_cookie_header}; NID={CANARY}")

    first, *_ = answer.stderr.splitlines()
    kept, dropped = first.split("; dropped ")
    assert kept.startswith("Cookie header: kept SID, HSID, SSID, APISID, SAPISID, __Secure-1PSID, ")
    assert kept.endswith(" for flow.google.com")
    assert dropped == "__Secure-1PAPISID, __Secure-3PAPISID, NID."
    assert CANARY not in answer.stderr
    assert CANARY not in flowimg.credentials().read_text("utf-8")


def test_expired_cookies_are_told_by_name(flowimg: Installation, demo: DemoService) -> None:
    over = f"#HttpOnly_.google.com\tTRUE\t/\tTRUE\t1000000000\tSIDCC\t{CANARY}\n"
    header = "; ".join(
        cookie for cookie in demo.google_cookie_header.split("; ") if not cookie.startswith("SIDCC=")
    )

    answer = flowimg.add("studio", as_netscape(header) + over)

    assert answer.code == 0
    assert "expired SIDCC" in answer.stderr
    assert CANARY not in answer.stderr


def test_of_two_sessions_labs_is_taken_and_a_setting_takes_the_other(
    flowimg: Installation, demo: DemoService
) -> None:
    both = f"{demo.google_cookie_header}; {demo.cookie_header}"

    labs = flowimg.add("labs", both)
    google = flowimg.with_settings(service="google").add("google", both)

    assert (labs.code, google.code) == (0, 0)
    assert 'there is a session of flow.google.com too (service = "google" takes it)' in labs.stderr
    assert 'there is a session of labs.google too (service = "labs" takes it)' in google.stderr
    assert [flowimg.profile(name)["service"] for name in ("labs", "google")] == ["labs", "google"]


# What comes of it


def test_an_added_profile_tells_its_folder_and_what_comes_next(
    flowimg: Installation, demo: DemoService
) -> None:
    answer = flowimg.add("studio", demo.cookie_header)

    assert answer.stderr.splitlines()[-2:] == [
        f"Added studio. Its pictures go to {flowimg.pictures}.",
        "Next: flowimg sync --profile studio",
    ]
    assert flowimg.quick("sync", "--profile", "studio").code == 0


def test_an_added_profile_tells_of_itself_in_json(flowimg: Installation, demo: DemoService) -> None:
    described = flowimg.add("studio", demo.google_cookie_header, "--json").json()

    assert (described["name"], described["service"], described["account"]) == (
        "studio",
        "google",
        demo.account,
    )
    assert (described["output"], described["synced_at"]) == (str(flowimg.pictures), None)


def test_a_profile_can_have_a_folder_of_its_own(flowimg: Installation, demo: DemoService) -> None:
    own = flowimg.with_settings(output="")

    assert own.add("studio", demo.cookie_header, "--output", str(flowimg.folder / "elsewhere")).code == 0

    assert own.profile()["output"] == str(flowimg.folder / "elsewhere")


@pytest.mark.parametrize("service", SERVICES)
def test_only_what_flow_needs_is_kept_in_a_file_that_its_owner_alone_can_read(
    flowimg: Installation, demo: DemoService, service: str
) -> None:
    header = cookies_of(demo, service)

    assert flowimg.add("studio", f"YSC={CANARY}; {header}; csrf={CANARY}").code == 0

    stored = json.loads(flowimg.credentials().read_bytes())["cookies"]
    assert stored.items() <= {name: value for name, value, _ in rows_of(header)}.items()
    assert set(stored) >= ({SESSION} if service == "labs" else {"OSID", "__Secure-1PSIDTS", *SHARED})
    assert stat.S_IMODE(flowimg.credentials().stat().st_mode) == 0o600
    assert stat.S_IMODE(flowimg.credentials().parent.stat().st_mode) == 0o700


def test_cookies_that_flow_rotates_while_they_are_checked_are_kept_as_they_are_now(
    flowimg: Installation, demo: DemoService
) -> None:
    old = demo.google_cookie_header
    demo.rotate_psidts()

    assert flowimg.add("studio", old).code == 0

    stored = json.loads(flowimg.credentials().read_bytes())["cookies"]
    assert stored.items() <= {name: value for name, value, _ in rows_of(demo.google_cookie_header)}.items()
    assert flowimg.quick("sync").code == 0


# Cookies that open nothing


def end_google(demo: DemoService) -> None:
    demo.rotate_psidts(page_renews=False)


@pytest.mark.parametrize(
    ("service", "end", "code", "told"),
    [
        ("labs", DemoService.sign_out, 3, "Signed out: Flow knows no session for these cookies"),
        ("google", DemoService.sign_out_google, 3, "Signed out: Flow's page names nobody who is signed in"),
        ("google", end_google, 3, "Signed out: "),
        ("labs", DemoService.move_account, 8, "Moved: "),
    ],
)
def test_cookies_that_flow_does_not_take_are_refused_with_what_to_do(
    flowimg: Installation,
    demo: DemoService,
    service: str,
    end: Callable[[DemoService], None],
    code: int,
    told: str,
) -> None:
    header = cookies_of(demo, service)
    end(demo)

    answer = flowimg.add("studio", header)

    assert_nothing_added(flowimg, answer, code)
    assert told in answer.stderr
    assert "copy" in answer.stderr
    assert answer.stderr.endswith("Nothing was added.\n")
    assert_nothing_told(flowimg, answer, header)


@pytest.mark.parametrize("service", SERVICES)
def test_where_flow_cannot_be_reached_that_is_told_and_the_cookies_are_kept(
    flowimg: Installation, demo: DemoService, service: str
) -> None:
    answer = flowimg.with_settings(**nobody_there()).add("studio", cookies_of(demo, service))

    assert answer.code == 0
    assert "Cannot tell: 127.0.0.1 cannot be reached" in answer.stderr
    assert "The cookies are kept all the same." in answer.stderr
    assert (flowimg.profile()["service"], flowimg.profile()["account"]) == (service, None)
    assert flowimg.quick("sync").code == 0
    assert flowimg.profile()["account"] == demo.account


# What is refused before anybody is asked


@pytest.mark.parametrize(
    ("cookies", "looks_like"),
    [
        ("", "The input is empty."),
        (" \r\n\t", "The input is empty."),
        (f"<!DOCTYPE html><html><body>{CANARY}</body></html>", "a web page or other markup"),
        (CANARY, "a single word: perhaps a value without the name of its cookie"),
        (b"\xff\xfe\x00" + CANARY.encode(), "a single word"),
        (f"https://labs.google/fx?token={CANARY}", "an address (URL), not cookies"),
        (f"Bearer ya29.{CANARY}", "a Bearer token"),
        ("/home/ada/cookies.txt", "the name of a file, not what stands in it"),
        ("curl 'https://labs.google/fx' -H 'accept: */*'", "a cURL command to labs.google without cookies"),
        ("[]", "an empty list of cookies (JSON)"),
        (f"NID={CANARY}; csrf={CANARY}", "a Cookie header with 2 cookies, but none of a session of Flow"),
        (f"{SESSION}=", f"a Cookie header in which the value of {SESSION} is empty, cut or damaged"),
        (f"{SESSION}={CANARY}\x1b]52;c;AAAA\x07", f"the value of {SESSION} is empty, cut or damaged"),
        (f"{SESSION}.1={CANARY}", f"a session in parts, of which {SESSION}.0 is missing"),
        (f"SID={CANARY}; HSID={CANARY}", "__Secure-1PSID or OSID of flow.google.com is missing"),
    ],
)
def test_unusable_cookies_leave_nothing_and_the_message_tells_what_they_look_like(
    flowimg: Installation, demo: DemoService, cookies: str | bytes, looks_like: str
) -> None:
    answer = flowimg.add("studio", cookies)

    assert_nothing_added(flowimg, answer, 1)
    assert looks_like in answer.stderr
    assert CANARY not in answer.stderr
    assert "\x1b" not in answer.stderr
    assert CANARY not in flowimg.log()
    assert demo.requests == []


@pytest.mark.parametrize("cookies", ["", "<html></html>", "NID=1"])
def test_the_message_on_unusable_cookies_names_what_is_missing_and_how_to_get_it(
    flowimg: Installation, cookies: str
) -> None:
    told = flowimg.add("studio", cookies).stderr

    assert f"What is needed: {SESSION} of labs.google, or __Secure-1PSID or OSID" in told
    assert "“Copy as cURL”" in told


@pytest.mark.parametrize(
    ("service", "held"), [("google", "labs"), ("labs", "google")], ids=["google", "labs"]
)
def test_cookies_of_the_other_site_than_the_setting_names_are_refused_with_both_names(
    flowimg: Installation, demo: DemoService, service: str, held: str
) -> None:
    sites = {"labs": "labs.google", "google": "flow.google.com"}

    answer = flowimg.with_settings(service=service).add("studio", cookies_of(demo, held))

    assert_nothing_added(flowimg, answer, 1)
    assert f"a session of {sites[held]}, but this profile is one of {sites[service]}" in answer.stderr
    assert demo.requests == []


def test_a_setting_that_names_the_other_site_keeps_a_profile_from_being_synced(
    signed_in: Installation, demo: DemoService
) -> None:
    asked = len(demo.requests)

    answer = signed_in.with_settings(service="google").quick("sync")

    assert (answer.code, answer.stdout) == (3, "")
    assert "those of labs.google, but its service is set to google (flow.google.com)" in answer.stderr
    assert len(demo.requests) == asked


def test_a_file_that_is_far_too_large_is_not_read_to_its_end(flowimg: Installation) -> None:
    file = flowimg.folder / "large"
    file.write_bytes(b"a=b; " * 60_000)

    answer = flowimg.quick("profile", "add", "studio", "--cookies", str(file))

    assert_nothing_added(flowimg, answer, 2)
    assert "those are no cookies of one site" in answer.stderr


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_ends_with_2_and_the_reason(
    flowimg: Installation, name: str, reason: str
) -> None:
    answer = flowimg.quick("profile", "add", "studio", "--cookies", str(flowimg.folder / name))

    assert_nothing_added(flowimg, answer, 2)
    assert f"--cookies names no file that can be read: {reason}." in answer.stderr


@pytest.mark.parametrize(
    "pasted", [f"{SESSION}={CANARY}", f"SID={CANARY}; {SESSION}=x", f"SID={CANARY}; {'x' * 300}"]
)
def test_cookies_pasted_in_place_of_the_file_are_not_repeated(flowimg: Installation, pasted: str) -> None:
    answer = flowimg.quick("profile", "add", "studio", "--cookies", pasted)

    assert answer.code == 2
    assert CANARY not in answer.stdout + answer.stderr


@pytest.mark.parametrize("name", ["", "a b", "../studio", "studio/", ".hidden", "ä", "x" * 41, "a\x1b[31m"])
def test_a_name_that_cannot_name_a_file_is_refused(
    flowimg: Installation, demo: DemoService, name: str
) -> None:
    answer = flowimg.add(name, demo.cookie_header)

    assert_nothing_added(flowimg, answer, 1)
    assert "1 to 40 letters, digits, - and _" in answer.stderr
    assert "\x1b" not in answer.stderr


def test_a_second_profile_of_that_name_is_refused_and_the_first_keeps_its_cookies(
    signed_in: Installation,
) -> None:
    before = signed_in.credentials().read_bytes()

    answer = signed_in.add("studio", INVENTED)

    assert (answer.code, answer.stdout) == (1, "")
    assert "already a profile studio" in answer.stderr
    assert signed_in.credentials().read_bytes() == before
    assert signed_in.left_behind() == ["studio", "studio.json"]


def test_where_the_credentials_cannot_be_kept_safe_no_profile_is_added(
    flowimg: Installation, demo: DemoService
) -> None:
    folder = flowimg.home / "credentials"
    folder.mkdir(parents=True)
    folder.chmod(0o755)

    answer = flowimg.add("studio", demo.cookie_header)

    assert_nothing_added(flowimg, answer, 1)
    assert f"Other users can reach {folder}" in answer.stderr
    assert f"chmod 700 '{folder}'" in answer.stderr
