"""Cookies in every form people have them: what is kept, what is told, and what paste damage may not do."""

import base64
import json
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowimg_tui.flow.cookies import SESSION_COOKIE, Service, UnusableCookies, cookie_header
from flowimg_tui.flow.pasted import Form, PastedCookies, read_pasted
from flowimg_tui.secret import Secret

ANY_PACE = settings(deadline=None, max_examples=40)
NOW = 1_790_000_000.0
LATER, EARLIER = int(NOW) + 86_400, int(NOW) - 60

# A JWE has five parts, and the second of a next-auth session is empty.
TOKEN = (
    base64.urlsafe_b64encode(b'{"alg":"dir","enc":"A256GCM"}').decode().rstrip("=")
    + "..c4n4ryNonce_-x."
    + "c4n4ryBody-_09AZ" * 40
    + ".c4n4ryTagAAAAAAAAAAAA"
)
LABS = {SESSION_COOKIE: TOKEN}
PARTS = {f"{SESSION_COOKIE}.0": "eyJc4n4ry..a.b", f"{SESSION_COOKIE}.1": "c4n4ryRest.tag"}
GOOGLE = {
    "SID": "g.a000c4n4rySid_-x",
    "HSID": "Ac4n4ryHsid",
    "SSID": "Bc4n4rySsid",
    "APISID": "c4n4ry/Apisid",
    "SAPISID": "c4n4ry/Sapisid",
    "__Secure-1PSID": "g.a000c4n4ry1p",
    "__Secure-3PSID": "g.a000c4n4ry3p",
    "__Secure-1PSIDTS": "sidts-c4n4ryTs1EAA==",
    "__Secure-3PSIDTS": "sidts-c4n4ryTs3EAA==",
    "SIDCC": "AKc4n4ryCc",
    "__Secure-1PSIDCC": "AKc4n4ryCc1",
    "__Secure-3PSIDCC": "AKc4n4ryCc3",
    "OSID": "g.a000c4n4ryOsid",
    "__Secure-OSID": "g.a000c4n4ryOsid2",
}
OTHERS = {
    "_ga": "GS1.1.c4n4ry!%2F%20~'x'",
    "__Host-next-auth.csrf-token": "c4n4ry%7Cc4n4ry",
    "NID": "525=c4n4ry=x^y%z",
}
SESSIONS = {"labs": LABS, "parts": PARTS, "google": GOOGLE}
CANARY = re.compile("c4n4ry|canary", re.IGNORECASE)


def domain_of(name: str) -> str:
    if name in GOOGLE:
        return "flow.google.com" if "OSID" in name else ".google.com"
    return "labs.google"


def url_of(cookies: Mapping[str, str]) -> str:
    host = "flow.google.com/" if "SID" in cookies else "labs.google/fx/api/auth/session?a=1&b=%20c"
    return f"https://{host}"


