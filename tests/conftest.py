"""Settings of all tests."""

from hypothesis import settings

# How long an example takes says more about the machine than about the code: benchmarks measure that.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
