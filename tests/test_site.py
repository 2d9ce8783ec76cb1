"""The sources of the documentation site: every page is in its index, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

import nnlite

ROOT = Path(nnlite.__file__).parents[1]

if not (ROOT / "docs" / "conf.py").exists():
    pytest.skip("the site is tested in a checkout, where its pages are", allow_module_level=True)

from docs.build_site import gather  # noqa: E402


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    gather(folder)
    return folder


def test_every_page_is_in_a_table_of_contents(site):
    listed = {"index.md"}
    for page in site.rglob("*.md"):
        for block in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
            names = [line.strip() for line in block.splitlines() if line.strip() and not line.startswith(":")]
            for name in names:
                name = re.sub(r".*<(.+)>", r"\1", name)  # a title of its own
                found = list(page.parent.glob(f"{name}.*" if "*" not in name else name))
                assert found, f"{page.relative_to(site)} lists {name!r}, which is not there"
                listed |= {str(one.relative_to(site)) for one in found}
    pages = {str(page.relative_to(site)) for page in [*site.rglob("*.md"), *site.rglob("*.ipynb")]}
    assert sorted(pages - listed) == []


def test_links_between_pages_lead_somewhere(site):
    for page in site.rglob("*.md"):
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.relative_to(site)}: {link}"


def test_notebooks_that_were_run_are_shown_as_they_are(tmp_path):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "01_one_neuron.ipynb").write_text("with results")
    gather(tmp_path / "site", tmp_path / "results")
    course = tmp_path / "site" / "course"
    assert (course / "01_one_neuron.ipynb").read_text() == "with results"
    assert (course / "02_backpropagation.ipynb").read_text() != "with results"
    assert "nb_execution_excludepatterns = ['course/01_one_neuron.ipynb']" in (tmp_path / "site/conf.py").read_text()


def test_findings_have_a_section_each(site):
    text = (site / "findings.md").read_text(encoding="utf-8")
    assert text.count("\n## ") == len(list((ROOT / "findings").glob("*.sh")))


def test_the_api_names_what_is_there(site):
    import importlib

    for page in (site / "api").glob("*.md"):
        text, module = page.read_text(encoding="utf-8"), ""
        for line in text.splitlines():
            if line.startswith(".. currentmodule::"):
                module = line.split()[-1]
            elif re.fullmatch(r"   [\w.]+", line):
                *inner, name = line.split(".")
                owner = importlib.import_module(".".join([module, *(part.strip() for part in inner)]))
                assert hasattr(owner, name.strip()), f"{page.name}: {module}.{line.strip()}"


def without_code(page):
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors_of(page):
    """Return the anchors of the headings of a page, down to the third level, as GitHub and the site make them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#{1,3} (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_links_to_sections_lead_to_one(site):
    for page in site.rglob("*.md"):
        for path, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", without_code(page)):
            if "://" not in path:
                target = page.parent / path if path else page
                assert anchor in anchors_of(target), f"{page.relative_to(site)}: {path}#{anchor}"


def test_links_to_other_sites_have_the_form_of_one(site):
    """Whether they answer needs a network: ``python -m docs.build_site FOLDER --builder linkcheck`` asks."""
    found = {}
    for page in [*site.rglob("*.md"), *site.rglob("*.ipynb")]:
        for link in re.findall(r"\]\((\w+://[^)\s\"\\]*)", without_code(page)):
            found[link] = page.relative_to(site)
    assert len(found) >= 5
    for link, page in found.items():
        assert re.fullmatch(r"https://([a-z0-9-]+\.)+[a-z]{2,}(/[\w./%~+-]*)?(#[\w.-]+)?", link), f"{page}: {link}"
