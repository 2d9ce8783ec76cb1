"""A machine with three sensors: when its behaviour is anomalous, and which sensor contributes most.

Run it from top to bottom (some seconds):  python tutorials/series.py

It writes a figure, series.png, to the current folder.
"""

import numpy as np

from anomaly import SequenceDetector
from anomaly.events import find_events
from anomaly.metrics.events import evaluate_events
from anomaly.plots import plot_series, save_figure

NAMES = ("load", "temperature", "vibration")

# ----------------------------------------------------------------------------------------------
# Part 1. A machine with two faults
# ----------------------------------------------------------------------------------------------
# The load has two cycles; the temperature follows it slowly; the vibration grows with it.
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
temperature[5100:5220] = temperature[5100]  # a sensor that is stuck: no single value is anomalous

series = np.column_stack([load, temperature, vibration])
train, test, test_truth = series[:3500], series[3500:], truth[3500:]

# Limits on single values, the range of the training values, detect values outside of them and nothing else.
low, high = train.min(axis=0), train.max(axis=0)
outside = ((test < low) | (test > high)).any(axis=1)
print("Part 1: limits on single values")
for start, end, fault in ((4200, 4260, "loose bolt"), (5100, 5220, "stuck sensor")):
    print(f"  {fault}: {outside[start - 3500 : end - 3500].mean():.0%} of its steps are outside of the limits")

# ----------------------------------------------------------------------------------------------
# Part 2. Comparing windows
# ----------------------------------------------------------------------------------------------
# The detector cuts the series into windows, and compares them with those of training: by their values, by the
# correlations of sensors and steps, and by statistics such as their spread. An anomaly is not a single value, but a
# relation between values, over time and between sensors, that training has not seen. The limit comes from the scores of
# training, each by what was learned from other parts of the series.
detector = SequenceDetector(random_state=0).fit(train)
scores = detector.decision_function(test)
alarms = detector.predict(test)

print("\nPart 2: windows compared with those of training")
print(evaluate_events(test_truth, scores, y_pred=alarms, tolerance=10))

# ----------------------------------------------------------------------------------------------
# Part 3. Events and their sensors
# ----------------------------------------------------------------------------------------------
# Alarms close to each other are one event. The sensor that contributes most to its scores is the one to inspect. It
# need not be the one with the most unusual values: a fault of one sensor makes correlated sensors unusual, too, and
# `explain` takes that into account.
contributions = detector.explain(test)
print("\nPart 3: events")
for event in find_events(alarms, scores, minimum_length=3, tolerance=10):
    fractions = contributions[event.start : event.end].sum(axis=0)
    fractions /= fractions.sum()
    print(
        f"  steps {event.start + 3500} to {event.end + 3500 - 1}, peak {event.peak_score:.1f}: "
        f"{NAMES[fractions.argmax()]} ({fractions.max():.0%} of the score)"
    )

# ----------------------------------------------------------------------------------------------
# Part 4. Scoring a stream
# ----------------------------------------------------------------------------------------------
# A stream gives the same scores piece by piece, in constant memory. With `causal=True` no score waits for, or depends
# on, later steps, as an alarm in a control room requires.
live = SequenceDetector(causal=True, random_state=0).fit(train)
stream = live.stream()
seen, first = 0, None
for start in range(0, len(test), 100):
    stream.push(test[start : start + 100])
    found = seen + np.flatnonzero(stream.labels)
    found = found[found >= 4200 - 3500]
    if first is None and len(found):
        first = int(found[0])
    seen += len(stream.labels)
print("\nPart 4: causal scores")
print(f"  first alarm of the loose bolt {first - 700} steps after it came loose")

figure = plot_series(test, alarms, names=NAMES, scores=scores, threshold=detector.threshold_, labels=test_truth)
save_figure(figure[0], "series.png")
print("\nThe figure is in series.png")
