"""What a system says of a disk that takes no more."""

import errno
from typing import Final

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk is full, its quota is, or the file has reached the largest size that one may have."""
