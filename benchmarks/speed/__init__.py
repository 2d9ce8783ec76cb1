"""How long the same work takes here and elsewhere, measured side by side.

Every contestant (`contestants`), ours among them, is a process of its own (`workers`, `worker`, `peers`), so that each
has the libraries, the settings and the number of threads that suit it best. It gets its data and warms up; then all
take turns, round by round (`rounds`), so that what else happens on the machine happens to all of them. What is said
in the end (`figures`, `report`, `results`, `picture`) are medians over the rounds, and ratios of medians.
"""
