"""Settings of the networks of an ensemble and of its remembered records, from the parameters of a detector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from anomaly.detectors.features import FeatureSet
from anomaly.detectors.network_training import FitSettings
from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.isolation import IsolationForest
from anomaly.detectors.table.linear import MOST_FEATURES, LinearRegressions
from anomaly.detectors.table.members import Member
from anomaly.detectors.table.neighbors import NearestNeighbors
from nnlite.validation import Constraint, choice, integer, number, sequence_of, sizes

# More take longer and find no more. AUROC by 800 and by 1000 steps: 0.853 and 0.853 on 14 tables one-class, 0.746 and
# 0.747 unsupervised, 0.784 and 0.783 with a contamination; 0.897 and 0.897 on mixed tables, 0.927 and 0.928 on others.
MOST_STEPS = 800
# On samples of 33 to 250 records of 14 tables so many steps were level with one a record, or a little better; and
# 50 steps with a larger rate, where there are fewer than 200 records, were level with 200.
STEPS_PER_RECORD = 0.75
LEAST_STEPS = 50
_STEPS_AT_DEFAULT_RATE = 200
_DEFAULT_RATE = 0.001
_SHARE = 0.88
# Of rows that follow each other in time the remembered ones are near copies of few states, and fresh records are far
# from all of them; networks tell better which of those are anomalous. AUROC by 0.88, 0.5 and 0.3: 0.909, 0.915 and
# 0.917 on 20 made-up tables of slow factors, 0.970, 0.975 and 0.976 on 4 of a room's sensors, 0.788, 0.798 and 0.800 on
# 5 of telemetry and servers. Where fresh records are from between the training rows, less is worse: average precision
# on the sensors of the package 0.79, 0.68 and 0.62.
_SHARE_IN_TIME = 0.5
# AUROC by 0, 0.25, 0.5 and 0.7: 0.887, 0.900, 0.911 and 0.917 on 50 made-up tables of slow processes, where 0.5 was at
# worst 0.023 below 0, and 0.7 0.037; 0.699, 0.770, 0.806 and 0.818 on 13 of 30 columns and 80 to 500 rows; 0.618,
# 0.625, 0.633 and 0.673 on 7 of telemetry and servers.
_LINEAR_SHARE_IN_TIME = 0.5


TRAINING_CONSTRAINTS: Mapping[str, Constraint] = {
    "hidden": sizes(),
    "noise": sequence_of(number(least=0), "a number of at least 0, or several of them"),
    "sparsity": number(least=0),
    "draws": integer(least=0),
    "epochs": choice("auto") | integer(least=1),
    "batch_size": choice("auto") | integer(least=1),
    "learning_rate": choice("auto") | number(above=0),
    "patience": choice(None) | integer(least=0),
    "n_jobs": choice(None) | integer(least=1),
}
"""Constraints on the parameters of the networks."""


class TrainingSettings(NamedTuple):
    """Architecture and training of the networks.

    Attributes
    ----------
    hidden : tuple of int
        Units of the hidden layers.
    activation : str
        Activation of the hidden layers.
    noise : tuple of float
        Standard deviation of the Gaussian noise in training: one network each.
    sparsity : float
        Weight of the L1 penalty on the activations of the middle hidden layer.
    draws : int
        Number of noise samples for scoring; 0 scores the record without noise.
    epochs, batch_size : int or "auto"
        As in `anomaly.detectors.network_training.FitSettings`.
    learning_rate : float or "auto"
        Learning rate of Adam; "auto" is larger where few records mean few steps.
    patience : int or None
        Epochs without a lower validation loss before training stops early.
    n_jobs : int or None
        Number of threads; by default one for each network, if there is more than one processor.
    verbose : int
        Progress output.
    """

    hidden: tuple[int, ...]
    activation: str
    noise: tuple[float, ...]
    sparsity: float
    draws: int
    epochs: int | str
    batch_size: int | str
    learning_rate: float | str
    patience: int | None
    n_jobs: int | None
    verbose: int

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> TrainingSettings:
        """Return the settings of a detector's parameters, which may have single numbers for `hidden` and `noise`."""
        levels = {name: tuple(_as_list(parameters[name])) for name in ("hidden", "noise")}
        return cls(**{name: parameters[name] for name in cls._fields} | levels)

    @property
    def single(self) -> FitSettings:
        """Settings of the training of a single network."""
        return FitSettings(self.epochs, self.batch_size, self.patience, self.verbose)

    @property
    def n_threads(self) -> int:
        """Number of networks trained side by side.

        Three networks on two processors take as long as one and a half; one after two takes as long as two.
        """
        from nnlite.processors import available_processors

        if self.verbose:
            return 1
        networks = len(self.noise)
        return min(self.n_jobs or (networks if available_processors() > 1 else 1), networks)

    def cost(self, n_records: int, n_features: int) -> float:
        """Return about how many seconds the training takes, for the share that it has of a fit."""
        size = self.single.batch_for(n_records)
        steps = min(max(STEPS_PER_RECORD * n_records, LEAST_STEPS), MOST_STEPS)
        if self.epochs != "auto":
            steps = int(self.epochs) * n_records / size
        weights = sum(one * other for one, other in pairwise([n_features, *self.hidden, n_features]))
        return 7.3e-11 * len(self.noise) * steps * size * weights

    def rate(self, steps: int = MOST_STEPS) -> float:
        """Return the learning rate for a number of steps: for few steps it is larger, so that weights move as far."""
        if self.learning_rate != "auto":
            return float(self.learning_rate)
        if self.epochs != "auto":
            return _DEFAULT_RATE
        return _DEFAULT_RATE * max(1.0, _STEPS_AT_DEFAULT_RATE / max(steps, LEAST_STEPS))


