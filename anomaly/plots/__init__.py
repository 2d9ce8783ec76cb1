"""Pictures of training, scores and single records, drawn with Matplotlib.

Each function draws one picture on the axes given as ``ax``, or on a new figure, and returns the
axes. Nothing is shown and no setting of Matplotlib is changed. Importing this module does not
import Matplotlib; the first drawing does.

Without ``ax`` the figure comes from `matplotlib.pyplot.subplots`: a notebook then shows it by
itself, and on a machine without a screen Matplotlib falls back to drawing into memory. Pyplot keeps
such a figure until it is closed, which `save_figure` does. Where pyplot is unwelcome, as in the
threads of a server, give the axes of a figure of one's own:
``ax=matplotlib.figure.Figure().add_subplot()``.

Colours are those of Okabe and Ito, which people with any colour vision can tell apart: normal
records are blue, anomalies vermilion.
"""

from anomaly.plots.curves import plot_confusion_matrix, plot_precision_recall, plot_roc
from anomaly.plots.figures import save_figure
from anomaly.plots.history import plot_learning_curve
from anomaly.plots.records import plot_contributions, plot_latent
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
