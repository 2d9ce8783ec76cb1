"""From any table to one float32 matrix: scalers, kinds of columns, and the preprocessor that puts them together."""

from anomaly.preprocessing.parameters import FEATURE_LIMIT
from anomaly.preprocessing.quantiles import QuantileScaler
from anomaly.preprocessing.scaler import Scaler
from anomaly.preprocessing.scalers import (
    IdentityScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
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
