"""
Check built pages as a browser would: ``python .ci/check_pages.py HTML``.

No page may load anything from another server, link to a page or an anchor that does not exist, show a picture that is
missing, or print the address of an object.
"""

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

#: Attributes by tag from which a browser loads something.
LOADED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
#: Links of these kinds load nothing.
TOLD = {"search", "index", "next", "prev", "canonical", "author", "copyright", "license"}


class Page(HTMLParser):
    """What a page loads, where it links to, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.loaded, self.links, self.anchors = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note one tag."""
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in LOADED and LOADED[tag] in given and given.get("rel") not in TOLD:
            self.loaded.append(given[LOADED[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


page = cache(Page)


def is_foreign(address):
    """Whether an address is on another server."""
    return re.match(r"(https?:)?//", address) is not None


def faults(root, path):
    """What is wrong with a page, a sentence each."""
    for address in page(path).loaded:
        if is_foreign(address):
            yield f"loads {address}"
        elif not address.startswith("data:") and not (path.parent / unquote(address.split("?")[0])).exists():
            yield f"lacks {address}"
    for address in page(path).links:
        target, anchor = urldefrag(address)
        if is_foreign(target) or re.match(r"[a-z]+:", target):
            continue
        other = (path.parent / unquote(target.split("?")[0])).resolve() if target else path
        if not other.exists():
            yield f"links to {address}, which does not exist"
        elif anchor and other.suffix == ".html" and unquote(anchor) not in page(other).anchors:
            yield f"links to {address}, which has no such anchor"
    if "_modules" not in path.relative_to(root).parts:
        for found in re.findall(r"[\w.]+ object at 0x[0-9a-f]+", path.read_text(encoding="utf-8")):
            yield f"shows {found}"


root = Path(sys.argv[1]).resolve()
pages = [path for path in sorted(root.rglob("*.html")) if "_static" not in path.relative_to(root).parts]
found = [f"{path.relative_to(root)} {fault}" for path in pages for fault in dict.fromkeys(faults(root, path))]
for style in sorted(root.rglob("*.css")):
    imported = re.findall(r"@import\s+url\([\"']?(https?:[^)\"']+)", style.read_text(encoding="utf-8"))
    found += [f"{style.relative_to(root)} loads {address}" for address in imported]
print(f"{len(pages)} pages, {len(found)} faults")
sys.exit("\n".join(found) or None)
