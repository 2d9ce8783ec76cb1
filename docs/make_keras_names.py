"""Write the table of Keras's public names: what nnlite has, what it accepts without effect, what it refuses and why.

``python docs/make_keras_names.py`` writes ``docs/keras_names.md``. The names of Keras 3.15.1 are listed here, in
``docs/keras_names.txt``; what nnlite has is looked up in its code.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).parent

# Accepted, without effect, with the reason.
IGNORED = {
    "callbacks.TensorBoard": "there is no TensorBoard without TensorFlow: warns once",
    "callbacks.RemoteMonitor": "no connections are opened: warns once",
    "callbacks.ProgbarLogger": "`fit` draws its bar itself: warns once",
    "utils.get_file": "nothing is downloaded: returns the path of a file in Keras's folder, or raises with the address",
    "utils.model_to_dot": "pictures are drawn by Matplotlib: raises, and names `plot_model`",
}

# Refused, with the reason: by module or name.
REASONS = {
    "layers.Random": "of the random changes of images the usual ones are here",
    "layers.Auto": "of the random changes of images the usual ones are here",
    "layers.Aug": "of the random changes of images the usual ones are here",
    "layers.Conv3D": "images have two dimensions, series one",
    "layers.Convolution3D": "images have two dimensions, series one",
    "3D": "images have two dimensions, series one",
    "LSTM1D": "convolutional recurrence is not part of this package",
    "LSTM2D": "convolutional recurrence is not part of this package",
    "TFSM": "files of TensorFlow are not read",
    "TorchModule": "modules of PyTorch are not run",
    "Flax": "modules of JAX are not run",
    "Jax": "modules of JAX are not run",
}
OTHERWISE = "not written yet"


def reason_of(name: str) -> str:
    """Return why a name is refused."""
    found = [reason for part, reason in REASONS.items() if part in name]
    return found[0] if found else OTHERWISE


def has(name: str) -> bool:
    """Return whether nnlite has a public name, such as "layers.Dense"."""
    module, _, last = name.rpartition(".")
    try:
        return hasattr(import_module(f"nnlite.{module}"), last)
    except ImportError:
        return False


def table() -> str:
    """Return the text of the page."""
    names = (FOLDER / "keras_names.txt").read_text(encoding="utf-8").split()
    by_module: dict[str, list[str]] = {}
    for name in names:
        by_module.setdefault(name.rpartition(".")[0], []).append(name)
    lines = [
        "# Names of Keras",
        "",
        "Written by `docs/make_keras_names.py` from the code; a test holds it to the code. The names are the public "
        "ones of Keras 3.15.1.",
        "",
        "| module | names | has | accepts without effect | refuses |",
        "| --- | --- | --- | --- | --- |",
    ]
    details = []
    for module, several in by_module.items():
        ignored = [name for name in several if name in IGNORED]
        missing = [name for name in several if not has(name)]
        present = [name for name in several if name not in ignored and name not in missing]
        lines.append(f"| `{module}` | {len(several)} | {len(present)} | {len(ignored)} | {len(missing)} |")
        details += ["", f"## {module}", "", f"Has: {_listed(present)}."]
        for name in ignored:
            details.append(f"Without effect: `{name.rpartition('.')[2]}` ({IGNORED[name]}).")
        by_reason: dict[str, list[str]] = {}
        for name in missing:
            by_reason.setdefault(reason_of(name), []).append(name)
        details += ["", *(f"- Refuses {_listed(some)}: {reason}." for reason, some in by_reason.items())]
    return "\n".join([*lines, *details]) + "\n"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name.rpartition('.')[2]}`" for name in names) or "none"


if __name__ == "__main__":
    (FOLDER / "keras_names.md").write_text(table(), encoding="utf-8")
