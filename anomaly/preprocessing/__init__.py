"""From any table to one float32 matrix: scalers, kinds of columns, and the preprocessor that puts them together."""

from anomaly.preprocessing.scalers import (
    IdentityScaler,
    MinMaxScaler,
    QuantileScaler,
    RobustScaler,
    Scaler,
    StandardScaler,
)
from anomaly.preprocessing.table import FEATURE_LIMIT, TablePreprocessor

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
