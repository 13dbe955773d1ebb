"""``python -m sunpy_lasco``: the command ``sunpy-lasco``."""

import sys

from sunpy_lasco.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
