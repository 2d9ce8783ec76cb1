"""The list of commands, for the help of ``anomaly``: it imports none of them."""

COMMANDS = {
    "demo": "Run all steps on generated data and write the results to a folder.",
    "fit": "Fit a model to a table, or with --window to a time series.",
    "compare": "Compare settings on unlabelled records: agreement, stability, flagged records.",
    "score": "Compute anomaly scores: larger is more anomalous.",
    "evaluate": "Compare the scores of labelled records with their labels.",
    "drift": "Test whether new records follow the distribution of the training data.",
    "update": "Continue the training of a model on further records.",
    "learn-labels": "Learn weights of columns from a few labelled records.",
    "plot": "Plot scores, contributions and the latent space, and with labels the curves.",
    "report": "Write one HTML page on the rows of a file: what is anomalous, and why.",
    "info": "Describe a model: settings, columns, network and threshold.",
}
"""The commands, each in a module of its name, and their one-line descriptions."""
