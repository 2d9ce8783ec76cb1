// The page comes to life.

const values = readValues();
const recordsChanged = values.records ? showRecords(values) : () => {};
showScores(values, recordsChanged);
if (values.series.length) showSeries(values.series);
if (Object.keys(values.history).length) {
  showCurves(values.history);
  window.addEventListener("resize", () => showCurves(values.history));
}
