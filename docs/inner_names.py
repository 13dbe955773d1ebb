"""
Links to names of inner modules.

Docstrings name functions by the module in which they are written.  The reference has
most of them under the package that offers them: the link leads there.  A name that is
not in the reference stays plain text, but it must exist.
"""

import importlib
import pkgutil
from functools import cache

from sphinx.util.nodes import make_refnode

import sunpy_lasco


@cache
def written_in():
    """By bare name: the modules that have it in ``__all__``."""
    found = {}
    for info in pkgutil.walk_packages(sunpy_lasco.__path__, "sunpy_lasco."):
        if not info.name.endswith("__main__"):
            for name in getattr(importlib.import_module(info.name), "__all__", ()):
                found.setdefault(name, []).append(info.name)
    return found


def object_of(name):
    """The object of a full name; None if there is none."""
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:split]))
        except ImportError:
            continue
        for part in parts[split:]:
            found = getattr(found, part, None)
        return found
    return None


def resolve(app, env, node, contnode):
    """Answer Sphinx's event ``missing-reference``."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    if not target.startswith("sunpy_lasco."):
        modules = written_in().get(target.split(".")[0])
        if modules is None:
            return None
        target = f"{modules[0]}.{target}"
    wanted = object_of(target)
    if wanted is None:
        return None
    domain = env.get_domain("py")
    last = target.rsplit(".", 1)[-1]
    for name, entry in domain.objects.items():
        if name.rsplit(".", 1)[-1] == last and object_of(name) is wanted:
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, name)
    return contnode


def setup(app):
    """Register with Sphinx."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
