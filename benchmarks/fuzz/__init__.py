"""Random models: what must hold of every model, on thousands of them."""
