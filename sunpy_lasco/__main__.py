"""``python -m sunpy_lasco``: the command ``sunpy-lasco``."""

import sys

from sunpy_lasco.commands.main import run_process

if __name__ == "__main__":
    sys.exit(run_process())
