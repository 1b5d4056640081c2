"""What can be told of a session, in six states, and whose it may be."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from flowimg_tui.flow.errors import FlowError, Moved, NeedsRefresh, SignedOut, Transient, WrongAccount
from flowimg_tui.flow.service import Account, FlowService
from flowimg_tui.humane import format_time_left

_LATER: Final = "Check it again in a few minutes."


class SessionState(StrEnum):
    """In the words of the user."""

    LIVE = "live"
    NEEDS_REFRESH = "needs refresh"
    SIGNED_OUT = "signed out"
    WRONG_ACCOUNT = "wrong account"
    MOVED = "moved"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class SessionCheck:
    """What one question to the service showed. ``error`` is the reason of every state but ``LIVE``."""

    state: SessionState
    account: Account | None
    error: FlowError | None

    @property
    def is_usable(self) -> bool:
        """Whether the cookies are worth keeping: they live, or there was no answer that could tell."""
        return self.error is None or isinstance(self.error, Transient)

    def told(self, now: datetime) -> str:
        """Return what the state is, why, and what to do."""
        if self.error is not None:
            return f"{self.state.capitalize()}: {self.error} {self.error.hint or _LATER}"
        who = self.account.email if self.account and self.account.email else "an account without an address"
        if self.account is None or self.account.expires is None:
            return f"Live: signed in as {who}. Flow does not say for how long."
        left = format_time_left((self.account.expires - now).total_seconds())
        return f"Live: signed in as {who}, for {left} unless it is used."


async def check_session(service: FlowService, expected: str | None) -> SessionCheck:
    """Ask ``service`` once whose session it has; ``expected`` is the address that it must be of, if any."""
    account = None
    try:
        account = await service.account()
        refuse_other_account(account, expected)
    except FlowError as error:
        return SessionCheck(_state_of(error), account, error)
    return SessionCheck(SessionState.LIVE, account, None)


def refuse_other_account(account: Account, expected: str | None) -> None:
    """Raise :class:`WrongAccount` where both addresses are known and differ."""
    if account.email is None or expected is None or account.email.casefold() == expected.casefold():
        return
    raise WrongAccount(f"The session is that of {account.email}; this profile belongs to {expected}.")


def _state_of(error: FlowError) -> SessionState:
    match error:
        case NeedsRefresh():
            return SessionState.NEEDS_REFRESH
        case SignedOut():
            return SessionState.SIGNED_OUT
        case WrongAccount():
            return SessionState.WRONG_ACCOUNT
        case Moved():
            return SessionState.MOVED
        case _:
            return SessionState.UNKNOWN