def header(cookies: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def curl_bash(cookies: Mapping[str, str]) -> str:
    """Chrome's, with its ``$'…'`` where a value has an exclamation mark or a single quote."""

    def quoted(text: str) -> str:
        if "!" not in text and "'" not in text:
            return f"'{text}'"
        escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("!", "\\u0021")
        return f"$'{escaped}'"

    return (
        f"curl {quoted(url_of(cookies))} \\\n  -H 'accept: */*' \\\n  -b {quoted(header(cookies))} \\\n"
        "  -H 'sec-ch-ua: \"Chromium\";v=\"142\"' \\\n  -H 'user-agent: Mozilla/5.0 (X11)' --compressed"
    )


def curl_firefox(cookies: Mapping[str, str]) -> str:
    value = header(cookies).replace("'", "'\\''")
    return f"curl '{url_of(cookies)}' --compressed -H 'Accept: */*' -H 'Cookie: {value}' -H 'TE: trailers'"


def curl_cmd(cookies: Mapping[str, str]) -> str:
    """Chrome's for Windows: every unusual character has a caret before it."""

    def quoted(text: str) -> str:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        text = re.sub(r"[^a-zA-Z0-9\s_\-:=+~'/.',?;()*`]", r"^\g<0>", text)
        return '^"' + re.sub(r"%(?=[a-zA-Z0-9_])", "%^", text) + '^"'

    lines = [
        f"curl {quoted(url_of(cookies))}",
        f"  -H {quoted('accept: */*')}",
        f"  -b {quoted(header(cookies))}",
        "  -H " + quoted('sec-ch-ua: "Chromium";v="142"'),
    ]
    return " ^\r\n".join(lines)


def powershell(cookies: Mapping[str, str]) -> str:
    lines = ["$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession"]
    for name, value in cookies.items():
        row = '$session.Cookies.Add((New-Object System.Net.Cookie("{}", "{}", "/", "{}")))'
        lines.append(row.format(name, re.sub(r'[`$"]', r"`\g<0>", value), domain_of(name)))
    lines.append(f'Invoke-WebRequest -UseBasicParsing -Uri "{url_of(cookies)}" `\n-WebSession $session')
    return "\r\n".join(lines)


def rows(cookies: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"domain": domain_of(name), "expirationDate": LATER + 0.5, "hostOnly": False, "httpOnly": True}
        | {"name": name, "path": "/", "sameSite": None, "session": False, "storeId": None, "value": value}
        for name, value in cookies.items()
    ]


def netscape(cookies: Mapping[str, str]) -> str:
    lines = ["# Netscape HTTP Cookie File", "# https://curl.se/docs/http-cookies.html", ""]
    for position, (name, value) in enumerate(cookies.items()):
        prefix = "#HttpOnly_" if position % 2 == 0 else ""
        expiry = 0 if position % 3 == 0 else LATER
        lines.append(f"{prefix}{domain_of(name)}\tTRUE\t/\tTRUE\t{expiry}\t{name}\t{value}")
    return "\n".join(lines) + "\n"


def table(cookies: Mapping[str, str]) -> str:
    return "\n".join(
        f"{name}\t{value}\t{domain_of(name)}\t/\t2027-01-01T00:00:00.000Z\t99\t✓\t✓\tLax\t\t\tMedium"
        for name, value in cookies.items()
    )


FORMS: dict[str, tuple[Form, Callable[[Mapping[str, str]], str]]] = {
    "header": (Form.HEADER, header),
    "named header": (Form.HEADER, lambda cookies: f"Cookie: {header(cookies)}"),
    "request headers": (
        Form.HEADER,
        lambda cookies: (
            f":authority: {url_of(cookies)[8:].split('/')[0]}\n:method: GET\naccept: */*\n"
            f"cookie: {header(cookies)}\nuser-agent: Mozilla/5.0"
        ),
    ),
    "request headers in pairs of lines": (
        Form.HEADER,
        lambda cookies: (
            f":authority\n{url_of(cookies)[8:].split('/')[0]}\ncookie\n{header(cookies)}\npriority\nu=1, i"
        ),
    ),
    "one cookie per line": (Form.HEADER, lambda cookies: header(cookies).replace("; ", "\n")),
    "curl bash": (Form.CURL_BASH, curl_bash),
    "curl firefox": (Form.CURL_BASH, curl_firefox),
    "curl cmd": (Form.CURL_CMD, curl_cmd),
    "curl cmd in plain quotes": (
        Form.CURL_CMD,
        lambda cookies: f'curl "{url_of(cookies)}" ^\n -H "cookie: {header(cookies).replace("^", "^^")}"',
    ),
    "option alone": (Form.CURL_BASH, lambda cookies: f'--cookie "{header(cookies)}" \\'),
    "powershell": (Form.POWERSHELL, powershell),
    "json array": (Form.JSON, lambda cookies: json.dumps(rows(cookies), indent=4)),
    "json object": (Form.JSON, lambda cookies: json.dumps({"url": "x", "cookies": rows(cookies)})),
    "json names": (Form.JSON, json.dumps),
    "json in a string": (Form.JSON, lambda cookies: json.dumps(json.dumps(rows(cookies)))),
    "netscape": (Form.NETSCAPE, netscape),
    "netscape with spaces": (Form.NETSCAPE, lambda cookies: netscape(cookies).replace("\t", "    ")),
    "cookie table": (Form.TABLE, table),
}


