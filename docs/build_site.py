"""Build the documentation site: ``python -m docs.build_site FOLDER``.

The pages of `docs/`, the notebooks of `tutorials/` and the texts at the top of the repository are gathered in a folder,
in which links between them are those of the site; then Sphinx builds it. A warning is an error. Nothing is loaded from
a network, neither by the build nor by the pages.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Pages of the repository, and their names on the site.
_PAGES = {
    "README.md": "readme.md",
    "README.zh-CN.md": "readme_zh.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "tutorials/README.md": "course/index.md",
    "benchmarks/README.md": "benchmarks.md",
}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def gather(target: Path, results: Path | None = None) -> None:
    """Copy the sources of the site to a folder; notebooks as they are in the folder of results, where they are."""
    skipped = shutil.ignore_patterns("__pycache__", "*.py", "generated", "README*")
    shutil.copytree(ROOT / "docs", target, ignore=skipped, dirs_exist_ok=True)
    shutil.copy(ROOT / "docs" / "conf.py", target)
    if results is not None:
        # A cell without output would have a notebook run again.
        done = [f"course/{path.name}" for path in sorted(results.glob("*.ipynb"))]
        with (target / "conf.py").open("a", encoding="utf-8") as file:
            file.write(f"\nnb_execution_excludepatterns = {done}\n")
    (target / "_static").mkdir(exist_ok=True)
    names = {Path(name): Path(page) for name, page in _PAGES.items()}
    names |= {path.relative_to(ROOT): path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    names |= {path.relative_to(ROOT): Path("course") / path.name for path in (ROOT / "tutorials").glob("*.ipynb")}
    for name, page in names.items():
        (target / page).parent.mkdir(parents=True, exist_ok=True)
        if name.suffix == ".ipynb":
            done = None if results is None else results / name.name
            shutil.copy(done if done is not None and done.is_file() else ROOT / name, target / page)
        else:
            text = (ROOT / name).read_text(encoding="utf-8")
            (target / page).write_text(_linked(text, name, page, names), encoding="utf-8")
    shutil.copy(ROOT / "tutorials" / "course.mplstyle", target / "course")
    with (target / "course" / "index.md").open("a", encoding="utf-8") as file:
        file.write("\n```{toctree}\n:hidden:\n:glob:\n\n[0-9]*\n```\n")
    (target / "findings.md").write_text(_findings(), encoding="utf-8")


def _linked(text: str, name: Path, page: Path, names: dict[Path, Path]) -> str:
    """Point links at the pages of the site; a link to a source file becomes its name."""

    def replace(found: re.Match[str]) -> str:
        mark, shown, link = found.groups()
        path, _, anchor = link.partition("#")
        if "://" in link or not path:
            return found[0]
        origin = Path(*_normalized(name.parent / path))
        if origin in names:
            steps = "../" * len(page.parent.parts)
            return f"{mark}[{shown}]({steps}{names[origin]}{'#' + anchor if anchor else ''})"
        if mark:
            picture = origin.relative_to("docs") if origin.parts[0] == "docs" else origin
            return f"![{shown}]({'../' * len(page.parent.parts)}{picture})"
        if not (ROOT / origin).exists():
            raise SystemExit(f"{name}: the link to {link!r} leads nowhere")
        return shown if shown.startswith("`") else f"{shown} (`{origin}`)"

    return _LINK.sub(replace, text)


def _normalized(path: Path) -> list[str]:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return parts


def _findings() -> str:
    """Return the page of findings: what each script says at its top."""
    text = [
        "# Findings\n\nSurprises about other software, each shown by a script in `findings/` that installs pinned "
        "versions, runs them, and fails if the behaviour changes.\n"
    ]
    for path in sorted((ROOT / "findings").glob("*.sh")):
        comment: list[str] = []
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            if not line.startswith("#"):
                break
            comment.append(line.removeprefix("#").strip())
        title, _, body = "\n".join(comment).partition("\n")
        text.append(f"## {title.rstrip('.')}\n\n{body.strip()}\n\nScript: `findings/{path.name}`.\n")
    return "\n".join(text)


def build(output: Path, builder: str = "html", execute: bool = True, results: Path | None = None) -> None:
    """Gather the sources and run Sphinx on them; a warning is an error.

    Parameters
    ----------
    output : Path
        Folder of the site.
    builder : str, default "html"
        Builder of Sphinx.
    execute : bool, default True
        Whether to run the notebooks that have no results; else they are shown without.
    results : Path, optional
        Folder of notebooks with results, as the tests leave it that NNLITE_COURSE_RESULTS names.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        gather(source, results)
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", builder]
        command += (
            [] if execute else ["-D", "nb_execution_mode=off", "-D", "suppress_warnings=myst-nb.lexer,myst.header"]
        )
        command += [str(source), str(output)]
        subprocess.run(command, check=True, cwd=ROOT)


def main() -> None:
    """Build the site to the folder of the command line."""
    parser = argparse.ArgumentParser(prog="python -m docs.build_site", description="Build the documentation site.")
    parser.add_argument("folder", type=Path, help="where to write it")
    parser.add_argument("--builder", default="html", help="builder of Sphinx, such as linkcheck (default: html)")
    parser.add_argument("--without-results", action="store_true", help="do not run the notebooks")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="notebooks that were run, not to be run again")
    options = parser.parse_args()
    build(options.folder, options.builder, not options.without_results, options.results)


if __name__ == "__main__":
    main()
