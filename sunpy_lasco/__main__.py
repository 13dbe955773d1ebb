"""The command ``sunpy-lasco`` as ``python -m sunpy_lasco``."""

import sys

from sunpy_lasco.commands.main import run_process

if __name__ == "__main__":
    sys.exit(run_process())