def pasted(text: str, service: Service | None = None) -> PastedCookies:
    return read_pasted(text, NOW, service)


def kept(text: str) -> dict[str, str]:
    return {name: value.reveal() for name, value in pasted(text).kept.items()}


def refusal(text: str, service: Service | None = None) -> str:
    with pytest.raises(UnusableCookies) as caught:
        read_pasted(text, NOW, service)
    said = "".join(traceback.format_exception(caught.value))
    assert not CANARY.search(f"{caught.value} {caught.value!r}")
    # pytest's own frames hold the paste; those of the module must not.
    inner = caught.tb.tb_next
    frames = traceback.StackSummary.extract(traceback.walk_tb(inner), capture_locals=True)
    assert not CANARY.search("".join(frames.format()))
    assert "During handling" not in said
    assert "direct cause" not in said
    return str(caught.value)


# Every form.


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("written", FORMS)
def test_the_same_cookies_are_kept_from_every_form(written: str, session: str) -> None:
    form, express = FORMS[written]
    cookies = SESSIONS[session]
    found = pasted(express(OTHERS | cookies))
    assert {name: value.reveal() for name, value in found.kept.items()} == cookies
    assert found.form is form
    assert found.service == ("google" if session == "google" else "labs")
    assert found.expired == ()
    assert set(found.dropped) <= set(OTHERS)
    if written != "one cookie per line":
        assert found.dropped == tuple(OTHERS)


@pytest.mark.parametrize("written", FORMS)
def test_no_value_is_told(written: str) -> None:
    found = pasted(FORMS[written][1](OTHERS | GOOGLE | LABS))
    assert not CANARY.search(f"{found.told()} {found!r} {found} {found.kept} {found.form}")


@pytest.mark.parametrize(
    "text", [TOKEN, f"  {TOKEN}\n", f'"{TOKEN}"', f"{TOKEN};", f"Cookie: {TOKEN}", f"`{TOKEN}`", f"“{TOKEN}”"]
)
def test_the_session_token_alone_is_enough(text: str) -> None:
    found = pasted(text)
    assert (found.form, found.service, found.kept) == (Form.TOKEN, "labs", {SESSION_COOKIE: Secret(TOKEN)})


def test_a_token_that_the_screen_wrapped_is_whole_again() -> None:
    assert kept("\n  ".join(re.findall(".{1,72}", TOKEN))) == LABS


@pytest.mark.parametrize("between", [": ", "\t", " ", ':"', "\n="])
def test_a_cookie_that_is_needed_needs_no_equals_sign(between: str) -> None:
    assert kept(f"{SESSION_COOKIE}{between}{TOKEN}") == LABS


def test_a_signed_session_in_three_parts_is_a_token_too() -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    assert kept(f"{head}.eyJzdWIiOiJjNG40cnkifQ.c4n4ryc4n4ryc4n4ry")


def test_several_curl_commands_give_the_cookies_of_those_that_matter() -> None:
    youtube = curl_bash(GOOGLE | {"SID": "c4n4ryOther"}).replace("flow.google.com", "www.youtube.com")
    assert kept(f"{youtube} ;\n{curl_bash(LABS)} &\n") == LABS


def test_a_request_to_another_host_of_google_carries_the_shared_cookies_alone() -> None:
    found = pasted(curl_bash(GOOGLE).replace("flow.google.com", "www.google.com"))
    assert set(found.kept) == {name for name in GOOGLE if "OSID" not in name}
    assert found.dropped == ("OSID", "__Secure-OSID")


@pytest.mark.parametrize("option", ["-b", "-b ", "--cookie ", "--cookie=", "-H 'cookie:' -b ", "-s -b "])
def test_the_ways_to_write_an_option_of_curl(option: str) -> None:
    assert kept(f"curl -e https://www.youtube.com/ {option}'{header(LABS)}' https://labs.google/") == LABS


