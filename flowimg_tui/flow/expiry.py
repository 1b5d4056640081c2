"""When a signed URL ends, as far as it says so itself."""

import re
from typing import Final

from flowimg_tui.secret import Secret

_EXPIRES: Final = re.compile(r"[?&]Expires=([0-9]{1,12})(?:&|$)")


def is_expired(url: Secret, now: float) -> bool:
    """Tell whether a signed URL says itself, in ``Expires``, that it ended before ``now`` (epoch seconds)."""
    found = _EXPIRES.search(url.reveal())
    return found is not None and int(found[1]) <= now