class EnsembleSettings(NamedTuple):
    """Settings of networks and remembered records.

    Attributes
    ----------
    networks : TrainingSettings
        Of the networks.
    neighbors : int
        Number of nearest neighbors; 0 for networks alone.
    neighbors_share : float
        Weight of the remembered records; the networks have the remainder.
    fine_share : float
        Fraction of that weight for the magnifying comparison.
    forest_share : float
        Fraction of that weight for the isolation forest, before the comparisons divide it.
    wide_share : float
        Fraction of the weight of the plain comparison for the wide one, where records are left out.
    linear_share : float
        Weight of the linear regressions; all others have the remainder.
    contrast : float
        Weight of the local contrast.
    trim : float
        Fraction of the records, those with the highest scores, that are left out of training.
    """

    networks: TrainingSettings
    neighbors: int
    neighbors_share: float
    fine_share: float
    forest_share: float
    wide_share: float
    linear_share: float
    contrast: float
    trim: float

    @classmethod
    def from_parameters(
        cls, parameters: Mapping[str, Any], in_time: bool = False, n_features: int = 0
    ) -> EnsembleSettings:
        """Return the settings of a detector's parameters.

        With ``trim="auto"``, the fraction is that of the anomalies, if it is known. With ``neighbors_share="auto"``,
        the weight depends on whether the training records follow each other in time, as with ``linear_share="auto"``,
        which is 0 without neighbors, and of many features.
        """
        trim = parameters["contamination"] if parameters["trim"] == "auto" else parameters["trim"]
        share, linear = parameters["neighbors_share"], parameters["linear_share"]
        is_linear = in_time and parameters["neighbors"] and n_features <= MOST_FEATURES
        names = ("neighbors", "fine_share", "wide_share", "contrast")
        return cls(
            networks=TrainingSettings.from_parameters(parameters),
            trim=0.0 if trim == "auto" else float(trim),
            neighbors_share=(_SHARE_IN_TIME if in_time else _SHARE) if share == "auto" else share,
            forest_share=parameters["forest_share"] if parameters["neighbors"] else 0.0,
            linear_share=linear if linear != "auto" else _LINEAR_SHARE_IN_TIME if is_linear else 0.0,
            **{name: parameters[name] for name in names},
        )

    def weights(self, features: FeatureSet) -> tuple[float, ...]:
        """Return the weight of each member: networks, comparisons with remembered records, forest, regressions.

        The magnifying comparison finds small differences, which categories do not have. So its weight is multiplied by
        the fraction of the columns that are numbers, and the networks have the remainder.
        """
        n_networks, remembered = len(self.networks.noise), self.neighbors_share if self.neighbors else self.forest_share
        forest = remembered * self.forest_share if self.neighbors else remembered
        plain, fine = [(remembered - forest) * share for share in (1 - self.fine_share, self.fine_share)]
        wide = plain * self.wide_share if self.is_wide else 0.0
        network = (1 - remembered + fine * features.discrete) / n_networks
        comparisons = [plain - wide, *[fine * (1 - features.discrete)] * self.is_fine, *[wide] * self.is_wide]
        found = (*[network] * n_networks, *comparisons * bool(self.neighbors), *[forest] * bool(self.forest_share))
        if not self.linear_share:
            return found
        return (*((1 - self.linear_share) * weight for weight in found), self.linear_share)

    @property
    def quiet(self) -> EnsembleSettings:
        """The same settings without progress output."""
        return self._replace(networks=self.networks._replace(verbose=0))

    @property
    def networks_alone(self) -> EnsembleSettings:
        """Settings of networks and regressions, without what remembers records."""
        return self._replace(neighbors=0, forest_share=0.0)

    @property
    def is_fine(self) -> bool:
        """Whether there is a magnifying comparison."""
        return bool(self.neighbors and self.fine_share)

    @property
    def is_wide(self) -> bool:
        """Whether there is a wide comparison."""
        return bool(self.neighbors and self.wide_share and self.trim)

    @property
    def member_kinds(self) -> list[tuple[str, bool]]:
        """Kind of each member, and whether it magnifies."""
        plain, fine = (NearestNeighbors.kind, False), (NearestNeighbors.kind, True)
        return [
            *[(Denoiser.kind, False)] * len(self.networks.noise),
            *[plain] * bool(self.neighbors),
            *[fine] * self.is_fine,
            *[plain] * self.is_wide,
            *[(IsolationForest.kind, False)] * bool(self.forest_share),
            *[(LinearRegressions.kind, False)] * bool(self.linear_share),
        ]

    def check_members(self, members: Sequence[Member], memory: str = NearestNeighbors.kind) -> None:
        """Raise a ValueError unless the members have the kinds that follow from the settings.

        Parameters
        ----------
        members : sequence of Member
            Members of an ensemble.
        memory : str, optional
            Kind of the members in place of remembered records; by default those.
        """
        found = [(member.kind, getattr(member, "magnify", False)) for member in members]
        required = [(memory if kind == NearestNeighbors.kind else kind, own) for kind, own in self.member_kinds]
        if found != required:
            raise ValueError(f"its members are {found}; its parameters require {required}")


def _as_list(value: Any) -> list[Any]:
    """Return the elements of a sequence; of a single value, a list of it."""
    return list(value) if isinstance(value, Iterable) else [value]
