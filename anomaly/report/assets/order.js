// The order of texts: numbers and dates as people write them, each column in its own way; other texts by their letters.

// The number that a text begins or ends with a unit or a currency beside: its digits and marks; null if it is none.
function digitsOf(text) {
  const found = /^[-+−]?\s*[€$£¥]?\s*([-+−]?\d[\d.,'’\s]*)(?:\s*[A-Za-z€$£¥%°µ³²/]{0,8})$/.exec(text.trim());
  return found && text.trim().replace(/[^\d.,+−-]/g, "").replace("−", "-");
}

// Comma or point, whichever marks decimals: the last of two kinds, and the only one unless three digits follow it.
function decimalMark(texts) {
  let commas = 0;
  for (const text of texts) {
    const [comma, point] = [text.lastIndexOf(","), text.lastIndexOf(".")];
    const mark = comma > point ? "," : ".";
    const place = Math.max(comma, point);
    if (place < 0) continue;
    const isOnly = Math.min(comma, point) < 0;
    const several = text.indexOf(mark) !== place;
    const decimal = isOnly && several ? (mark === "," ? "." : ",") : isOnly && text.length - place === 4 ? null : mark;
    commas += decimal === "," ? 1 : decimal === "." ? -1 : 0;
  }
  return commas > 0 ? "," : ".";
}

function numberReader(texts) {
  const digits = texts.map(digitsOf);
  if (digits.includes(null)) return null;
  const mark = decimalMark(digits);
  const thousands = mark === "," ? "." : ",";
  const form = new RegExp(`^[-+]?(\\d+|\\d{1,3}(\\${thousands}\\d{3})+)(\\${mark}\\d*)?$`);
  if (!digits.every((text) => form.test(text))) return null;
  return (text) => Number(digitsOf(text).replaceAll(thousands, "").replace(mark, "."));
}

function dayReader(texts) {
  const form = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)$/;
  if (!texts.every((text) => form.test(text))) return null;
  return (text) => text.replace(form, (_, day, month, year, rest) => `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}${rest}`);
}

// What to sort the cells of a column by; null and "" are left as they are.
function sortKey(cells) {
  const texts = cells.filter((cell) => typeof cell === "string" && cell !== "");
  const read = texts.length && texts.length === cells.filter((cell) => cell !== null && cell !== "").length ? numberReader(texts) || dayReader(texts) : null;
  return read ? (cell) => (typeof cell === "string" && cell !== "" ? read(cell) : cell) : (cell) => cell;
}
