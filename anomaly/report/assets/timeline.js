// The time line of a series: scores and sensors one below the other, with alarms as bands, to be zoomed together.

const SENSORS_AT_FIRST = 6;
const MARGIN = { left: 64, right: 8, top: 18, bottom: 18 };
const HOURS = 3600e3;
// A sensor that adds less to an alarm is not part of it.
const LEAST_SHARE = 0.05;
const STRIP = 4;

// Positions on the time axis: timestamps, or row numbers from 1.
function positions(series) {
  return series.times || Float64Array.from(series.steps, (step) => step + 1);
}

// A line stops where time jumps: by more than three times the median step.
function gapLimit(series, x) {
  const rates = [];
  for (let i = 1; i < x.length; i++) rates.push((x[i] - x[i - 1]) / (series.steps[i] - series.steps[i - 1]));
  return 3 * (rates.sort((a, b) => a - b)[rates.length >> 1] || 1);
}

function firstAtLeast(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function timeText(value, isDate, span) {
  if (!isDate) return shown(Math.round(value * 1000) / 1000);
  const text = new Date(value).toISOString();
  if (span > 240 * HOURS) return text.slice(0, 10);
  return span > HOURS ? text.slice(5, 16).replace("T", " ") : text.slice(11, 19);
}

class Panel {
  constructor(name, values, colourName, isScore) {
    Object.assign(this, { name, values, colourName, isScore, logarithmic: isScore });
    this.canvas = element("canvas", { tabindex: "0", role: "img", height: "120" });
    this.canvas.style.height = "120px";
  }

  // The shown part of the values, from index a to b, and the marks of alarms.
  draw(line, a, b) {
    const { canvas } = this;
    const width = canvas.clientWidth || 600;
    const [height, ratio] = [120, window.devicePixelRatio || 1];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const x = (at) => MARGIN.left + ((at - line.from) / (line.to - line.from || 1)) * (width - MARGIN.left - MARGIN.right);
    const [low, high] = this.limits(a, b);
    const y = (value) => height - MARGIN.bottom - ((this.scaled(value) - low) / (high - low || 1)) * (height - MARGIN.top - MARGIN.bottom);
    this.bands(pen, line, x, height, width);
    this.axes(pen, low, high, y, width);
    pen.strokeStyle = colour(this.colourName);
    pen.lineWidth = 1.3;
    this.curve(pen, line, a, b, x, y);
    pen.fillStyle = colour("ink");
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "left";
    pen.fillText(this.name, MARGIN.left, 12);
    canvas.setAttribute("aria-label", `${this.name}, from ${line.text(line.from)} to ${line.text(line.to)}; alarms are listed below`);
  }

  scaled(value) {
    return this.logarithmic ? Math.log10(Math.max(value, 1e-9)) : value;
  }

  limits(a, b) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = a; i < b; i++) {
      const value = this.scaled(this.values[i]);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (this.logarithmic) low = Math.max(low, high - 3);
    if (!(high > low)) return Number.isFinite(low) ? [low - 0.5, low + 0.5] : [0, 1];
    const space = 0.04 * (high - low);
    return [low - space, high + space];
  }

  axes(pen, low, high, y, width) {
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.fillStyle = colour("quiet");
    pen.strokeStyle = colour("line");
    pen.lineWidth = 1;
    for (const value of this.logarithmic ? logTicks(10 ** low, 10 ** high).slice(-4) : ticks(low, high, 3)) {
      pen.fillText(shown(value), MARGIN.left - 6, y(value) + 4);
      pen.beginPath();
      pen.moveTo(MARGIN.left, y(value));
      pen.lineTo(width - MARGIN.right, y(value));
      pen.stroke();
    }
  }

  bands(pen, line, x, height, width) {
    const band = (from, to, name, top, bottom) => {
      const [left, right] = [Math.max(x(from), MARGIN.left), Math.min(x(to), width - MARGIN.right)];
      if (right < MARGIN.left || left > width - MARGIN.right) return;
      pen.fillStyle = colour(name);
      // However long the series, an alarm is seen.
      pen.fillRect(left, top, Math.max(right - left, 2), bottom - top);
    };
    for (const one of line.alarms) {
      const isPart = this.isScore || (one.shares.get(this.name) || 0) >= LEAST_SHARE;
      band(one.from, one.to, "band", MARGIN.top, isPart ? height - MARGIN.bottom : MARGIN.top + STRIP);
    }
    for (const one of line.truth) band(one.from, one.to, "true", height - MARGIN.bottom, height - MARGIN.bottom + 5);
  }

  curve(pen, line, a, b, x, y) {
    pen.beginPath();
    let open = false;
    for (let i = a; i < b; i++) {
      const value = this.values[i];
      const jump = i > a && (line.x[i] - line.x[i - 1]) / (line.steps[i] - line.steps[i - 1]) > line.gap;
      if (Number.isNaN(value)) { open = false; continue; }
      if (open && !jump) pen.lineTo(x(line.x[i]), y(value));
      else {
        pen.moveTo(x(line.x[i]), y(value));
        // A value between two gaps is a dot.
        pen.lineTo(x(line.x[i]) + 0.8, y(value));
      }
      open = true;
    }
    pen.stroke();
  }
}

