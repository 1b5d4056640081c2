"""Mirror a Google Flow image gallery to a machine of one's own.

The package reads from top to bottom, and imports run the same way:
``cli`` → ``tui`` → ``workspace`` → ``mirror`` → ``flow``, ``store``, ``config``.
"""

__version__ = "0.1.0"
