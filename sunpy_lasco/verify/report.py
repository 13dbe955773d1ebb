"""
The report of a verification, as JSON and as a web page.
"""

from __future__ import annotations

import json
import platform
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sunpy_lasco.errors import OptionError
from sunpy_lasco.files import time_of_writing, write_whole
from sunpy_lasco.verify.figures import draw
from sunpy_lasco.verify.rows import Verdict
from sunpy_lasco.version import version

if TYPE_CHECKING:
    from typing import Any

    from sunpy_lasco.annotations import PathLike
    from sunpy_lasco.verify.rows import Row

__all__ = ["Report"]

#: Template of the page.
TEMPLATE = Path(__file__).parent / "data" / "report.html"
#: Packages whose versions are named.
PACKAGES = ("astropy", "numpy", "scipy", "sunpy")


@dataclass(frozen=True, eq=False)
class Report:
    """All rows of a verification."""

    #: Rows by group.
    groups: dict
    #: Title of each group, and its basis.
    titles: dict
    #: Directories that were looked into.
    about: dict = field(default_factory=dict)
    #: What is to be drawn, by name.
    figures: dict = field(default_factory=dict, repr=False)

    @property
    def rows(self) -> dict[str, Row]:
        """All rows, by name."""
        return {row.name: row for rows in self.groups.values() for row in rows}

    @property
    def counts(self) -> dict[Verdict, int]:
        """Number of rows by `~sunpy_lasco.verify.Verdict`."""
        verdicts = [row.verdict for row in self.rows.values()]
        return {verdict: verdicts.count(verdict) for verdict in Verdict}

    @property
    def environment(self) -> dict[str, str]:
        """Versions with which the report was made."""
        from importlib.metadata import version as version_of

        versions = {name: version_of(name) for name in PACKAGES}
        return {"sunpy_lasco": version, "python": platform.python_version(), "system": platform.platform(), **versions}

    def as_dict(self) -> dict[str, Any]:
        """The report as a dictionary for JSON."""
        return {
            "made": time_of_writing(),
            "environment": self.environment,
            "looked_into": self.about,
            "counts": {str(verdict): number for verdict, number in self.counts.items()},
            "groups": {name: [row.as_dict() for row in rows] for name, rows in self.groups.items()},
        }

    def page(self) -> str:
        """
        The report as a self-contained page.

        Returns
        -------
        `str`
            HTML that includes the figures.
        """
        from jinja2 import Environment, StrictUndefined

        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        environment.filters["number"] = shown
        template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
        drawn = [(title, text, b64encode(picture).decode()) for title, text, picture in draw(self.figures)]
        return template.render(report=self, made=time_of_writing(), drawn=drawn, Verdict=Verdict)

    def write(self, folder: PathLike, *, overwrite: bool = False) -> tuple[Path, ...]:
        """
        Write ``report.json`` and ``report.html``.

        Parameters
        ----------
        folder : path-like
            Directory, created if necessary.
        overwrite : `bool`
            Whether existing files are replaced.

        Returns
        -------
        `tuple` of `pathlib.Path`
            Of both files.

        Raises
        ------
        sunpy_lasco.errors.OptionError
            If a file exists and must not be replaced.
        """
        folder = Path(folder)
        paths = folder / "report.json", folder / "report.html"
        for path in paths:
            if path.exists() and not overwrite:
                msg = f"{path} already exists; use overwrite=True to replace it."
                raise OptionError(msg)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(paths[0], json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n")
        write_whole(paths[1], self.page())
        return paths


def shown(value):
    """A number with a readable number of digits."""
    if value is None or not np.isfinite(value):
        return "–"
    if value == int(value) and abs(value) < 1e5:
        return str(int(value)).replace("-", "−")
    size = abs(value)
    if size < 1e-3 or size >= 1e5:
        mantissa, power = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}".replace("-", "−")
    return f"{value:.5g}".replace("-", "−")
