"""A machine with three sensors: finding when it misbehaves, and which sensor gave it away.

Run it from top to bottom (some seconds):  python tutorials/series.py

It leaves a picture, series.png, in the folder where it is run.
"""

import numpy as np

from anomaly import SequenceDetector
from anomaly.events import find_events
from anomaly.metrics.events import evaluate_events
from anomaly.plots import plot_series, save_figure

NAMES = ("load", "temperature", "vibration")

# ----------------------------------------------------------------------------------------------
# Part 1. A machine, and two things that go wrong
# ----------------------------------------------------------------------------------------------
# The load goes up and down; the temperature follows it slowly; the machine shakes more under load.
rng = np.random.default_rng(0)
n = 6000
t = np.arange(n)
load = 50 + 20 * np.sin(2 * np.pi * t / 240) + 5 * np.sin(2 * np.pi * t / 37) + rng.normal(size=n)
temperature = np.empty(n)
temperature[0] = 60.0
for step in range(1, n):
    temperature[step] = temperature[step - 1] + 0.05 * (20 + 0.8 * load[step] - temperature[step - 1])
temperature += 0.3 * rng.normal(size=n)
vibration = 1 + 0.02 * load + 0.1 * rng.normal(size=n)

truth = np.zeros(n, dtype=int)
truth[4200:4260] = truth[5100:5220] = 1
vibration[4200:4260] += 0.6  # a loose bolt, for a minute
temperature[5100:5220] = temperature[5100]  # a sensor that hangs: no single value is unusual

series = np.column_stack([load, temperature, vibration])
train, test, test_truth = series[:3500], series[3500:], truth[3500:]

# Limits on single values, as wide as the training values, find what leaves them and nothing else.
low, high = train.min(axis=0), train.max(axis=0)
outside = ((test < low) | (test > high)).any(axis=1)
print("Part 1: limits on single values")
for start, end, what in ((4200, 4260, "loose bolt"), (5100, 5220, "hanging sensor")):
    print(f"  {what}: {outside[start - 3500 : end - 3500].mean():.0%} of its steps are outside of the limits")

# ----------------------------------------------------------------------------------------------
# Part 2. Learning what goes together
# ----------------------------------------------------------------------------------------------
# The detector cuts the series into windows, and a network learns to repair disturbed ones. Where it fails, something is
# unusual: not a value, but how values go together, over time and between sensors. The threshold comes from the last
# part of the training series, which the network has not seen.
detector = SequenceDetector(window=32, random_state=0).fit(train)
scores = detector.decision_function(test)
alarms = scores > detector.threshold_

print("\nPart 2: windows, and a network that knows what goes together")
print(evaluate_events(test_truth, scores, detector.threshold_, tolerance=10))

# ----------------------------------------------------------------------------------------------
# Part 3. When, and which sensor?
# ----------------------------------------------------------------------------------------------
# Alarms close to each other are one event. Each sensor's part of the scores says which one to look at: not the one that
# looks worst, since a network that is shown one wrong sensor errs at those that go with it, but the one that explains
# most.
parts = detector.explain(test)
print("\nPart 3: events")
for event in find_events(alarms, scores, minimum_length=3, tolerance=10):
    share = parts[event.start : event.end].sum(axis=0)
    share /= share.sum()
    print(
        f"  steps {event.start + 3500} to {event.end + 3500 - 1}, peak {event.peak_score:.1f}: "
        f"{NAMES[share.argmax()]} ({share.max():.0%} of the score)"
    )

# ----------------------------------------------------------------------------------------------
# Part 4. As it happens
# ----------------------------------------------------------------------------------------------
# A stream gives the same scores piece by piece, in memory that does not grow. With `causal=True` no score waits for, or
# depends on, what comes later: what an alarm in a control room needs.
live = SequenceDetector(window=32, causal=True, random_state=0).fit(train)
stream = live.stream()
seen, first = 0, None
for start in range(0, len(test), 100):
    piece = stream.push(test[start : start + 100])
    found = np.flatnonzero(piece > live.threshold_)
    found = found[seen + found >= 4200 - 3500]
    if first is None and len(found):
        first = seen + int(found[0])
    seen += len(piece)
print("\nPart 4: without looking ahead")
print(f"  first alarm of the loose bolt {first - 700} steps after it came loose")

figure = plot_series(
    test, alarms.astype(int), names=NAMES, scores=scores, threshold=detector.threshold_, labels=test_truth
)
save_figure(figure[0], "series.png")
print("\nseries.png shows it all")
