"""What a fault is: something that happens before an answer is made, or to the answer."""

import random
from typing import ClassVar

from aiohttp import web

from flowimg_tui.demo.account import DemoAccount
from flowimg_tui.demo.faults.answer import Answer
from flowimg_tui.demo.faults.asked import ALL, PICTURES, Asked, Route
from flowimg_tui.demo.faults.keys import Rule


class Kind:
    """A fault of one name; its fields are its own keys.

    `on` is where it happens unless a spec says where, `may` where it can. `rng` is set from the seed of the
    spec before it is first used.
    """

    rng: random.Random
    on: ClassVar[frozenset[Route]] = PICTURES
    may: ClassVar[frozenset[Route]] = ALL
    rule: ClassVar[Rule] = Rule()


class Beforehand(Kind):
    """A fault that changes the account, for the service to answer by."""

    def act(self, asked: Asked, account: DemoAccount) -> None:
        """Do it, before `asked` is answered."""
        raise NotImplementedError


class Spoiler(Kind):
    """A fault that gives another answer than the service would.

    A refusal passes, for it has gone wrong already; unless `refusals_too` says that the fault looks at it.
    """

    refusals_too: ClassVar[bool] = False

    async def offer(self, answer: Answer) -> web.StreamResponse | None:
        """What could be sent in place of `answer`; None where the fault has nothing to do with it."""
        raise NotImplementedError
