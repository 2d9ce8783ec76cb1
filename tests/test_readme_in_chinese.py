"""The Chinese README keeps in step with the English one: headings, commands, code, options and links."""

import re
from pathlib import Path

import pytest

import nnlite

ROOT = Path(nnlite.__file__).parents[1]

if not (ROOT / "README.zh-CN.md").exists():
    pytest.skip("the README is tested in a checkout, where it is", allow_module_level=True)

ENGLISH, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))


def _blocks(text):
    """Return the blocks of code, without their comments."""
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    return [re.sub(r" *# .*", "", block) for block in blocks]


def _prose(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def test_headings_are_as_many_and_as_deep():
    depths = [
        [len(marks) for marks in re.findall(r"^(#+) ", _prose(text), flags=re.MULTILINE)] for text in (ENGLISH, CHINESE)
    ]
    assert depths[0] == depths[1]


def test_commands_and_code_are_the_same():
    commands = [re.findall(r"^    (\S.*)$", _prose(text), flags=re.MULTILINE) for text in (ENGLISH, CHINESE)]
    assert commands[0] == commands[1]
    assert _blocks(ENGLISH) == _blocks(CHINESE)


def test_names_and_links_are_the_same_section_by_section():
    sections = [re.split(r"^## .*$", _prose(text), flags=re.MULTILINE)[1:] for text in (ENGLISH, CHINESE)]
    for english, chinese in zip(*sections, strict=True):
        for pattern in (r"`([^`]+)`", r"\]\(([^)]+)\)"):
            names = [
                sorted(" ".join(name.split()) for name in re.findall(pattern, text)) for text in (english, chinese)
            ]
            assert names[0] == names[1]


def test_it_is_chinese():
    prose = re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)|^    .*$", "", _prose(CHINESE), flags=re.MULTILINE)
    han = len(re.findall(r"[\u4e00-\u9fff]", prose))
    assert han > 1200
    assert han > 2 * len(re.findall(r"[A-Za-z]", prose))
