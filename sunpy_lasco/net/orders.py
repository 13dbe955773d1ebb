"""
Where the files of a table of results come from, and where they are to stand.
"""

import uuid
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import sunpy

__all__ = ["Order", "place_orders"]


@dataclass(eq=False)
class Order:
    """A file to be fetched."""

    #: Where the search found it.
    url: str
    #: All addresses to try, in turn.
    addresses: list
    #: Where it is to stand, and where it is fetched to.
    target: Path
    temporary: Path
    #: What each address said.
    faults: list = field(default_factory=list)
    #: A whole file stands in its place.
    delivered: bool = False

    def while_fetched(self, response, url):
        """Where parfive is to write."""
        return self.temporary

    def in_the_end(self, response, url):
        """Where parfive is to write when the download is tried again (``Fido.fetch(files)``)."""
        return self.target


def place_orders(table, archives, path, overwrite):
    """
    Find the addresses and the places of the files of a table.

    Parameters
    ----------
    table : `~sunpy_lasco.net.table.LASCOQueryResponse`
        What to fetch.
    archives : sequence of `~sunpy_lasco.net.archives.Archive`
        Whom to try.
    path, overwrite
        As for `sunpy_lasco.net.LASCOClient.fetch`.

    Returns
    -------
    `list` of `Order`
        One for each row; rows of the same file share theirs.
    """
    template = _template(path)
    orders, taken = [], {}
    hidden = f".sunpy_lasco-{uuid.uuid4().hex[:8]}"
    for row in table:
        url = str(row["url"])
        name = url.rsplit("/", 1)[-1]
        target = Path(str(template).format(**{**row.response_block_map, "file": name})).expanduser()
        if overwrite == "unique":
            target = _free(target, taken)
        # An image that stands in two rows, perhaps of two archives, is fetched once.
        if target not in taken:
            taken[target] = Order(url, _addresses(url, archives), target, target.parent / hidden / target.name)
        orders.append(taken[target])
    return orders


def _template(path):
    if path is None:
        return Path(sunpy.config.get("downloads", "download_dir")) / "{file}"
    return Path(path) if "{file}" in str(path) else Path(path) / "{file}"


def _free(target, taken):
    """A name like ``22000000.1.fts`` that nothing bears yet."""
    if not target.exists() and target not in taken:
        return target
    stem, dot, suffix = target.name.partition(".")
    names = (target.with_name(f"{stem}.{number}{dot}{suffix}") for number in count(1))
    return next(name for name in names if not name.exists() and name not in taken)


def _addresses(url, archives):
    """The address, and the same file in the other archives of its level."""
    homes = [archive for archive in archives if url.startswith(f"{archive.root}/")][:1]
    others = [
        archive.root + url.removeprefix(home.root)
        for home in homes
        for archive in archives
        if archive.level == home.level
    ]
    addresses = list(dict.fromkeys([url, *others]))
    # Some directories of level 1 hold files that are not compressed.
    return [*addresses, url[:-3]] if url.endswith(".gz") else addresses
