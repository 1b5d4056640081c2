"""The faults from outside: those of the account, and those of the answers.

`POST /control/fault?name=NAME&…` changes the account:

| name | parameters | what happens then |
|---|---|---|
| `sign_out` | | the session cookie of `labs` given out so far opens nothing |
| `sign_out_google` | | the Google cookies and page tokens given out so far open nothing |
| `rotate_psidts` | `page_renews` = `true` (default) or `false` | calls refuse the old `__Secure-1PSIDTS` |
| `move_account` | | `labs` is retired for this account |
| `use_account` | `email` | both generations name another account |
| `move_slots` | `rpcid`, `slot` (5), `every` (1) | records of that call have a null before that slot |
| `resource_exhausted` | `n` (1) | the next `n` calls find the quota used up |

The answer is `{"fault": NAME, "cookie_header": …, "google_cookie_header": …}`, with the cookies of a browser
that is signed in now, to `labs` and to the later generation; or 400 `{"error": …}`, and nothing has changed.

`POST /control/faults?spec=SPEC` spoils answers from now on, `DELETE /control/faults` ends that, and
`GET /control/faults` looks. Each answers `{"faults": {SPEC: HITS, …}}`, how many answers each has spoilt; or
400 `{"error": …}`. A SPEC is `NAME` or `NAME:KEY=VALUE,KEY=VALUE…`:

| name | its own keys | what comes in place of the answer |
|---|---|---|
| `status` | `code` (503), `retry_after`, `retry_date` (seconds) | another status, as the service says it |
| `cut` | `at` (0.5) | the length is announced, the body ends at that part of it |
| `cut_close` | `at` (0.5) | the same without a length |
| `cut_chunks` | `at` (0.5) | the same in chunks, without the last one |
| `reset` | | a TCP reset |
| `reset_mid` | `at` (0.5) | a TCP reset in mid-body |
| `stall` | `at` (0.5) | silence in mid-body, until the client goes away |
| `silence` | | silence, until the client goes away |
| `drip` | `bytes` (1), `every` (0.1) | so many bytes each time so many seconds have passed |
| `html` | | a web page |
| `json` | | a JSON error that is labelled image/png |
| `empty` | | no byte |
| `wrong_label` | | another format's content type, and its extension in signed URLs |
| `changed` | | first half of the picture, then another one of the same length with another ETag |
| `bad_base64` | | the picture's base64 with a character that is none |
| `half_picture` | | half of the picture in an answer that is whole |
| `missing_field` | `every` (1) | media without bytes and URL, a list whose `every`-th items have no name |
| `oversized` | | 80 MiB, announced |
| `oversized_chunks` | | 80 MiB, not announced |
| `expired_url` | `code` (400, or 403) | what a signed URL says after its time |
| `expired_token` | | the Bearer or page token is made invalid before the request; `times` is 1 |
| `redirect` | `to` (an invalid host) | 302 |
| `loop_list` | | every page names the same next one |
| `repeat_list` | | every page is the first, under a new token |
| `duplicates` | | each page begins with the second half of the page before it |
| `garbage` | | random bytes that are labelled as JSON |
| `truncated` | | half of the text, whole on the wire |
| `inner_status` | `code` (401) | 200, and that status in the answer; its gRPC code in a `google` call |
| `retired` | | 404, Flow has moved; of `labs` only |
| `refuse_cursor` | | a page that is not the first is refused |
| `flaky` | | 500, 503, 429, `reset`, `reset_mid`, `cut`, `cut_close` or `html`; `share` is 0.9 |

| key of all | means |
|---|---|
| `on` | of `list`, `session`, `media`, `image`, `pictures` (media and image), `all`, joined by `+` |
| `times`, `after`, `each` | at most so many; not the first so many; of each resource the first so many |
| `key` | only the picture whose media key begins with it |
| `share`, `seed` (1) | each with this probability, by a generator that begins with the seed |

`list` is the list of `labs` and the calls UpteDb and Zzl0ze, `session` the session and the page, `media` the
media endpoint and the call as29s, `image` the signed URLs. Without `on` it is `list` for a fault of lists,
`media` or `image` where there is no other, `all` for `flaky`, and else `pictures`. A refusal of the service
itself passes unspoilt, and of several faults the first that can spoils the answer.
"""

import re
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from flowimg_tui.demo.account import DemoAccount
from flowimg_tui.demo.faults.spec import Faults

_PARAMETERS: Final[dict[str, frozenset[str]]] = {
    "sign_out": frozenset(),
    "sign_out_google": frozenset(),
    "rotate_psidts": frozenset({"page_renews"}),
    "move_account": frozenset(),
    "use_account": frozenset({"email"}),
    "move_slots": frozenset({"rpcid", "slot", "every"}),
    "resource_exhausted": frozenset({"n"}),
}


class ControlRoutes:
    """The handlers of one account's faults, and of those of its answers."""

    def __init__(self, account: DemoAccount, faults: Faults) -> None:
        self._account = account
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """POST of `/control/fault`; POST, DELETE, GET and HEAD of `/control/faults`."""
        return [
            web.post("/control/fault", self._fault),
            web.post("/control/faults", self._add),
            web.delete("/control/faults", self._clear),
            web.get("/control/faults", self._list),
        ]

    async def _add(self, request: web.Request) -> web.Response:
        try:
            self._faults.add(request.query.get("spec", ""))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return await self._list(request)

    async def _clear(self, request: web.Request) -> web.Response:
        self._faults.clear()
        return await self._list(request)

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response({"faults": self._faults.hits})

    async def _fault(self, request: web.Request) -> web.Response:
        parameters = dict(request.query)
        name = parameters.pop("name", "")
        try:
            self._apply(name, parameters)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        labs, google = self._account.cookie_header, self._account.google.cookie_header
        return web.json_response({"fault": name, "cookie_header": labs, "google_cookie_header": google})

    def _apply(self, name: str, parameters: Mapping[str, str]) -> None:
        if name not in _PARAMETERS:
            raise ValueError(f"name must be one of {', '.join(_PARAMETERS)}")
        if not _PARAMETERS[name].issuperset(parameters):
            raise ValueError(f"{name} takes {', '.join(sorted(_PARAMETERS[name])) or 'no parameters'}")
        match name:
            case "sign_out":
                self._account.sign_out()
            case "sign_out_google":
                self._account.google.sign_out()
            case "rotate_psidts":
                self._account.google.rotate(renewable=_truth(parameters, "page_renews"))
            case "move_account":
                self._account.moved = True
            case "use_account":
                self._account.use_account(parameters.get("email", ""))
            case "move_slots":
                slot, every = _number(parameters, "slot", 5), _number(parameters, "every", 1)
                self._account.move_slots(parameters.get("rpcid", ""), slot, every)
            case "resource_exhausted":
                self._account.exhaust(_number(parameters, "n", 1))


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise ValueError(f"{name} must be a number of at most five digits")
    return int(text)


def _truth(parameters: Mapping[str, str], name: str) -> bool:
    text = parameters.get(name, "true")
    if text not in ("true", "false"):
        raise ValueError(f"{name} must be true or false")
    return text == "true"
