"""Conversion of tables and series to float32 feature matrices: kinds of columns, scalers and preprocessors."""

from anomaly.preprocessing.parameters import FEATURE_LIMIT
from anomaly.preprocessing.scaling.base import Scaler
from anomaly.preprocessing.scaling.linear import (
    IdentityScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from anomaly.preprocessing.scaling.quantile import QuantileScaler
from anomaly.preprocessing.table import TablePreprocessor

__all__ = [
    "FEATURE_LIMIT",
    "IdentityScaler",
    "MinMaxScaler",
    "QuantileScaler",
    "RobustScaler",
    "Scaler",
    "StandardScaler",
    "TablePreprocessor",
]
