"""Plots of training, scores, single records and series, drawn with Matplotlib.

Each function draws one plot on the axes ``ax``, or on a new figure, and returns the axes. It does not show the figure
and does not change the settings of Matplotlib. Importing this package does not import Matplotlib; the first plot does.

Without ``ax`` the figure is one of `matplotlib.pyplot.subplots`: a notebook displays it, and without a display
Matplotlib draws into memory. Pyplot keeps the figure until it is closed, as by `save_figure`. To avoid pyplot, as in
the threads of a server, pass the axes of another figure: ``ax=matplotlib.figure.Figure().add_subplot()``.

Colours are those of Okabe and Ito, which are distinct in all common forms of colour vision: normal records are blue,
anomalies vermilion.
"""

from anomaly.plots.curves import plot_confusion_matrix, plot_precision_recall, plot_roc
from anomaly.plots.figures import save_figure
from anomaly.plots.history import plot_learning_curve
from anomaly.plots.latent import plot_latent
from anomaly.plots.records import plot_contributions
from anomaly.plots.scores import plot_score_histogram, plot_scores_over_time
from anomaly.plots.series import plot_contribution_map, plot_reconstruction, plot_series

__all__ = [
    "plot_confusion_matrix",
    "plot_contribution_map",
    "plot_contributions",
    "plot_latent",
    "plot_learning_curve",
    "plot_precision_recall",
    "plot_reconstruction",
    "plot_roc",
    "plot_score_histogram",
    "plot_scores_over_time",
    "plot_series",
    "save_figure",
]
