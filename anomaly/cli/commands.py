"""The list of commands, and of exit codes, for the help of ``anomaly``: it imports no command."""

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
    "export": "Write the score of a model as an ONNX file, or as a program in C for devices without Python.",
    "serve": "Score records that are sent by HTTP.",
    "info": "Describe a model: settings, columns, network and threshold.",
    "completion": "Print what makes a shell complete commands, options, files and columns.",
}
"""The commands, each in a module of its name, and their one-line descriptions."""

WRONG_USE = 2
"""The exit code of a command line that cannot be run, such as one without a command."""

ROWS_LEFT_OUT = 3
"""The exit code of a command that is done, but has left out rows that it could not read."""

FAULT = 4
"""The exit code after an error that no input should cause, and where memory is not enough."""

EXIT_CODES = """\
exit codes:
  0    done
  1    the answer is yes: drift has found that the data has drifted
  2    wrong use, such as no command, or wrong data; with --strict also where there would be a warning about the data
  3    done, but rows were left out
  4    a fault of the program, or not enough memory
  130  interrupted by Ctrl-C"""
"""The list for the end of the help."""
