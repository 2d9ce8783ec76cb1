// The distribution of the scores, with a threshold that can be moved.

const BINS = 60;
const MOST_RATIO = 1e6;

// Scores run over decades: positions on the axis are those of their logarithms, where all are above 0.
function scoreScale(scores) {
  const high = scores[0];
  const lowest = scores[scores.length - 1];
  const logarithmic = lowest > 0 && high / lowest > 5;
  const low = logarithmic ? Math.max(lowest, high / MOST_RATIO) : lowest;
  const width = logarithmic ? Math.log(high / low) : high - low || 1;
  return {
    logarithmic, low, high,
    position: (score) => {
      const at = logarithmic ? Math.log(Math.max(score, low) / low) / width : (score - low) / width;
      return Math.min(Math.max(at, 0), 1);
    },
    // At the end it is the highest score itself, without the rounding of exp.
    score: (position) => (position >= 1 ? high : logarithmic ? low * Math.exp(position * width) : low + position * width),
  };
}

// The number of scores above a threshold; they are in descending order.
function countAbove(scores, threshold) {
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle] > threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countText(values, threshold) {
  const total = values.scores.length;
  const above = countAbove(values.scores, threshold);
  let text = `${plural(above, values.unit)} of ${total.toLocaleString("en")} above the threshold (${percent(above, total)}).`;
  if (values.series.length) text += ` In alarm, by the limit that follows the scores: ${plural(values.flagged, values.unit)} (${percent(values.flagged, total)}).`;
  if (values.labels) {
    let found = 0;
    let normal = 0;
    let anomalies = 0;
    let normals = 0;
    values.labels.forEach((label, i) => {
      if (label === 1) { anomalies++; if (i < above) found++; }
      if (label === 0) { normals++; if (i < above) normal++; }
    });
    text += ` Precision ${percent(found, found + normal)}, recall ${percent(found, anomalies)}` +
      ` (${found.toLocaleString("en")} of ${anomalies.toLocaleString("en")} true anomal${anomalies === 1 ? "y" : "ies"}` +
      `), false alarms ${percent(normal, normals)} of the normal ${values.unit}s.`;
  }
  return text;
}

function histogram(values, scale) {
  const counts = [new Array(BINS).fill(0), new Array(BINS).fill(0)];
  values.scores.forEach((score, i) => {
    const bin = Math.min(Math.floor(scale.position(score) * BINS), BINS - 1);
    counts[values.labels && values.labels[i] === 1 ? 1 : 0][bin]++;
  });
  return counts;
}

function drawScores(values, scale, holder) {
  const [height, left, bottom, top] = [260, 60, 42, 24];
  const width = pictureWidth(holder);
  const counts = histogram(values, scale);
  const most = Math.max(...counts[0].map((count, bin) => count + counts[1][bin]), 1);
  // Few anomalies beside many normal rows: heights grow with the logarithm of one more than the count.
  const y = (count) => height - bottom - (Math.log1p(count) / Math.log1p(most)) * (height - bottom - top);
  const x = (position) => left + position * (width - left - 10);
  const picture = drawn("svg", {
    viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Histogram of ${values.scores.length} scores from ${shown(scale.low)} to ${shown(scale.high)}, with the threshold.`,
  });
  for (let count = 1; count <= most; count *= 10) {
    picture.append(
      drawn("line", { x1: left, x2: width - 10, y1: y(count), y2: y(count), stroke: "var(--line)" }),
      drawn("text", { x: left - 6, y: y(count) + 4, "text-anchor": "end" }, count.toLocaleString("en")),
    );
  }
  const wide = (width - left - 10) / BINS;
  for (let bin = 0; bin < BINS; bin++) {
    const both = counts[0][bin] + counts[1][bin];
    if (!both) continue;
    const bar = { x: x(bin / BINS) + 0.5, width: wide - 1 };
    picture.append(drawn("rect", { ...bar, y: y(both), height: y(0) - y(both), fill: "var(--normal)" }));
    if (counts[1][bin]) {
      picture.append(drawn("rect", { ...bar, y: y(counts[1][bin]), height: y(0) - y(counts[1][bin]), fill: "var(--anomaly)" }));
    }
  }
  const marks = scale.logarithmic ? logTicks(scale.low, scale.high) : ticks(scale.low, scale.high, Math.ceil(width / 130));
  for (const score of marks) {
    picture.append(drawn("text", { x: x(scale.position(score)), y: height - bottom + 17, "text-anchor": "middle" }, shown(score)));
  }
  const scaleName = scale.logarithmic ? "score (logarithmic)" : "score";
  picture.append(
    drawn("text", { x: (left + width) / 2, y: height - 6, "text-anchor": "middle" }, scaleName),
    drawn("text", { x: 4, y: 14 }, `${values.unit}s (logarithmic)`),
  );
  const line = drawn("line", { y1: top - 6, y2: height - bottom, stroke: "var(--ink)", "stroke-width": 2, "stroke-dasharray": "5 3" });
  picture.append(line);
  const caption = values.labels ? "Blue: normal or unlabelled; orange, in front: true anomalies; dashed: the threshold." : "Dashed: the threshold.";
  holder.replaceChildren(picture, element("figcaption", {}, caption));
  return (threshold) => {
    line.setAttribute("x1", x(scale.position(threshold)));
    line.setAttribute("x2", x(scale.position(threshold)));
  };
}

// 1, 2 and 5 times powers of ten, as many as fit.
function logTicks(low, high) {
  const found = [];
  const decades = Math.log10(high / low);
  const factors = decades > 4 ? [1] : decades > 2 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of factors) {
      const score = factor * 10 ** power;
      if (score >= low && score <= high) found.push(score);
    }
  }
  return found;
}

function showScores(values, changed) {
  if (!values.scores.length) return;
  const scale = scoreScale(values.scores);
  const slider = byId("threshold");
  const exact = byId("threshold-number");
  let place = drawScores(values, scale, byId("histogram"));
  let current = values.threshold;
  const set = (threshold, from) => {
    if (from !== slider) slider.value = Math.round(1000 * scale.position(threshold));
    if (from !== exact) exact.value = Number(threshold.toPrecision(6));
    slider.setAttribute("aria-valuetext", `score ${shown(threshold)}`);
    byId("counts").textContent = countText(values, threshold);
    place(threshold);
    current = threshold;
    changed(threshold);
  };
  slider.addEventListener("input", () => set(scale.score(slider.value / 1000), slider));
  exact.addEventListener("input", () => { if (Number.isFinite(exact.valueAsNumber)) set(exact.valueAsNumber, exact); });
  byId("threshold-reset").addEventListener("click", () => set(values.threshold, null));
  set(values.threshold, null);
  window.addEventListener("resize", () => { place = drawScores(values, scale, byId("histogram")); place(current); });
}
