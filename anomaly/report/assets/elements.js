// Elements of the page. Text is set as text alone: no value of the data is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function byId(id) {
  return document.getElementById(id);
}

function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  for (const child of children) made.append(child);
  return made;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

// Four significant digits; whole numbers as they are.
function shown(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e12) {
    return Math.abs(value) >= 10000 ? WHOLE.format(value) : String(value);
  }
  const size = Math.abs(value);
  if (size >= 1e3 && size < 1e12) return WHOLE.format(Math.round(value));
  return String(Number(value.toPrecision(4)));
}

// The beginning of a text that would fill the page.
function brief(text, most = 120) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function percent(part, whole) {
  return whole ? `${((100 * part) / whole).toFixed(part / whole < 0.1 ? 2 : 1)} %` : "-";
}

function plural(count, unit) {
  return `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
}

// A picture is as wide as its place, so that its text is readable on a telephone too.
function pictureWidth(holder) {
  return Math.max(holder.clientWidth || 900, 300);
}

// Round values for the ticks of an axis from low to high.
function ticks(low, high, most) {
  const span = high - low || 1;
  const raw = span / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step * 1e-9; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}
