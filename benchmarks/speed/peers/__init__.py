"""The contestants, one a file. Each is imported in a process of its own, where its libraries are."""