def test_escapes_of_bash_are_read() -> None:
    text = r"""$ curl "https://labs.google/" -H $'x: \x41\101\u0041\U00110000\q\'' -b "a=\"1\"; b=\$\z\
"'; '__Secure-next-auth.session-token=e\yJ$'c4n4ry\x2e\056\u002e'"""
    assert kept(text) == {SESSION_COOKIE: "eyJc4n4ry..."}


def test_headers_of_a_request_may_be_wrapped_and_tell_the_site() -> None:
    text = f"Accept: */*\nCookie: {header(LABS)[:99]}\n {header(LABS)[99:]}\nHost: {{}}\nTE: trailers"
    assert kept(text.format("labs.google")) == LABS
    assert "1 cookie of chatgpt.com" in refusal(text.format("chatgpt.com"))


def test_quotes_of_the_older_cmd_forms_are_read() -> None:
    text = 'curl "https://flow.google.com/" ^\n -H "x: ""c4n4ry; y""" -b "NID=a"%"b; OSID=c4n4"%"ry"'
    assert kept(text) == {"OSID": "c4n4%ry"}


def test_a_row_without_a_value_is_a_cookie_that_is_dropped() -> None:
    empty = ".google.com\tTRUE\t/\tTRUE\t0\tSID\t\n"
    assert pasted(empty + netscape(LABS)).dropped == ("SID",)
    assert kept(empty.rstrip() + "\nc4n4ry") == {"SID": "c4n4ry"}


# Which cookies, and of which service.


def test_both_sessions_in_one_paste_are_labs_unless_told_otherwise() -> None:
    text = netscape(LABS | GOOGLE)
    first = pasted(text)
    assert (first.service, set(first.kept), first.also) == ("labs", set(LABS), "google")
    assert first.dropped == tuple(GOOGLE)
    assert 'a session of flow.google.com too (service = "google" takes it)' in first.told()
    second = pasted(text, "google")
    assert (second.service, set(second.kept), second.also) == ("google", set(GOOGLE), "labs")


def test_one_session_names_no_other() -> None:
    assert pasted(netscape(LABS)).also is None
    assert pasted(netscape(LABS | {"SID": "c4n4ry"})).also is None


def test_cookies_of_google_that_show_no_session_have_no_service() -> None:
    found = pasted("SID=c4n4ry; HSID=c4n4ry; NID=c4n4ry")
    assert (found.service, tuple(found.kept), found.dropped) == (None, ("SID", "HSID"), ("NID",))
    assert "__Secure-1PSID or OSID of flow.google.com is missing" in found.told()
    assert pasted("SID=c4n4ry", "google").service == "google"


@pytest.mark.parametrize("mark", ["OSID", "__Secure-OSID", "__Secure-1PSID"])
def test_one_cookie_shows_the_service(mark: str) -> None:
    assert pasted(f"{mark}=c4n4ry").service == "google"


@pytest.mark.parametrize(
    "written", ["json array", "netscape", "netscape with spaces", "powershell", "cookie table"]
)
def test_cookies_of_another_site_are_dropped_where_the_form_tells_sites(written: str) -> None:
    text = FORMS[written][1](LABS).replace("labs.google", "chatgpt.com")
    assert "chatgpt.com" in refusal(text)
    assert kept(FORMS[written][1](LABS | {"NID": "x"}).replace("NID", SESSION_COOKIE)) == LABS


def test_flows_own_host_goes_before_all_of_google() -> None:
    wide, near = (
        {"name": "SID", "value": f"c4n4ry{n}", "domain": n} for n in (".google.com", "flow.google.com")
    )
    for cookies in ([wide, near], [near, wide]):
        assert kept(json.dumps(cookies)) == {"SID": "c4n4ryflow.google.com"}


def test_the_first_usable_value_of_a_name_is_kept() -> None:
    assert kept("OSID=; OSID=a b; OSID=first; OSID=second") == {"OSID": "first"}
    assert pasted("OSID=; OSID=first").dropped == ()


