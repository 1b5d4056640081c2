"""Whose gallery a run works on, and how it waits for a session that has ended."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from flowimg_tui.flow.errors import FlowError, SignedOut
from flowimg_tui.flow.service import Account
from flowimg_tui.flow.session import refuse_other_account
from flowimg_tui.mirror.events import SessionEnded, SessionEvent, SessionRenewed, SignedIn
from flowimg_tui.store.gallery import Gallery

log = logging.getLogger(__name__)

Renewal: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Returns when the profile has been given other cookies and the service uses them."""


def remember_account(gallery: Gallery, profile_id: int, account: Account) -> None:
    """Keep whose gallery this is. Raises ``WrongAccount`` where it is not the profile's."""
    refuse_other_account(account, gallery.account(profile_id))
    if account.email is not None:
        gallery.set_account(profile_id, account.email)


class SharedSignIn:
    """One sign-in for all workers of a run, and one pause for all of them when the session ends."""

    def __init__(
        self,
        ask: Callable[[], Coroutine[Any, Any, Account]],
        remember: Callable[[Account], None],
        renewal: Renewal | None,
        tell: Callable[[SessionEvent], None],
    ) -> None:
        """``ask`` repeats by itself what passes; ``tell`` gets each event once."""
        self._ask = ask
        self._remember = remember
        self._renewal = renewal
        self._tell = tell
        self._lock = asyncio.Lock()
        self._sessions = 0
        self._end: FlowError | None = None
        self.ended: SignedOut | None = None
        """Why there is no session now, as long as one is waited for."""

    async def session(self) -> int:
        """Sign in where nobody has yet; return the number of the session.

        Raises ``FlowError``: without it no request is worth making.
        """
        async with self._lock:
            if not self._sessions:
                await self._sign_in()
            return self._sessions

    async def next_session(self, ended: int, error: SignedOut) -> int:
        """Wait until there is another session than the one numbered ``ended``; return its number.

        Raises ``error`` where nobody can give new cookies, and ``FlowError``.
        """
        async with self._lock:
            while self._sessions == ended:
                if self._renewal is None:
                    raise error
                if self._end is not None:
                    raise self._end
                self.ended = error
                log.warning("Paused until the profile has new cookies: %s", error)
                self._tell(SessionEnded(error))
                try:
                    await self._renewal()
                    still_ended = await self._sign_in_again()
                except FlowError as end:
                    # The other workers wait at the lock, and must not begin a pause of their own.
                    self._end = end
                    raise
                if still_ended is not None:
                    error = still_ended
                else:
                    self.ended = None
                    log.info("The run goes on with the new cookies")
                    self._tell(SessionRenewed())
            return self._sessions

    async def _sign_in_again(self) -> SignedOut | None:
        """Sign in with the new cookies; return why they are no better than the old ones, if they are not."""
        try:
            await self._sign_in()
        except SignedOut as error:
            return error
        return None

    async def _sign_in(self) -> None:
        account = await self._ask()
        self._remember(account)
        self._sessions += 1
        self._tell(SignedIn(account.email, account.expires))
