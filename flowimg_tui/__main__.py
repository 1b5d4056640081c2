"""``flowimg``, and ``python -m flowimg_tui``."""

from flowimg_tui.cli.app import main

if __name__ == "__main__":
    main()
