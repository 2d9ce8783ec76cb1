// Losses by epoch.

function showCurves(history) {
  const names = Object.keys(history).filter((name) => /loss$/.test(name) && history[name].some((loss) => loss !== null));
  const all = names.flatMap((name) => history[name]).filter((loss) => loss !== null);
  if (!all.length) { byId("curves").replaceChildren(element("p", {}, "There are no losses.")); return; }
  const [height, left, bottom] = [240, 64, 40];
  const width = pictureWidth(byId("curves"));
  const count = Math.max(...names.map((name) => history[name].length));
  let [low, high] = [Math.min(...all), Math.max(...all)];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const x = (i) => left + (i / Math.max(count - 1, 1)) * (width - left - 10);
  const y = (loss) => height - bottom - ((loss - low) / (high - low)) * (height - bottom - 24);
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Training loss from ${shown(all[0])} to ${shown(all[all.length - 1])} in ${plural(count, "epoch")}.` });
  for (const tick of ticks(low, high, 4)) {
    picture.append(drawn("line", { x1: left, x2: width - 10, y1: y(tick), y2: y(tick), stroke: "var(--line)" }),
      drawn("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, shown(tick)));
  }
  for (const tick of ticks(1, Math.max(count, 2), 8).filter(Number.isInteger)) {
    picture.append(drawn("text", { x: x(tick - 1), y: height - bottom + 17, "text-anchor": "middle" }, shown(tick)));
  }
  picture.append(drawn("text", { x: (left + width) / 2, y: height - 4, "text-anchor": "middle" }, "epoch"), drawn("text", { x: 4, y: 12 }, "loss"));
  names.forEach((name, k) => {
    const points = history[name].map((loss, i) => (loss === null ? "" : `${x(i)},${y(loss)}`)).filter(Boolean).join(" ");
    const stroke = ["var(--normal)", "var(--anomaly)", "var(--true)"][k % 3];
    picture.append(drawn("polyline", { points, fill: "none", stroke, "stroke-width": 2 }));
  });
  const legend = names.map((name, k) => `${name}: ${["blue", "orange", "purple"][k % 3]}`).join(", ");
  byId("curves").replaceChildren(picture, element("figcaption", {}, legend));
}
