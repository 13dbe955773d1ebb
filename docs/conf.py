"""Configuration of the documentation."""

import os
import re
import sys
import warnings
from pathlib import Path

from matplotlib import MatplotlibDeprecationWarning
from sphinx_gallery import backreferences
from sunpy_sphinx_theme import PNG_ICON

from astropy.io.fits.verify import VerifyWarning
from astropy.utils.exceptions import AstropyDeprecationWarning

from sunpy.util.exceptions import SunpyDeprecationWarning

import sunpy_lasco

HERE = Path(__file__).parent

# The examples must not use deprecated features.
for category in (MatplotlibDeprecationWarning, AstropyDeprecationWarning, SunpyDeprecationWarning):
    warnings.filterwarnings("error", category=category)
# Real headers contain tabulators, about which astropy warns whenever a file is read.
warnings.filterwarnings("ignore", category=VerifyWarning)


def without_paths(message, category, *_arguments, **_keywords):
    """Text of a warning without the path of the example, which differs from machine to machine."""
    return f"{category.__name__}: {message}\n"


warnings.formatwarning = without_paths

project = "sunpy_lasco"
author = "The sunpy_lasco developers"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx wants this name
release = sunpy_lasco.__version__
version = ".".join(release.split(".")[:2])

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    # MathJax is part of the pages, so that formulas need no network.
    "sphinx-mathjax-offline",
    "sphinx.ext.viewcode",
    "sphinx_automodapi.automodapi",
    "sphinx_automodapi.smart_resolver",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
    "inner_names",
]
root_doc = "index"
source_suffix = {".rst": "restructuredtext"}
exclude_patterns = [
    "_build",
    "**/GALLERY_HEADER.rst",
    "generated/model_cards.rst",
    "generated/level05_cards.rst",
    "generated/constants.rst",
]
default_role = "py:obj"
templates_path = ["_templates"]

# -- Links --------------------------------------------------------------------
# The inventories of other projects are fetched only on request, so that the
# documentation builds without a network.
intersphinx_mapping = {}
if os.environ.get("SUNPY_LASCO_DOCS_ONLINE") or os.environ.get("READTHEDOCS"):
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "scipy": ("https://docs.scipy.org/doc/scipy", None),
        "matplotlib": ("https://matplotlib.org/stable", None),
        "astropy": ("https://docs.astropy.org/en/stable", None),
        "sunpy": ("https://docs.sunpy.org/en/stable", None),
        "parfive": ("https://parfive.readthedocs.io/en/stable", None),
        "drms": ("https://docs.sunpy.org/projects/drms/en/stable", None),
        "torch": ("https://docs.pytorch.org/docs/stable", None),
    }
else:
    # Sample frames are not downloaded just to document a module.
    os.environ["SUNPY_LASCO_OFFLINE"] = "1"
    # sphinx-gallery looks up each name of an example, and a sample frame that is looked up is fetched; where that
    # fails the example shows simulated frames.
    _short_name = backreferences._get_short_module_name
    backreferences._get_short_module_name = lambda module, name: (
        module if module == "sunpy_lasco.data.sample" else _short_name(module, name)
    )
# A broken link to an object of this package is an error.
nitpicky = True
# Names of inner modules, see docs/inner_names.py.
sys.path.insert(0, str(HERE))
_FOREIGN = (
    "argparse|array_like|astropy|bool|bytes|callable|collections|concurrent|dask|datetime|dict|drms|enum|float|frozenset|"
    "int|iterable|io|list|mapping|matplotlib|ndarray|ndcube|numpy|np|object|optional|parfive|pathlib|Path|scipy|sequence|set|skimage|str|"
    "sunpy|torch|tuple|type|typing|u|None|True|False|NoneType|[A-Z][A-Za-z]*(Error|Warning|Exit|Exception)"
)
nitpick_ignore_regex = [("py:.*", rf"({_FOREIGN})(\.(?!lasco).*)?")]

# -- Cards of the networks ----------------------------------------------------
from model_cards import write_model_cards  # noqa: E402

write_model_cards(HERE / "generated" / "model_cards.rst")

# -- Constants ----------------------------------------------------------------
from constants_table import write_constants  # noqa: E402

write_constants(HERE / "generated" / "constants.rst")

# -- Cards of level 0.5 -------------------------------------------------------
from level05_cards import write_card_tables  # noqa: E402

write_card_tables(HERE / "generated" / "level05_cards.rst")

# -- Reference ----------------------------------------------------------------
autoclass_content = "class"
autodoc_typehints = "none"
automodapi_toctreedirnm = "api"
automodsumm_inherited_members = False
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# -- Bibliography -------------------------------------------------------------
bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"
bibtex_default_style = "plain"

# -- Examples and figures -----------------------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": [str(HERE.parent / "examples")],
    "gallery_dirs": ["generated/gallery"],
    "filename_pattern": r"[\\/]plot_",
    "backreferences_dir": "generated/modules",
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
    "plot_gallery": "True",
    "remove_config_comments": True,
    "doc_module": ("sunpy_lasco",),
    "reference_url": {"sunpy_lasco": None},
    "within_subsection_order": "gallery_order.ByTopic",
    "show_memory": False,
    # No addresses of objects at the end of an example, and no pages of computing times.
    "capture_repr": ("_repr_html_",),
    "write_computation_times": False,
    "copyfile_regex": "",
}
plot_include_source = True
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 96)]

# -- HTML ---------------------------------------------------------------------
html_theme = "sunpy"
html_title = "sunpy_lasco"
html_favicon = str(PNG_ICON)
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_theme_options = {
    "logo": {"text": "sunpy_lasco"},
    "navbar_links": [],
    "sst_logo": "",
    # No visits are counted, and the search of Read the Docs is used only there: the pages work without a network.
    "goatcounter_analytics_url": False,
    "rtd_search": bool(os.environ.get("READTHEDOCS")),
}
html_context = {"default_mode": "auto"}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def _without_web_fonts(app, exception):
    """Remove the import of fonts from a server, without which a page waits for it where there is no network."""
    style = Path(app.outdir) / "_static" / "sunpy_style.css"
    if exception is None and style.is_file():
        lines = style.read_text(encoding="utf-8").splitlines(keepends=True)
        style.write_text("".join(line for line in lines if not line.startswith('@import url("http')), encoding="utf-8")


def _anchor_of(match):
    """A link to a page of the reference, with the anchor by which the page is called."""
    address, page, name = match["address"], match["page"], match["name"]
    own = page.rpartition(".")[2]
    if name == page or name.startswith(f"{page}.") or f".{own}" not in name:
        return match[0]
    return f'href="{address}#{page}{name.partition(f".{own}")[2]}"'


def _with_back_links(app, exception):
    """Lead from the source to names that are documented in another module than viewcode takes them to be."""
    if exception is None:
        for path in (Path(app.outdir) / "_modules").rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            link = r'href="(?P<address>[^"#]*/api/(?P<page>[\w.]+)\.html)#(?P<name>[\w.]+)"'
            path.write_text(re.sub(link, _anchor_of, text), encoding="utf-8")


def setup(app):
    """Register what happens at the end of a build."""
    app.connect("build-finished", _without_web_fonts)
    app.connect("build-finished", _with_back_links)
