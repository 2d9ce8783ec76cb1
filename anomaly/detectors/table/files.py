"""The file of an `TableDetector`: what it holds, and the way back, which believes none of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from anomaly.detectors.parameters import listed
from anomaly.detectors.table.neighbors import Denoiser, Neighbours, member_from_state, memory_of
from anomaly.detectors.table.weighted import weights_from_state
from anomaly.detectors.validation import check_whole, under
from anomaly.preprocessing import TablePreprocessor
from nnlite.models import model_from_parts
from nnlite.types import Array

if TYPE_CHECKING:
    from anomaly.detectors.table.detector import TableDetector


def described(detector: TableDetector) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what a detector has learned, as JSON values and arrays."""
    columns, tables = detector.preprocessor_.get_state()
    arrays = {f"preprocessing/{name}": array for name, array in tables.items()}
    if detector._fitted_params["false_alarm_rate"] is not None:
        arrays["calibration_scores"] = detector.calibration_scores_
    if detector.column_weights_ is not None and detector.member_shares_ is not None:
        arrays |= {"column_weights": detector.column_weights_, "member_shares": detector.member_shares_}
    members = []
    for number, member in enumerate(detector.members_):
        config, learned = member.state()
        members.append(config)
        arrays |= {f"member_{number}/{name}": array for name, array in learned.items()}
    if len(members) > 1 and members[-1].get("magnify"):
        # It compares with the records of the member before.
        del arrays[f"member_{len(members) - 1}/records"]
    config = {"members": members, "preprocessing": columns, "history": detector.history_}
    if detector.records_seen_ != len(detector.decision_scores_):
        config["records_seen"] = detector.records_seen_
    if detector.column_weights_ is not None:
        config["weights_blended"] = detector.weights_blended_
    return config, arrays


def restore(detector: TableDetector, config: Mapping[str, Any], arrays: Mapping[str, Array], label: str) -> None:
    """Let a detector with the parameters of the file take over what `described` returned."""
    if "members" not in config:
        # A file from when there was one network and its plain error: it had no parameter `neighbors`.
        detector.neighbors = 0
    if "fine_share" not in config["parameters"]:
        # A file from when records were compared in one way alone.
        detector.fine_share = 0.0
    detector._check_parameters()
    detector.preprocessor_ = TablePreprocessor.from_state(config["preprocessing"], under(arrays, "preprocessing/"))
    detector._take_dates(config)
    detector._take_columns()
    if "members" in config:
        detector.members_ = []
        for number, member in enumerate(config["members"]):
            learned = under(arrays, f"member_{number}/")
            if member.get("magnify") and "records" not in learned:
                learned["records"] = memory_of(detector.members_, "its member that magnifies").records
            detector.members_.append(member_from_state(member, learned, label))
    else:
        model = model_from_parts(config["network"], under(arrays, "model/"), label)
        detector.members_ = [Denoiser(model, arrays["disturbances"])]
    detector.history_ = config["history"]
    detector.records_seen_ = config.get("records_seen", len(arrays["decision_scores"]))
    check_whole("records_seen", detector.records_seen_, 1)
    weights = weights_from_state(arrays, len(detector.members_), detector.n_features_in_)
    detector.member_shares_, detector.column_weights_ = weights
    # A file from when weighted members were summed says nothing of it.
    detector.weights_blended_ = bool(config.get("weights_blended", weights[0] is None))
    reference = "decision_scores" if detector.false_alarm_rate is None else "calibration_scores"
    detector.calibration_scores_ = arrays[reference]
    kinds = [type(member) for member in detector.members_]
    memories = bool(detector.neighbors) * (1 + bool(detector.fine_share))
    expected = [Denoiser] * len(listed(detector.noise)) + [Neighbours] * memories
    magnifying = [member.magnify for member in detector.members_ if isinstance(member, Neighbours)]
    if kinds != expected or magnifying != [False, True][:memories]:
        raise ValueError(f"its members are {[kind.kind for kind in kinds]}, which its parameters do not ask for")
    detector.shares_ = detector._asked_shares()
    width = len(detector.preprocessor_.feature_names_out_)
    if any(member.width != width for member in detector.members_):
        raise ValueError(f"its members judge other than the {width} features that its preprocessing makes")
