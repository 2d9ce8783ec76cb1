"""Arguments have the names, defaults and positions of Keras."""

import json

import pytest

import nnlite
from tests.nnlite.reference import keras_values as reference
from tests.nnlite.reference.signatures import signature

SIGNATURES = reference.facts()["signatures"]

REQUIRED = "<required>"

# Arguments of nnlite that Keras does not have.
OURS = {
    # Keras 3 takes these as keyword arguments it does not list.
    **{key: {"input_shape", "input_dim"} for key in SIGNATURES if key.startswith("layers.")},
    "layers.LeakyReLU": {"input_shape", "input_dim", "alpha"},  # alpha: Keras 2, still taken there
    "Model.fit": {"backend", "threads", "check_finite", "resume"},
    "Model.evaluate": {"backend"},
    "Model.predict": {"backend", "threads"},
}

# Defaults that differ, with what stands in the place of Keras's.
OTHER_DEFAULTS = {
    # The class knows its own name: the default stands for the very name that Keras spells out (tested below).
    **{(key, "name"): {"default": None} for key in SIGNATURES if key.startswith("losses.")},
}

# What a Keras script may say and nnlite does not understand. Each is refused by Python itself, loudly.
NOT_OFFERED = {
    "layers": {
        "autocast",  # mixed precision
        "lora_rank",  # fine-tuning of large models
        "lora_alpha",
        "quantization_config",
        "sparse",  # other kinds of tensors
        "ragged",
        "tensor",
    },
    "losses": set(),
    "optimizers": set(),
    "optimizers.schedules": set(),
    "callbacks": {"baseline"},
    "metrics": set(),
    "regularizers": set(),
    "initializers": {"input_axes", "output_axes"},
    "models": set(),
    "Model": {
        "zipped",  # files of other formats
        "max_shard_size",
        "skip_mismatch",
    },
}


def ours(key):
    place, _, name = key.rpartition(".")
    owner = nnlite
    for part in place.split("."):
        owner = getattr(owner, part)
    return signature(getattr(owner, name))


@pytest.mark.parametrize("key", SIGNATURES)
def test_arguments_have_the_names_and_defaults_of_keras(key):
    keras, own = SIGNATURES[key], ours(key)
    assert set(own) - set(keras) <= OURS.get(key, set())
    for name in own.keys() & keras.keys():
        expected = OTHER_DEFAULTS.get((key, name), keras[name])
        assert own[name].get("default", REQUIRED) == expected.get("default", REQUIRED), name
    assert set(keras) - set(own) <= NOT_OFFERED[key.rpartition(".")[0]]


@pytest.mark.parametrize("key", SIGNATURES)
def test_positional_arguments_have_the_positions_of_keras(key):
    places = [name for name, about in SIGNATURES[key].items() if about["positional"]]
    own = [name for name, about in ours(key).items() if about["positional"]]
    assert own == places[: len(own)]


@pytest.mark.parametrize("key", [key for key in SIGNATURES if key.startswith("losses.")])
def test_losses_have_the_names_of_keras(key):
    loss = getattr(nnlite.losses, key.rpartition(".")[2])()
    assert loss.name == SIGNATURES[key]["name"]["default"]


def test_every_exception_is_still_needed():
    absent = {place: set() for place in NOT_OFFERED}
    for key, keras in SIGNATURES.items():
        absent[key.rpartition(".")[0]] |= set(keras) - set(ours(key))
    assert json.dumps(absent, default=sorted) == json.dumps(NOT_OFFERED, default=sorted)
