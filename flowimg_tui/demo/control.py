"""The faults from outside: `POST /control/fault?name=NAME&…`, one route for all of them.

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
"""

import re
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from flowimg_tui.demo.account import DemoAccount

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
    """The handler of one account's faults."""

    def __init__(self, account: DemoAccount) -> None:
        self._account = account

    def routes(self) -> list[web.RouteDef]:
        """POST of `/control/fault`."""
        return [web.post("/control/fault", self._fault)]

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
