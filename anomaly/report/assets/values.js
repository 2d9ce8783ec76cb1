// The values of the report: JSON, in which arrays are base64 of little-endian numbers.

const TYPES = {
  i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array,
};

function unpacked(packed) {
  if (packed === null) return null;
  const [type, text] = packed;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return new TYPES[type](bytes.buffer);
}

// Numbers of a few digits times a power of ten; without digits there is none. One division or product rounds once.
function readDecimals(column) {
  const [digits, powers] = [unpacked(column.digits), unpacked(column.powers)];
  return Float64Array.from(digits, (digit, i) => {
    if (digit === -32768) return NaN;
    return powers[i] < 0 ? digit / 10 ** -powers[i] : digit * 10 ** powers[i];
  });
}

// A column of numbers, in which NaN is none, or of distinct values with their positions; of one value without them.
function readColumn(column) {
  if (column.numbers || column.digits) {
    const numbers = column.numbers ? unpacked(column.numbers) : readDecimals(column);
    return { numbers, at: (i) => (Number.isNaN(numbers[i]) ? null : numbers[i]) };
  }
  const [values, positions] = [column.values, unpacked(column.positions)];
  return { values, positions, at: (i) => values[positions ? positions[i] : 0] };
}

function readReasons(section) {
  const reasons = section.reasons;
  const [counts, form, share] = [unpacked(reasons.counts), unpacked(reasons.form), unpacked(reasons.share)];
  const [column, found, expected, written] = [reasons.column, reasons.found, reasons.expected, reasons.written].map(readColumn);
  const places = new Map(section.columns.map((name, k) => [name, k]));
  const starts = new Uint32Array(counts.length + 1);
  counts.forEach((count, i) => { starts[i + 1] = starts[i] + count; });
  const reason = (record, i) => {
    const name = column.at(i);
    const own = found.at(i) || (places.has(name) ? shown(section.cells[places.get(name)].at(record)) : "");
    const parts = { column: name, found: brief(own, 100) || "missing", expected: brief(expected.at(i), 100) };
    const text = form[i] < reasons.forms.length
      ? reasons.forms[form[i]].replace(/\{(column|found|expected)\}/g, (_, part) => parts[part]) : written.at(i);
    return [name, share[i] / 10000, own, expected.at(i), text];
  };
  return (record, most = Infinity) => Array.from({ length: Math.min(counts[record], most) }, (_, k) => reason(record, starts[record] + k));
}

function readRecords(section) {
  for (const name of ["row", "score", "p", "label"]) section[name] = unpacked(section[name]);
  section.cells = section.cells.map(readColumn);
  section.missing = readColumn(section.missing);
  section.reasons = readReasons(section);
}

function readValues() {
  const values = JSON.parse(byId("values").textContent);
  values.scores = unpacked(values.scores);
  values.labels = unpacked(values.labels);
  if (values.records) readRecords(values.records);
  for (const series of values.series) {
    series.steps = unpacked(series.steps);
    series.values = series.values.map(unpacked);
    series.scores = unpacked(series.scores);
    series.times = unpacked(series.times);
  }
  return values;
}
