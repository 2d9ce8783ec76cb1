"""The members of an ensemble in its file, and the holes of the records that they remember."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.isolation import IsolationForest
from anomaly.detectors.table.linear import LinearRegressions
from anomaly.detectors.table.members import Member
from anomaly.detectors.table.neighbors import NearestNeighbors
from anomaly.detectors.table.prototypes import Prototypes
from anomaly.detectors.table.saved_networks import built_network
from nnlite.archive import arrays_with_prefix
from nnlite.types import Array

_KINDS = (Denoiser, NearestNeighbors, Prototypes, IsolationForest, LinearRegressions)


def members_from_state(config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> list[Member]:
    """Return the members of a state; an error of any kind if they are not valid."""
    if "members" not in config:
        # The first format had one network and its plain error.
        network = built_network(config["network"], arrays_with_prefix(arrays, "model/"), label)
        return [Denoiser(network, arrays["disturbances"])]
    kinds: dict[str, Any] = {kind.kind: kind for kind in _KINDS}
    members: list[Member] = []
    for number, described in enumerate(config["members"]):
        learned = arrays_with_prefix(arrays, f"member_{number}/")
        if described.get("magnify") and "records" not in learned:
            learned["records"] = arrays[f"member_{number - 1}/records"]
        members.append(kinds[described["kind"]].from_state(described, learned, label))
    return members


def holes_from_state(arrays: Mapping[str, Array], remembered: Array) -> Array | None:
    """Return which features of the remembered records are holes, or None if there are none."""
    if "holes" not in arrays:
        return None
    bits, size = arrays["holes"], remembered.size
    if bits.dtype != np.uint8 or bits.shape != (-(-size // 8),):
        raise ValueError(f"its holes have shape {bits.shape}, {bits.dtype} for {remembered.shape} remembered features")
    return np.unpackbits(bits, count=size).reshape(remembered.shape).astype(np.bool_)
