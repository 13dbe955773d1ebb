"""
Write the requirements of the package and of its tests, but torch, to a file.

For Pythons on which torch's default build would bring gigabytes of CUDA packages.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
wanted = [*project["dependencies"], *extras["jpeg2000"], *extras["spice"], *extras["tests"]]
Path(sys.argv[1]).write_text("".join(f"{line}\n" for line in wanted if not line.startswith("torch")))
