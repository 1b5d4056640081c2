"""What can go wrong between here and Flow, in the user's words.

.. code-block:: text

    FlowError
    ├── SignedOut          the session ended: sign in again
    │   └── NeedsRefresh   it is known, but only the browser can bring it back to life
    ├── WrongAccount       the session is somebody else's
    ├── Refused            the service understood, and says no
    │   ├── InvalidName    refused here, before any request
    │   └── Expired        a signed URL whose time is over; a fresh one may do
    ├── NotFound           the service does not have it (any more)
    ├── Moved              this generation of the service is gone
    ├── NotUnderstood      the answer has a shape that this version does not know
    │   ├── ListingLoops   the pages of the listing repeat
    │   └── WebPage        a web page stands where an answer should
    ├── ForeignHost        an address that this program must not talk to
    ├── Parked             a pause is asked for that nobody waits for
    └── Transient          the same request can succeed later
        ├── RateLimited    too many requests; wait
        ├── Truncated      the answer ends before its end
        └── Unreachable    no answer, or none that is one: network, time-out, 5xx
"""

from datetime import datetime
from typing import ClassVar, Final

from flowimg_tui.safe_text import safe_text

_REASON_LIMIT: Final = 300


class FlowError(Exception):
    """A failure of the service or of the way to it.

    ``str(error)`` says what happened and why; ``hint`` what to do next (empty where the sentence does).
    ``retryable`` is true where the same request can succeed later.
    """

    retryable: ClassVar[bool] = False
    hint: str = ""

    def __init__(self, reason: str) -> None:
        super().__init__(safe_text(reason, _REASON_LIMIT))


_GIVE_THEM: Final = "give them to the profile: key e in the app, or flowimg profile edit NAME --cookies FILE."


class SignedOut(FlowError):
    hint = f"Sign in to Flow in the browser, copy its cookies anew, and {_GIVE_THEM}"


class NeedsRefresh(SignedOut):
    hint = f"Open Flow in the browser, which refreshes it; then copy the cookies anew, and {_GIVE_THEM}"


class WrongAccount(FlowError):
    hint = (
        "Give the profile the cookies of its own account, or add a profile for the other one. "
        "Where the account itself has got another address, say so: --account-changed, or the box in the form."
    )


class Refused(FlowError):
    """HTTP 400, 403 and their kin."""


class InvalidName(Refused):
    """A name with a character that must not stand in a request path."""


class Expired(Refused):
    """HTTP 400 or 403 for a signed URL, or one that says itself that its time is over."""


class NotFound(FlowError):
    """HTTP 404 or 410."""


class Transient(FlowError):
    """It passes; ``retry_after`` is the service's own wish in seconds, if it said one."""

    retryable = True

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class RateLimited(Transient):
    """HTTP 429."""


class Truncated(Transient):
    """The connection ended well, and what came over it is a part of an answer."""

    hint = "Check the network and what stands in it (a proxy), then run it again: what is done stays done."


class Parked(FlowError):
    """The service asks for a longer pause than a run waits for; ``until`` is aware UTC."""

    retryable = True
    hint = "Run it again then: what is done stays done."

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(reason)
        self.until = until


class Moved(FlowError):
    hint = (
        "Google moved Flow to https://flow.google.com in September 2026; signing in again on labs.google "
        "does not help. Sign in there, copy the cookies of that site, and "
        f"{_GIVE_THEM} The pictures that are here stay here, and are recognised."
    )


class NotUnderstood(FlowError):
    """``path`` names the place in the answer, as in ``$.result.data``."""

    hint = "Flow may have changed its answers; look for a newer version of flowimg-tui."

    def __init__(self, reason: str, path: str = "$") -> None:
        super().__init__(f"{reason} (at {safe_text(path, 80)})")
        self.path = path


class ListingLoops(NotUnderstood):
    """The same page token twice, or a page of which every name was seen before."""


class WebPage(NotUnderstood):
    """What a gateway answers in trouble passes, though it comes as HTTP 200; other pages stay."""

    retryable = True
    hint = (
        "Something between here and Flow may answer in its place, as the sign-in of a network does; or Flow "
        "has moved. Open Flow in the browser, and look for a newer version of flowimg-tui."
    )


class ForeignHost(FlowError):
    """A request, or a redirect, to a host outside the allowed ones. It was not made."""


class Unreachable(Transient):
    """No answer, or a 503 and its kin."""

    hint = "Check the network, then run it again: what is done stays done."
