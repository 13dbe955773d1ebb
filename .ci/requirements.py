"""
Write the requirements of the package and of extras of it, but torch, to a file: ``requirements.py FILE [EXTRA ...]``.

For users of the package without its network, and for Pythons on which torch's default build would
bring gigabytes of CUDA packages.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
file, *extras = sys.argv[1:]
wanted = [*project["dependencies"], *(one for extra in extras for one in project["optional-dependencies"][extra])]
Path(file).write_text("".join(f"{line}\n" for line in wanted if not line.startswith("torch")))
