"""Random models: invariants of every model, checked on thousands of them."""
