"""
Check the docstrings of what the reference shows with numpydoc's own validator.

Which checks count stands in pyproject.toml, ``[tool.numpydoc_validation]``.
"""

import importlib
import inspect
import re
import sys
import tomllib
from functools import cached_property
from pathlib import Path
from types import FunctionType

from numpydoc.validate import ERROR_MSGS, validate

ROOT = Path(__file__).parents[1]
#: Attributes are documented in the class, and one sentence is enough for a method that another class documents.
NOT_OF_CLASSES = {"PR01", "PR02"}
NOT_OF_METHODS = {"PR01", "RT01"}
METHODS = FunctionType | classmethod | staticmethod | property | cached_property


def checks():
    """Codes of the checks, as the tables of numpydoc's hooks read them."""
    given = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["numpydoc_validation"]["checks"])
    return set(ERROR_MSGS) - given if "all" in given else given


def shown():
    """Full names of the functions, classes and methods of the reference, and the checks that they are spared."""
    pages = "\n".join(page.read_text() for page in sorted((ROOT / "docs" / "reference").glob("*.rst")))
    for room in sorted(set(re.findall(r"auto(?:modapi|module):: (\S+)", pages))):
        module = importlib.import_module(room)
        for one in (getattr(module, name) for name in module.__all__):
            if not getattr(one, "__module__", "").startswith("sunpy_lasco") or not callable(one):
                continue
            name = f"{one.__module__}.{one.__qualname__}"
            if not inspect.isclass(one):
                yield name, set()
                continue
            yield name, NOT_OF_CLASSES
            for method, value in vars(one).items():
                if not method.startswith("_") and inspect.isroutine(inspect.unwrap(value)) | isinstance(
                    value, property
                ):
                    yield f"{name}.{method}", NOT_OF_METHODS


wanted = checks()
found = {
    f"{name}: {code} {text}"
    for name, spared in dict(shown()).items()
    for code, text in validate(name)["errors"]
    if code in wanted - spared
}
sys.exit("\n".join(sorted(found)) or None)