class Timeline {
  constructor(series) {
    this.series = series;
    this.steps = series.steps;
    this.x = positions(series);
    this.gap = gapLimit(series, this.x);
    const at = (step) => this.x[Math.min(firstAtLeast(this.steps, step), this.x.length - 1)];
    this.alarms = series.alarms.map((alarm) => ({
      from: at(alarm.start),
      to: at(alarm.end - 1),
      shares: new Map(alarm.reasons.map(([name, share]) => [name, share])),
    }));
    this.truth = (series.truth || []).map(([start, end]) => ({ from: at(start), to: at(end - 1) }));
    this.panels = [new Panel("score", series.scores, "anomaly", true)];
    this.sensorOrder().forEach((k) => this.panels.push(new Panel(series.sensors[k], series.values[k], "normal", false)));
    this.holder = byId("timeline");
    this.axis = element("div", { class: "quiet axis", "aria-hidden": "true" });
    this.add(this.panels.slice(0, SENSORS_AT_FIRST + 1));
    this.controls();
    this.showAll();
  }

  // Sensors that alarms are about come first.
  sensorOrder() {
    const weight = new Map();
    for (const alarm of this.series.alarms) {
      for (const [name, share] of alarm.reasons) weight.set(name, (weight.get(name) || 0) + share);
    }
    const { sensors } = this.series;
    return sensors.map((_, k) => k).sort((a, b) => (weight.get(sensors[b]) || 0) - (weight.get(sensors[a]) || 0) || a - b);
  }

  add(panels) {
    this.axis.remove();
    for (const panel of panels) {
      this.holder.append(panel.canvas);
      this.listen(panel.canvas);
    }
    this.shownPanels = [...(this.shownPanels || []), ...panels];
    this.holder.append(this.axis);
    const hidden = this.panels.length - this.shownPanels.length;
    if (hidden) {
      const button = element("button", { type: "button" }, `Show ${plural(hidden, "more sensor")}`);
      button.addEventListener("click", () => { button.remove(); this.add(this.panels.slice(this.shownPanels.length)); this.draw(); });
      this.holder.append(button);
    }
  }

  text(value) {
    return timeText(value, this.series.dates, this.to - this.from);
  }

  // With the year, which the marks of the axis leave out.
  fullText(value) {
    if (!this.series.dates) return this.text(value);
    const text = new Date(value).toISOString().replace("T", " ");
    return text.slice(0, this.to - this.from > HOURS ? 16 : 19);
  }

  show(from, to) {
    const [first, last] = [this.x[0], this.x[this.x.length - 1]];
    const least = (last - first) / this.series.count;
    const span = Math.min(Math.max(to - from, 10 * least), last - first);
    this.from = Math.min(Math.max(from, first), last - span);
    this.to = this.from + span;
    this.draw();
  }

  showAll() {
    this.show(this.x[0], this.x[this.x.length - 1]);
  }

  zoom(factor) {
    const middle = (this.from + this.to) / 2;
    const half = ((this.to - this.from) * factor) / 2;
    this.show(middle - half, middle + half);
  }

  move(part) {
    const by = (this.to - this.from) * part;
    this.show(this.from + by, this.to + by);
  }

