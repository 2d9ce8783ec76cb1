// The values of the report: JSON, in which arrays are base64 of little-endian numbers.

function unpacked(text, Type) {
  if (text === null) return null;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Type(bytes.buffer);
}

function readValues() {
  const values = JSON.parse(byId("values").textContent);
  values.scores = unpacked(values.scores, Float32Array);
  values.labels = unpacked(values.labels, Int8Array);
  for (const series of values.series) {
    series.steps = unpacked(series.steps, Int32Array);
    series.values = series.values.map((text) => unpacked(text, Float32Array));
    series.scores = unpacked(series.scores, Float32Array);
    series.times = unpacked(series.times, Float64Array);
  }
  return values;
}
