"""Settings of the documentation site; `python -m docs.build_site FOLDER` builds it."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

import nnlite

project = "nnlite and anomaly"
author = copyright = "The nnlite developers"
release = version = nnlite.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_design",
    "sphinx_copybutton",
]
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options: dict[str, Any] = {"navigation_with_keys": True}

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_render_markdown_format = "myst"

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings have types
autodoc_default_options = {"members": True, "inherited-members": False, "undoc-members": False}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
nitpicky = False

# External links are asked by `--builder linkcheck`, which needs a network; anchors there are made by scripts.
linkcheck_anchors = False
linkcheck_timeout = 20
linkcheck_retries = 2

# What the links of a page in the repository point at, and the site does not have.
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]


def _write_formula(writer: Any, node: nodes.Element) -> None:
    """Write a formula as MathML, which browsers draw by themselves: a page needs no script and no network for it."""
    is_block = isinstance(node, nodes.math_block)
    # latex2mathml drops a prime that is written as an apostrophe.
    formula = convert(node.astext().replace("'", r"^{\prime}"), display="block" if is_block else "inline")
    writer.body.append(f'<div class="math">{formula}</div>' if is_block else formula)
    raise nodes.SkipNode


def _escape_fitted(_app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Escape the underscore at the end of fitted attributes in shapes, which would be a link in reStructuredText."""
    lines[:] = [re.sub(r"(?<![`\w])(n_features_in)_(?=[,)])", r"\1\_", line) for line in lines]


def setup(app: Any) -> None:
    """Register the writer of formulas, and what is to be done to docstrings."""
    app.connect("autodoc-process-docstring", _escape_fitted, priority=100)
    app.add_html_math_renderer("mathml", (_write_formula, None), (_write_formula, None))


html_math_renderer = "mathml"
