"""
Check the types of the public API: ``check_types.py [--write]``.

1. ``sunpy_lasco/level1/option_types.py`` is what the fields of ``Level1Options`` say; ``--write`` makes it so.
2. Each function and method that the reference shows has a type for each parameter and for its result.
3. mypy finds nothing wrong in the package, nor in what users write (``tests/user_types.py``).
"""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from types import FunctionType

ROOT = Path(__file__).parents[1]
OPTION_TYPES = ROOT / "sunpy_lasco" / "level1" / "option_types.py"


def option_types():
    """The text of the module with the types of the options."""
    from sunpy_lasco.level1 import options

    imports = ast.parse(Path(options.__file__).read_text(encoding="utf-8"))
    given = fields(options.Level1Options)
    names = set(re.findall(r"[A-Za-z]\w*", " ".join(one.type for one in given)))
    lines = set()
    for node in ast.walk(imports):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) in names:
                    start = f"from {node.module} import " if isinstance(node, ast.ImportFrom) else "import "
                    lines.add(start + alias.name + (f" as {alias.asname}" if alias.asname else ""))
    text = [
        '"""Types of the options of `sunpy_lasco.calibrate`, which ``.ci/check_types.py`` makes of `Level1Options`."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import TYPE_CHECKING, TypedDict",
        "",
        "if TYPE_CHECKING:",
        *(f"    {line}" for line in sorted(lines)),
        "",
        '__all__ = ["OptionTypes"]',
        "",
        "",
        "class OptionTypes(TypedDict, total=False):",
        '    """The options by name, all of them optional."""',
        "",
        *(f"    {one.name}: {one.type}" for one in given),
        "",
    ]
    return formatted("\n".join(text))


def formatted(text):
    """A text as ruff writes it."""
    for command in (["check", "--fix", "--quiet", "--select", "I"], ["format", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, f"--stdin-filename={OPTION_TYPES}", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        text = done.stdout
    return text


def shown():
    """Functions and methods of the reference by their full names."""
    pages = "\n".join(page.read_text() for page in sorted((ROOT / "docs" / "reference").glob("*.rst")))
    for room in sorted(set(re.findall(r"auto(?:modapi|module):: (\S+)", pages))):
        module = importlib.import_module(room)
        for one in (getattr(module, name) for name in module.__all__):
            if not getattr(one, "__module__", "").startswith("sunpy_lasco"):
                continue
            if not inspect.isclass(one):
                yield from [(f"{one.__module__}.{one.__qualname__}", inspect.unwrap(one))] if callable(one) else []
                continue
            for name, value in vars(one).items():
                found = getattr(value, "__func__", value)
                found = found.fget if isinstance(found, property) else found
                found = inspect.unwrap(found.func if isinstance(found, cached_property) else found)
                own = isinstance(found, FunctionType) and found.__module__ == one.__module__
                # Methods that dataclasses generate have the types of the fields.
                if own and not name.startswith("_") and found.__code__.co_filename != "<string>":
                    yield f"{one.__module__}.{one.__qualname__}.{name}", found


def untyped(name, function):
    """Parameters of a function without a type, and its result if it has none."""
    if not isinstance(function, FunctionType):
        return []
    code = function.__code__
    number = code.co_argcount + code.co_kwonlyargcount
    number += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    known = function.__annotations__
    names = [one for one in (*code.co_varnames[:number], "return") if one not in known and one not in ("self", "cls")]
    return [f"{name}: no type of {one}" for one in names]


def main():
    """Check all, and exit with 1 if something is wrong."""
    text = option_types()
    if "--write" in sys.argv:
        OPTION_TYPES.write_text(text, encoding="utf-8")
    found = []
    if OPTION_TYPES.read_text(encoding="utf-8") != text:
        found.append(
            f"{OPTION_TYPES} does not say what Level1Options says; python .ci/check_types.py --write mends it."
        )
    for name, function in dict(shown()).items():
        found += untyped(name, function)
    print("\n".join(found), end="\n" if found else "")
    done = subprocess.run([sys.executable, "-m", "mypy"], check=False, cwd=ROOT)
    sys.exit(1 if found else done.returncode)


if __name__ == "__main__":
    main()
