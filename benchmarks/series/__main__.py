"""``python -m benchmarks.series``: see `benchmarks.series.command`."""

import sys

from benchmarks.series.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
