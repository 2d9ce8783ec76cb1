"""The page for those who come from Keras: its programs run, and its table of names is that of the code."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
if not DOCS.exists():
    pytest.skip("the pages are tested in a checkout, where they are", allow_module_level=True)

BLOCKS = re.findall(r"```python\n(.*?)```", (DOCS / "coming-from-keras.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    ("number", "printed"), [(0, "5.0\n"), (1, ""), (2, "True\n(64, 2)\n")], ids=["stand-in", "layer", "autoencoder"]
)
def test_a_program_of_the_page_runs(number, printed, capsys):
    exec(BLOCKS[number], {"__name__": "page"})
    assert capsys.readouterr().out == printed
    assert len(BLOCKS) == 3


def test_the_table_of_names_is_that_of_the_code():
    from docs.make_keras_names import IGNORED, has, table

    assert (DOCS / "keras_names.md").read_text(encoding="utf-8") == table()
    assert has("layers.Dense")
    assert not has("layers.Conv9D")
    names = (DOCS / "keras_names.txt").read_text(encoding="utf-8").split()
    assert set(IGNORED) <= {name for name in names if has(name)}
