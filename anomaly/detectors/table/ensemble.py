"""Ensemble of networks and remembered records: the scores of several members as one, and its explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from anomaly.detectors.blend import BLENDS, Blend, SoftMaximum, spread_of
from anomaly.detectors.features import FeatureSet
from anomaly.detectors.table.denoiser import Denoiser
from anomaly.detectors.table.imputation import Imputer
from anomaly.detectors.table.linear import LinearRegressions
from anomaly.detectors.table.members import Completed, Member
from anomaly.detectors.table.neighbors import NearestNeighbors, typical
from anomaly.detectors.table.prototypes import Prototypes
from anomaly.detectors.table.saved_members import holes_from_state, members_from_state
from nnlite.job import counted
from nnlite.row_threads import map_rows
from nnlite.rowwise import CHUNK_ROWS, chunks_of
from nnlite.types import Array
from nnlite.values import Value

if TYPE_CHECKING:
    from anomaly.detectors.expectation import Expectation, Replacements

NO_MEMORY = (
    "{} needs remembered records, and this detector has none: it was fitted with neighbors=0, or its file was saved "
    "without them (records='prototypes' or 'none', on the command line --records). To remember records and yet score "
    "by the networks alone, use neighbors=1, neighbors_share=0"
)
"""Error of methods that need remembered records."""

_EXPLAINING = (Denoiser, LinearRegressions)
_DRAWS_TO_EXPLAIN = 4
_SIGNIFICANT = 2.0**13
# Scores have 13 binary digits: less than the last one in comparison with a typical score, 1, is 0.
_LEAST_SCORE = 2.0**-13


class Ensemble(Value):
    """Members, their weights, and weights learned from labels: a value that scores features.

    Attributes
    ----------
    members : tuple of Member
        Networks, then remembered records.
    weights : tuple of float
        Weight of each member without labels; they add up to 1.
    features : FeatureSet
        Columns and marks of the features.
    imputer : Imputer
        Filling of holes, the missing features of a record.
    member_weights : ndarray of float64 of shape (n_members,), optional
        Weights learned from labels; they add up to 1.
    column_weights : ndarray of float64 of shape (n_columns,), optional
        Weights learned from labels, of each column's contribution to the members' scores.
    blended : bool, default True
        Whether members with learned weights are blended by their spreads. Files of earlier versions summed them.
    blend_type : type of Blend, default Blend
        Blend of the members' scores.
    holes : ndarray of bool of shape (n_remembered, n_features), optional
        Holes of the remembered records, which the members know as filled; by default there are none.
    """

    members: tuple[Member, ...]
    weights: tuple[float, ...]
    features: FeatureSet
    imputer: Imputer
    member_weights: Array | None
    column_weights: Array | None
    blended: bool
    blend_type: type[Blend]
    holes: Array | None

    def __init__(
        self,
        members: tuple[Member, ...],
        weights: tuple[float, ...],
        features: FeatureSet,
        imputer: Imputer,
        member_weights: Array | None = None,
        column_weights: Array | None = None,
        blended: bool = True,
        blend_type: type[Blend] = Blend,
        holes: Array | None = None,
    ) -> None:
        self._set(
            members=members,
            weights=weights,
            features=features,
            imputer=imputer,
            member_weights=member_weights,
            column_weights=column_weights,
            blended=blended,
            blend_type=blend_type,
            holes=holes,
        )

    @property
    def networks(self) -> list[Denoiser]:
        """The members that are networks."""
        return [member for member in self.members if isinstance(member, Denoiser)]

    @property
    def comparison(self) -> NearestNeighbors | None:
        """The first member that compares with remembered records, or with prototypes of them; None without either."""
        return next((member for member in self.members if isinstance(member, NearestNeighbors)), None)

    @property
    def memory(self) -> NearestNeighbors | None:
        """The first member that remembers records, or None; prototypes are no records."""
        return None if isinstance(self.comparison, Prototypes) else self.comparison

    def memory_for(self, method: str) -> NearestNeighbors:
        """Return the remembered records for a method of a detector; ValueError if there are none."""
        if self.memory is None:
            raise ValueError(NO_MEMORY.format(method))
        return self.memory

    @property
    def remembered(self) -> Array:
        """Features of the remembered records, with their holes; without memory of shape (0, n_features)."""
        if self.memory is None:
            return np.empty((0, self.features.width), np.float32)
        records = self.memory.records
        return records if self.holes is None else np.where(self.holes, np.float32(np.nan), records)

    @property
    def donors(self) -> Array:
        """Features that holes are filled from: those of the remembered records, with their holes, or of prototypes."""
        return self.comparison.records if isinstance(self.comparison, Prototypes) else self.remembered

    @cached_property
    def blend(self) -> Blend:
        """Combination of the members' scores without labels."""
        return self.blend_type(self.weights, [member.spread for member in self.members])

    # -- scores --------------------------------------------------------------------------------

    def complete(self, x: Array) -> Completed:
        """Return features with holes filled, and which are known; see `anomaly.detectors.features`."""
        return self.imputer.filled(x), self.features.known(x)

    def scores(self, x: Array) -> Array:
        """Return the score of each record, rounded to four significant digits.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Features; NaN in holes.

        Returns
        -------
        ndarray of float64 of shape (n_records,)
            About 1 for a normal record. A score is independent of the batch.
        """
        return joined([part for chunk in chunks_of(x) for part in map_rows(self._scores, chunk, self._is_compiled)])

    def _is_compiled(self) -> bool:
        return all(network.is_compiled for network in self.networks)

    def _scores(self, x: Array) -> Array:
        values = self.complete(x)
        if self.column_weights is None or self.member_weights is None:
            return self.combine([member.scores(*values) for member in self.members])
        by_feature = self.column_weights[self.features.columns]
        if not self.blended:
            scores = np.zeros(len(x))
            for weight, member in zip(self.member_weights, self.members, strict=True):
                scores += weight * (member.contributions(*values) * by_feature).sum(axis=1)
            return round_significant(scores)
        if (by_feature == 1).all():
            by_member = [member.scores(*values) for member in self.members]
        else:
            # No product of matrices, which would round by the size of the batch.
            by_member = [(member.contributions(*values) * by_feature).sum(axis=1) for member in self.members]
        return round_significant(self.blend.with_weights(self.member_weights).scores(by_member))

    def combine(self, by_member: Sequence[Array]) -> Array:
        """Return the score of each record from those of the members, without labels."""
        scores, blend = np.empty(len(by_member[0])), self.blend
        if len(scores) <= CHUNK_ROWS:
            return round_significant(blend.scores(by_member))
        for start in range(0, len(scores), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            scores[rows] = round_significant(blend.scores([one[rows] for one in by_member]))
        return scores

    def calibrate(self, x: Array) -> tuple[Ensemble, Array]:
        """Put the members on a common scale by training records.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Features of the training records.

        Returns
        -------
        ensemble : Ensemble
            With calibrated members.
        scores : ndarray of float64 of shape (n_records,)
            Scores of the training records.
        """
        members, by_member, chunks = [], [], [self.complete(chunk) for chunk in chunks_of(x)]
        for member, raw in (member.calibrate(chunks) for member in counted(self.members)):
            scale = typical(raw)
            by_member.append(raw / scale)
            members.append(member.with_scale(scale, spread_of(by_member[-1])))
        ensemble = self.replaced(members=tuple(members))
        return ensemble, ensemble.combine(by_member) if self.column_weights is None else ensemble.scores(x)

    def with_scale_of(self, other: Ensemble) -> Ensemble:
        """Return the ensemble with the scales of another one's members, so that scores of the two can be compared."""
        pairs = zip(self.members, other.members, strict=True)
        return self.replaced(members=tuple(member.with_scale_of(like) for member, like in pairs))

    def with_label_weights(self, members: Array | None, columns: Array | None) -> Ensemble:
        """Return the ensemble with weights of members and columns that were learned from labels."""
        return self.replaced(member_weights=members, column_weights=columns, blended=True)

    # -- explanations --------------------------------------------------------------------------

    def contributions(self, x: Array) -> Array:
        """Return each column's contribution to each member's score.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Features of some thousands of records at most.

        Returns
        -------
        ndarray of float64 of shape (n_records, n_members, n_columns)
            A member's score is the sum over columns.
        """
        values = self.complete(x)
        by_member = [self.features.sum_by_column(member.contributions(*values)) for member in self.members]
        return np.stack(by_member, axis=1, dtype=np.float64)

    def explain(self, x: Array, normalize: bool = False) -> Array:
        """Split each record's score into contributions of columns; see `anomaly.detectors.attribution`.

        Parameters
        ----------
        x : ndarray of float32 of shape (n_records, n_features)
            Features.
        normalize : bool, default False
            Whether each row adds up to 1 in place of the score.

        Returns
        -------
        ndarray of float64 of shape (n_records, n_columns)
            At least 0; each row adds up to the score exactly.
        """
        from anomaly.detectors.attribution import fractions, split_scores

        if self.column_weights is None:
            values, explaining = self.complete(x), self.explaining.members
            by_member = {id(member): member.scores(*values) for member in self.members}
            scores = self.combine(list(by_member.values()))
            own = [by_member[id(one)] if id(one) in by_member else one.scores(*values) for one in explaining]
            log_scores = _log_of(self.explaining.combine(own))
        else:
            scores, log_scores = self.scores(x), _log_of(self.explaining.scores(x))
        found = fractions(self, x, log_scores, scores > np.exp(self.levels[0]))
        return found if normalize else split_scores(scores, found)

    def expected(self, x: Array) -> Array:
        """Return the features expected in each column by all others; see `anomaly.detectors.expectation`.

        In the columns that may be faulty, they are those that `explain` replaces them by.
        """
        proposed = self.propose(x, self.view(x))
        chosen = proposed.columns[:, self.features.columns]
        return np.where(chosen, proposed.expected, self.expectation.of_all(self.complete(x)[0]))

    def propose(
        self, x: Array, by_network: Array, apart_from: Array | None = None, before: Replacements | None = None
    ) -> Replacements:
        """Return the columns that may be faulty, as `Expectation.propose` does; a missing cell is not."""
        found = self.expectation.propose(self.complete(x)[0], by_network, apart_from, before)
        if not np.isnan(x).any():
            return found
        return found._replace(columns=found.columns & (self.features.sum_by_column(np.isnan(x).astype(int)) == 0))

    def view(self, x: Array) -> Array:
        """Return the fractions of columns in the errors of the network with the most noise, of shape (n, n_columns)."""
        from anomaly.detectors.attribution import normalized

        member = self.coarsest or self.members[0]
        by_column = self.features.sum_by_column(member.contributions(*self.complete(x)).astype(np.float64))
        return normalized(by_column if self.column_weights is None else by_column * self.column_weights)

    @property
    def coarsest(self) -> Denoiser | None:
        """The network with the most noise, or None."""
        return max(self.networks, key=lambda network: float(np.abs(network.noise_samples).mean()), default=None)

    @cached_property
    def expectation(self) -> Expectation:
        """What estimates a column from the others: remembered records, prototypes or, without either, networks."""
        from anomaly.detectors.table.neighbor_expectation import ExpectationByNeighbors
        from anomaly.detectors.table.network_expectation import ExpectationByNetworks

        if self.comparison is not None:
            return ExpectationByNeighbors(self.comparison.records, self.features)
        if self.coarsest is None:
            raise ValueError(NO_MEMORY.format("explain"))
        return ExpectationByNetworks(self.networks, self.coarsest, self.features)

    @property
    def levels(self) -> tuple[float, float]:
        """Logarithms of the scores of a typical training record, and of one that nine in ten do not exceed.

        They are estimates, for `explain`.
        """
        # Where all members are at their spread, about one record in ten is beyond. Learned weights may move the median.
        spreads = [np.exp([member.spread]) for member in self.members]
        return 0.0 if self.column_weights is None else -np.inf, float(np.log(self.blend.scores(spreads)[0]))

    def log_scores(self, x: Array, replaced: Array) -> Array:  # noqa: ARG002
        """Return the logarithm of each record's score, as float64 of shape (n_records,); finite for a score of 0.

        It is the score of `explaining`: of a record many with replaced columns are scored.
        """
        return _log_of(self.explaining.scores(x))

    @cached_property
    def explaining(self) -> Ensemble:
        """What tells by which replacements the score falls: networks with fewer draws, one comparison, regressions.

        Over made-up, numeric and mixed tables these named as many right columns as all members, in half the time.
        """
        chosen = [i for i, one in enumerate(self.members) if one is self.comparison or isinstance(one, _EXPLAINING)]
        weights = np.array(self.weights)[chosen]
        if not weights.sum() or (self.member_weights is not None and not self.member_weights[chosen].sum()):
            return self
        members = tuple(
            one.with_draws(_DRAWS_TO_EXPLAIN) if isinstance(one, Denoiser) else one
            for one in (self.members[i] for i in chosen)
        )
        learned = (
            None if self.member_weights is None else self.member_weights[chosen] / self.member_weights[chosen].sum()
        )
        return self.replaced(members=members, weights=tuple((weights / weights.sum()).tolist()), member_weights=learned)

    # -- files ---------------------------------------------------------------------------------

    def get_state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the members and the learned weights, as JSON values and arrays."""
        config: dict[str, Any] = {}
        arrays: dict[str, Array] = {}
        if self.column_weights is not None and self.member_weights is not None:
            arrays |= {"column_weights": self.column_weights, "member_shares": self.member_weights}
            config["weights_blended"] = self.blended
        members = []
        for number, member in enumerate(self.members):
            described, learned = member.get_state()
            members.append(described)
            arrays |= {f"member_{number}/{name}": array for name, array in learned.items()}
            if number and described.get("magnify"):
                # It compares with the records of the member before it.
                del arrays[f"member_{number}/records"]
        if self.holes is not None:
            arrays["holes"] = np.packbits(self.holes)
        return {"members": members, "blend": self.blend_type.kind, **config}, arrays

    @classmethod
    def from_state(
        cls,
        config: Mapping[str, Any],
        arrays: Mapping[str, Array],
        label: str,
        weights: Sequence[float],
        features: FeatureSet,
    ) -> Ensemble:
        """Return the ensemble of a state, validating every field.

        Parameters
        ----------
        config, arrays : mapping
            As `get_state` returns them, or as earlier versions did.
        label : str
            Name of the file, for error messages.
        weights, features
            As the class has them; they are not part of the state.

        Raises
        ------
        ValueError
            If the state does not describe an ensemble of so many members and features.
        """
        members = members_from_state(config, arrays, label)
        if len(members) != len(weights):
            raise ValueError(f"it has {len(members)} members; its parameters require {len(weights)}")
        if any(member.width != features.width for member in members):
            raise ValueError(f"its members score other than the {features.width} features of its preprocessing")
        # Files from before scores were averaged have no entry.
        blend_type = BLENDS[config.get("blend", SoftMaximum.kind)]
        nothing = Imputer.of(features, np.empty((0, features.width), np.float32))
        ensemble = cls(tuple(members), tuple(weights), features, nothing, blend_type=blend_type)
        ensemble = ensemble.replaced(holes=holes_from_state(arrays, ensemble.remembered))
        ensemble = ensemble.replaced(imputer=Imputer.of(features, ensemble.donors))
        if "column_weights" not in arrays:
            return ensemble
        learned = {"members": arrays["member_shares"], "columns": arrays["column_weights"]}
        for (name, array), size in zip(learned.items(), (len(members), features.n_columns), strict=True):
            if array.shape != (size,) or array.dtype != np.float64:
                raise ValueError(
                    f"its weights of {name} have shape {array.shape} and dtype {array.dtype}; expected {size}"
                )
            if not (np.isfinite(array) & (array >= 0)).all():
                raise ValueError(f"its weights of {name} are not all finite numbers of at least 0")
        # Files from when weighted members were summed have no entry.
        blended = bool(config.get("weights_blended", False))
        return ensemble.with_label_weights(**learned).replaced(blended=blended)


def _log_of(scores: Array) -> Array:
    return np.asarray(np.log(np.maximum(scores, _LEAST_SCORE)))


def joined(parts: Sequence[Array]) -> Array:
    """Return the parts as one array; a single one is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def round_significant(scores: Array) -> Array:
    """Return scores rounded to 13 binary digits, about four decimal ones.

    Products of matrices of different sizes round differently, by some parts in a million, so that scores would depend
    on the batch. And where many records are equal, a threshold at their score must not lie below some of them.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = round_significant(np.array([1.000003, 1.000002])).tolist()
    >>> a == b
    True
    """
    fractions, exponents = np.frexp(scores)
    return np.asarray(np.ldexp(np.rint(fractions * _SIGNIFICANT) / _SIGNIFICANT, exponents))