  draw() {
    const a = Math.max(firstAtLeast(this.x, this.from) - 1, 0);
    const b = Math.min(firstAtLeast(this.x, this.to) + 1, this.x.length);
    for (const panel of this.shownPanels) panel.draw(this, a, b);
    byId("shown-range").textContent = `${this.fullText(this.from)} to ${this.fullText(this.to)}`;
    const parts = pictureWidth(this.holder) < 500 ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
    const marks = parts.map((part) => element("span", {}, this.text(this.from + part * (this.to - this.from))));
    this.axis.replaceChildren(...marks);
    this.axis.style.paddingLeft = `${MARGIN.left}px`;
  }

  // The buttons are those of the series shown.
  controls() {
    byId("zoom-in").onclick = () => this.zoom(0.5);
    byId("zoom-out").onclick = () => this.zoom(2);
    byId("move-left").onclick = () => this.move(-0.5);
    byId("move-right").onclick = () => this.move(0.5);
    byId("show-all").onclick = () => this.showAll();
  }

  listen(canvas) {
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      const part = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
      return this.from + Math.min(Math.max(part, 0), 1) * (this.to - this.from);
    };
    let start = null;
    canvas.addEventListener("pointerdown", (event) => { start = { x: event.clientX, at: at(event) }; });
    canvas.addEventListener("pointerup", (event) => {
      if (start && Math.abs(event.clientX - start.x) > 5) this.show(Math.min(start.at, at(event)), Math.max(start.at, at(event)));
      start = null;
    });
    canvas.addEventListener("pointercancel", () => { start = null; });
    canvas.addEventListener("keydown", (event) => {
      const act = { "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), ArrowLeft: () => this.move(-0.25), ArrowRight: () => this.move(0.25), 0: () => this.showAll() }[event.key];
      if (!act) return;
      act();
      event.preventDefault();
    });
  }
}

function alarmTable(series, line) {
  if (!series.alarms.length) return element("p", {}, "There are none.");
  const head = element("tr", {}, ...["start", "end", "steps", "highest score", "sensors", ""].map((name) => element("th", { scope: "col" }, name)));
  const body = element("tbody");
  series.alarms.forEach((alarm, k) => {
    const button = element("button", { type: "button", "aria-label": `show the alarm from ${alarm.from} in the time line` }, "Show");
    button.addEventListener("click", () => {
      const { from, to } = line.alarms[k];
      const space = Math.max(2 * (to - from), 40 * ((line.x[line.x.length - 1] - line.x[0]) / series.count));
      line.show(from - space, to + space);
      byId("timeline").scrollIntoView({ block: "center" });
    });
    const reasons = mainReasons(alarm.reasons, 3).join("; ");
    body.append(element("tr", {}, element("th", { scope: "row", "data-name": "start" }, alarm.from), element("td", { "data-name": "end" }, alarm.to),
      element("td", { class: "number", "data-name": "steps" }, (alarm.end - alarm.start).toLocaleString("en")),
      element("td", { class: "number", "data-name": "highest score" }, shown(alarm.score)),
      element("td", { "data-name": "sensors" }, reasons), element("td", { "data-name": "" }, button)));
  });
  return element("div", { class: "wide" }, element("table", { class: "alarms cards" }, element("thead", {}, head), body));
}

function seriesNote(series) {
  const thinned = series.steps.length < series.count ? ` Of each part, the lowest and highest values are drawn: ${series.steps.length.toLocaleString("en")} of ${plural(series.count, "step")}.` : "";
  const truth = series.truth ? " Purple marks below a line are true anomalies." : "";
  return `${plural(series.alarms.length, "alarm")} in ${plural(series.count, "step")}. Orange bands are alarms, over the score and the sensors that contribute most; a strip above another sensor marks the time alone. The alarms' limit follows the recent scores.${truth}${thinned}`;
}

// The time line of one series, or of the group that is chosen.
function showSeries(all) {
  let line = null;
  const show = (series) => {
    byId("timeline").replaceChildren();
    line = new Timeline(series);
    byId("alarms").replaceChildren(alarmTable(series, line));
    byId("series-note").textContent = seriesNote(series);
  };
  const choice = byId("series-name");
  all.forEach((series, k) => choice.append(element("option", { value: String(k) }, `${series.name} (${plural(series.alarms.length, "alarm")})`)));
  choice.addEventListener("change", () => show(all[Number(choice.value)]));
  byId("series-choice").hidden = all.length < 2 && !all[0].name;
  show(all[0]);
  window.addEventListener("resize", () => line.draw());
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => line.draw());
}
