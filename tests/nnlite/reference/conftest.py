"""The programs that make the reference values need packages that the tests don't."""

collect_ignore_glob = ["make_*.py"]
