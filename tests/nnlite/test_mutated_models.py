"""A short run of the mutator of `tests.nnlite.mutated_models`, and what it has found."""

import io
import json
import sys
import zipfile

import pytest

pytest.importorskip("h5py")
if sys.platform == "win32":
    pytest.skip("the mutator needs POSIX signals and resources", allow_module_level=True)

from nnlite.archive import FileFormatError
from nnlite.layers import Add, Dense, Input
from nnlite.models import Model, load_model
from tests.nnlite.mutated_models import run


def test_no_changed_model_file_is_a_crash_a_hang_or_a_demand_for_memory():
    counts, failures = run(190)
    assert not failures, "\n".join(failures)
    for form in ("npz", "keras", "weights.h5", "h5", "safetensors"):
        assert counts[f"{form} refused"] + counts[f"{form} scored"] >= 9
    assert sum(counts[key] for key in counts if key.endswith("scored")) > 20


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "m.keras"
    inputs = Input((3,))
    Model(inputs, Add()([Dense(3)(inputs), inputs])).save(path)
    return path


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("class_name",), []),
        (("class_name",), {}),
        (("config", "layers", 1, "class_name"), [None]),
        (("config", "layers", 1, "module"), {}),
        (("config", "layers", 1, "inbound_nodes"), [None]),
        (("config", "layers", 1, "inbound_nodes", 0, "args"), None),
        (("config", "layers", 1, "inbound_nodes", 0, "args", 0, "config", "keras_history"), [[], 0, 0]),
        (("config", "layers", 1, "inbound_nodes", 0, "args", 0, "config", "keras_history"), ["x", [], None]),
        (("config", "input_layers"), None),
        (("config", "output_layers"), [[{}, 0, 0]]),
        (("config", "layers"), None),
        (("config", "layers"), {}),
    ],
)
def test_values_of_other_types_are_refused(keras_file, place, value, tmp_path):
    changed = io.BytesIO()
    with zipfile.ZipFile(keras_file) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            member = before.read(name)
            if name == "config.json":
                config = json.loads(member)
                inner = config
                for key in place[:-1]:
                    inner = inner[key]
                inner[place[-1]] = value
                member = json.dumps(config).encode()
            after.writestr(name, member)
    path = tmp_path / "changed.keras"
    path.write_bytes(changed.getvalue())
    with pytest.raises(FileFormatError, match=r"changed\.keras"):
        load_model(path)
