"""Keep the generator, which needs Keras, out of the collection of doctests."""

collect_ignore = ["make_keras_reference.py"]
