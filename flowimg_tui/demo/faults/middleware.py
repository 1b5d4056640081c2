"""Where the faults of a service come between its handlers and its clients."""

from aiohttp import web
from aiohttp.typedefs import Handler

from flowimg_tui.demo.account import DemoAccount
from flowimg_tui.demo.faults.answer import Answer
from flowimg_tui.demo.faults.asked import read_asked
from flowimg_tui.demo.faults.kinds import Beforehand, Spoiler
from flowimg_tui.demo.faults.spec import Faults
from flowimg_tui.demo.images import SignedImages


class Mischief:
    """The middleware that lets `faults` happen. Of several that could spoil an answer, the first does."""

    def __init__(self, faults: Faults, account: DemoAccount, images: SignedImages) -> None:
        self._faults = faults
        self._account = account
        self._images = images

    @web.middleware
    async def spoil(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer of `handler`, or what is sent in its place."""
        faults = self._faults.current
        asked = await read_asked(request, self._account.gallery) if faults else None
        if asked is None:
            return await handler(request)
        concerned = [fault for fault in faults if fault.concerns(asked)]
        for fault in concerned:
            if isinstance(fault.kind, Beforehand) and fault.takes(asked):
                fault.kind.act(asked, self._account)
        answer = Answer(asked, request, await handler(request), self._account, self._images)
        for fault in concerned:
            if isinstance(fault.kind, Spoiler) and (answer.is_good or fault.kind.refusals_too):
                offered = await fault.kind.offer(answer)
                if offered is not None and fault.takes(asked):
                    return offered
        return answer.response
