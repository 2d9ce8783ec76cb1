"""The programs for reference values need packages that the tests do not need."""

collect_ignore_glob = ["make_*.py"]
