"""Measurements against the other programs that one could use instead; nothing here is part of the packages."""