@pytest.mark.parametrize(
    ("value", "legal"),
    [
        ("c4n4ry c4n4ry", False),
        ("c4n4ryä", False),
        ("c4n4ry,c4n4ry", False),
        ("c4n4ry\\x", False),
        ('c4n4ry"x', False),
        ("c4n4ry\x00", False),
        ("c4n4ry\x7f", False),
        ("", False),
        ("x" * 8193, False),
        ("x" * 8192, True),
        ("!#$%&()*+-./:<=>?@[]^_`{|}~", True),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_value_that_no_cookie_can_have_is_dropped_with_its_name(value: str, legal: bool) -> None:
    found = pasted(json.dumps({"SID": value, "OSID": "c4n4ry"}))
    assert ("SID" in found.kept, "SID" in found.dropped) == (legal, not legal)
    assert legal or "empty, cut or damaged" in refusal(json.dumps({"SID": value}))


def test_a_session_in_parts_must_be_whole() -> None:
    said = refusal(header({f"{SESSION_COOKIE}.0": "c4n4ry", f"{SESSION_COOKIE}.2": "c4n4ry"}))
    assert f"a session in parts, of which {SESSION_COOKIE}.1 is missing" in said
    assert f"{SESSION_COOKIE}.0 is missing" in refusal(f"{SESSION_COOKIE}.1=c4n4ry")
    assert pasted(f"{SESSION_COOKIE}.1=c4n4ry; {header(GOOGLE)}").service == "google"


# Expiry.


@pytest.mark.parametrize(
    ("expiry", "over"),
    [
        (EARLIER, True),
        (NOW, True),
        (EARLIER + 0.5, True),
        (str(EARLIER), True),
        (EARLIER * 1000, True),
        ("2020-01-01T00:00:00.000Z", True),
        ("2020-01-01T00:00:00", True),
        ("Wed, 01 Jan 2020 00:00:00 GMT", True),
        (LATER, False),
        (LATER * 1000, False),
        ("2099-01-01T00:00:00Z", False),
        (0, False),
        (-1, False),
        (None, False),
        (True, False),
        ("Session", False),
        ("", False),
        ({}, False),
        (float("inf"), False),
        (10**400, False),
    ],
)
def test_expiry_is_told_where_the_form_tells_it(expiry: object, over: bool) -> None:
    for field in ("expirationDate", "expires", "expiry"):
        check_expiry(field, expiry, over)


def check_expiry(field: str, expiry: object, over: bool) -> None:
    found = pasted(json.dumps([{"name": "SID", "value": "c4n4ry", field: expiry}, *rows(LABS | GOOGLE)[-1:]]))
    assert found.expired == (("SID",) if over else ())
    assert ("SID" in found.kept) is not over
    assert ("; expired SID" in found.told()) is over


def test_a_cookie_of_a_session_has_no_time() -> None:
    row = {"name": "OSID", "value": "c4n4ry", "session": True, "expirationDate": EARLIER}
    assert pasted(json.dumps([row])).expired == ()


def test_a_name_that_is_also_there_unexpired_is_not_called_expired() -> None:
    late = netscape(LABS).replace("\t0\t", f"\t{LATER}\t")
    both = late + late.replace(str(LATER), str(EARLIER))
    assert (kept(both), pasted(both).expired) == (LABS, ())


def test_only_expired_cookies_are_refused_by_name() -> None:
    said = refusal(netscape(LABS).replace("\t0\t", f"\t{EARLIER}\t"))
    assert f"a cookies.txt whose cookies have expired: {SESSION_COOKIE}." in said


# What is said.


def test_the_sentence() -> None:
    assert pasted(f"a=c4n4ry; {header(LABS)}; b=c4n4ry").told() == (
        f"Cookie header: kept {SESSION_COOKIE} for labs.google; dropped a, b."
    )
    many = "; ".join(f"c{number}=x" for number in range(20))
    assert (
        pasted(f"{header(LABS)}; {many}")
        .told()
        .endswith("dropped c0, c1, c2, c3, c4, c5, c6, c7 and 12 others.")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The input is empty"),
        (" \r\n\u200b\xa0", "The input is empty"),
        ("Cookie:", "The input is empty"),
        ("''", "The input is empty"),
        ("<!doctype html><p>c4n4ry</p>", "a web page"),
        ("SQLite format 3\x00c4n4ry", "the cookie database of a browser"),
        ('{"log": {"entries": ["c4n4ry"]}}', "a recording of the network (HAR)"),
        ('{"user": {"name": "c4n4ry"}, "access_token": "ya29.c4n4ry"}', "the answer of a session page"),
        ('[1, "c4n4ry"]', "JSON of another kind"),
        ('{"result": {"c4n4ry": 1}}', "JSON of another kind"),
        ('{"c4n4ry": "c4n4ry"', "JSON that is cut off or damaged"),
        ("[" * 100_000, "JSON that is cut off or damaged"),
        ("[]", "an empty list of cookies"),
        ('{"cookies": []}', "an empty list of cookies"),
        ('{"NID": "c4n4ry", "x": 1}', "cookie-editor JSON with 1 cookie, but none"),
        ("curl 'https://labs.google/c4n4ry' -H 'a: c4n4ry'", "a cURL command to labs.google without cookies"),
        ('curl ^"https://labs.google/^" ^\r\n -H ^"a: b^"', "a cURL command to labs.google without cookies"),
        ("curl -b c4n4ry.txt", "a cURL command without cookies"),
        ("curl 'http://[c4n4ry' -b", "a cURL command without cookies"),
        (curl_bash(GOOGLE).replace("flow.google.com", "www.youtube.com"), "14 cookies of www.youtube.com"),
        ('Invoke-WebRequest -Uri "https://labs.google/c4n4ry"', "a PowerShell command without cookies"),
        ("# Netscape HTTP Cookie File\n# c4n4ry\n", "a cookies.txt without cookies"),
        (
            netscape(GOOGLE).replace("google.com", "youtube.com"),
            "14 cookies of youtube.com, flow.youtube.com",
        ),
        (
            header({**GOOGLE, "OSID": "", "__Secure-OSID": "", "YSC": "c4n4ry"}),
            "a Cookie header of youtube.com",
        ),
        ("NID=c4n4ry; AEC=c4n4ry", "a Cookie header with 2 cookies, but none of a session of Flow"),
        ("Authorization: Bearer ya29.c4n4ry", "a Bearer token"),
        ("Bearer c4n4ry", "a Bearer token"),
        ("ya29.c4n4ry", "a Bearer token"),
        ("https://labs.google/fx/tools/flow?a=c4n4ry", "an address (URL)"),
        ('fetch("https://labs.google/", {"headers": {"a": "c4n4ry"}});', "“Copy as fetch”"),
        ("~/c4n4ry/cookies", "the name of a file"),
        ("C:\\c4n4ry", "the name of a file"),
        ("cookies.txt", "the name of a file"),
        ("Host: labs.google\nAccept: c4n4ry", "request headers without a Cookie"),
        (TOKEN[:400], "a session token that is cut off"),
        ("eyJhbGciOiJSUzI1NiJ9.c4n4ryc4n4ryc4n4ry.c4n4ryc4n4ry", "an ID token of Google"),
        ("c4n4ry", "a single word"),
        ("c4n4ry==", "a single word"),
        ("Hello, my c4n4ry is = this", "ordinary text"),
        (f"{SESSION_COOKIE}=c4n4ry c4n4ry", f"the value of {SESSION_COOKIE} is empty, cut or damaged"),
        ("é" * 131_073, "more than 256 KiB"),
        ("x" * 262_145, "more than 256 KiB"),
        (
            "; ".join(f"c{number}=c4n4ry" for number in range(501)),
            "a Cookie header with more than 500 cookies",
        ),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_what_cannot_be_used_is_told_for_what_it_is(text: str, said: str) -> None:
    message = refusal(text)
    assert said in message
    assert f"needed: {SESSION_COOKIE} of labs.google, or __Secure-1PSID or OSID of flow.google.com" in message
    assert "Copy as cURL" in message


def test_a_profile_of_one_service_refuses_the_session_of_the_other() -> None:
    said = refusal(header(GOOGLE), "labs")
    assert "a session of flow.google.com, but this profile is one of labs.google" in said
    assert "a request to labs.google, choose" in said
    assert "a session of labs.google, but this profile is one of flow.google.com" in refusal(
        header(LABS), "google"
    )


def test_five_hundred_cookies_are_not_too_many() -> None:
    many = "; ".join(f"c{number}=x" for number in range(499))
    assert kept(f"{many}; {header(LABS)}; {header(LABS)}") == LABS


def test_a_piece_of_a_value_is_not_taken_for_a_name() -> None:
    assert (
        pasted(f"{header(LABS)}; eyJc4n4ry.x=c4n4ry; {'c4n4ry' * 11}=x; =c4n4ry; c4n4ry; c4n4ry==").dropped
        == ()
    )
    assert pasted("OSID=c4n4ry\nc4n4ry=x").dropped == ()


@pytest.mark.parametrize(
    "text",
    [
        "[" + " " * 200_000 + "x",
        "a" + " " * 200_000 + "b",
        '"' * 200_000,
        "curl '" + "\\\n" * 100_000,
        "System.Net.Cookie(" * 14_000,
        "curl " + "^\"`$'" * 40_000,
        "SID\n" * 30_000,
        "a b;\n=" * 15_000,
    ],
    ids=["brackets", "spaces", "quotes", "continued", "powershell", "carets", "names", "semicolons"],
)
def test_a_hostile_paste_costs_little(text: str) -> None:
    refusal(text)


# Paste damage.

SPACES = st.sampled_from(["", " ", "\xa0", "  ", "\u2009", "\t"])
BREAKS = st.sampled_from(["\n", "\r\n", " \n  ", "\\\n", "\\ \r\n", "\u2028", "\r"])
UNSEEN = st.sampled_from(["", "\u200b", "\ufeff", "\u2060", "\xad"])
LINES_ROUND = (" {}\n", "\n\n{} \\\n", "\r\n\xa0{}\xa0\r\n", "\ufeff{}", "\x1b[200~{}\x1b[201~")
QUOTES_ROUND = ("'{}'", '"{}"', "“{}”", "‘{}’", "'{}' \\", '"{}",', "```\n{}\n```", "```sh\n{}\n```")
WRAPS = st.sampled_from(["{}", *LINES_ROUND, *QUOTES_ROUND])
NAMED = st.sampled_from(["{}", "Cookie: {}", "cookie:{}", "COOKIE :\t{}", "'Cookie: {}'", '"cookie": "{}"'])
MIXES = st.sampled_from(list(SESSIONS.values()))
PLAIN_OTHERS = {"NID": "525=c4n4ryx", "AEC": "c4n4ry"}


def spoilt(data: st.DataObject, text: str, breaks: st.SearchStrategy[str]) -> str:
    """Put up to three line breaks, and characters that cannot be seen, anywhere into ``text``."""
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(1, len(text) - 1))
        text = text[:at] + data.draw(breaks) + text[at:]
    at = data.draw(st.integers(0, len(text)))
    return text[:at] + data.draw(UNSEEN) + text[at:]


@given(st.data(), MIXES, WRAPS, NAMED)
@ANY_PACE
def test_a_damaged_header_gives_the_same_cookies(
    data: st.DataObject, cookies: dict[str, str], wrap: str, named: str
) -> None:
    every = PLAIN_OTHERS | cookies | {"last": "c4n4ry"}
    for name in data.draw(st.lists(st.sampled_from(list(every)), max_size=3, unique=True)):
        every[name] = spoilt(data, every[name], BREAKS)
    before, after = data.draw(SPACES), data.draw(SPACES)
    text = (data.draw(SPACES) + ";" + data.draw(SPACES | BREAKS)).join(
        f"{name}{before}={after}{value}" for name, value in every.items()
    )
    found = pasted(wrap.format(named.format(text)))
    assert {name: value.reveal() for name, value in found.kept.items()} == cookies
    assert found.form is Form.HEADER
    assert not CANARY.search(found.told())


@given(st.data(), MIXES, st.sampled_from([curl_bash, curl_firefox, curl_cmd]))
@ANY_PACE
def test_a_damaged_curl_command_gives_the_same_cookies(
    data: st.DataObject, cookies: dict[str, str], express: Callable[[Mapping[str, str]], str]
) -> None:
    text = express({name: f"{value}" for name, value in (PLAIN_OTHERS | cookies).items()})
    longest = max(cookies.values(), key=len)
    wrapped = spoilt(data, longest, st.sampled_from(["\n", "\r\n", "\n   "]))
    text = text.replace(longest, wrapped).replace(" ", data.draw(st.sampled_from([" ", "\xa0", "  "])))
    text = data.draw(st.sampled_from(["{}", "$ {}", "me@host:~$ {}", "C:\\>{}", "# copied:\n{}"])).format(
        text
    )
    text = data.draw(st.sampled_from(["{}", " \n{}\n", "```\n{}\n```", "'{}'", '"{}"', "\ufeff{}"])).format(
        text
    )
    assert kept(text) == cookies


@given(
    st.data(), MIXES, st.sampled_from(["json array", "json object", "json names", "json in a string"]), WRAPS
)
@ANY_PACE
def test_damaged_json_gives_the_same_cookies(
    data: st.DataObject, cookies: dict[str, str], written: str, wrap: str
) -> None:
    text = FORMS[written][1](PLAIN_OTHERS | cookies)
    longest = max(cookies.values(), key=len)
    text = text.replace(longest, spoilt(data, longest, st.sampled_from(["\n", "\r\n", " \n  "])))
    text = data.draw(st.sampled_from(["{}", "Cookie: {}", "const cookies = {};", "cookies={}"])).format(text)
    assert kept(wrap.format(text)) == cookies


@given(st.data(), MIXES, WRAPS)
@ANY_PACE
def test_a_damaged_cookies_txt_gives_the_same_cookies(
    data: st.DataObject, cookies: dict[str, str], wrap: str
) -> None:
    text = netscape(PLAIN_OTHERS | cookies)
    longest = max(cookies.values(), key=len)
    text = text.replace(longest, spoilt(data, longest, st.sampled_from(["\n", "\r\n", " \n  "])))
    text = text.replace("\t", data.draw(st.sampled_from(["\t", " ", "  ", "\xa0 "])))
    margin = data.draw(st.sampled_from(["", "  ", "\xa0"]))
    assert kept(wrap.format("\n".join(margin + line for line in text.split("\n")))) == cookies


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_header_that_a_terminal_wrapped_is_whole_again(width: int, session: str) -> None:
    text = header(PLAIN_OTHERS | SESSIONS[session])
    for begin in range(width):
        lines = [text[:begin], *(text[at : at + width] for at in range(begin, len(text), width))]
        assert kept("\n".join(lines)) == SESSIONS[session]


MARKS = (
    "curl ",
    "-b ",
    "cookie: ",
    "\n",
    "\t",
    " ",
    "\x00",
    "\ud800",
    "ä",
    "System.Net.Cookie(",
    SESSION_COOKIE,
)
SIGNS = """ -H ' " $' ^ ^" \\ ; = { [ "name" : , ] } ` / """
WORDS = "SID OSID .0 eyJ TRUE 0 #HttpOnly_ labs.google https:// c4n4ry"
PIECES = st.sampled_from([*MARKS, *SIGNS.split(), *WORDS.split()])


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
@settings(deadline=None, max_examples=150)
def test_any_paste_is_cookies_or_refused(text: str) -> None:
    try:
        found = pasted(text)
    except UnusableCookies:
        return
    sent = cookie_header(found.kept)
    assert found.kept
    assert sent.isascii()
    assert sent.isprintable()
    assert found.told().isprintable()
    assert len({*found.kept, *found.dropped, *found.expired}) == sum(
        map(len, (found.kept, found.dropped, found.expired))
    )
