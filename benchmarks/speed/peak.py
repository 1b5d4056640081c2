"""flowimg, and at its end the most memory it has had: ``python -m benchmarks.speed.peak FILE COMMAND…``."""

import re
import sys
from pathlib import Path

from flowimg_tui.cli.app import main

if __name__ == "__main__":
    file = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        # What the system tells a parent begins with the memory of the parent itself.
        peak = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
        file.write_text(str(int(peak[0]) * 1024), "ascii")
