"""Files of Keras 3: models and weights, read and written without Keras."""
