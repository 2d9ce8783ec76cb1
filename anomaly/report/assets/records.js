// The list of records: sorted by any column, filtered by text, threshold and group, some at a time.

const PAGE = 50;

// Each column reads the value of a record by its number in the list, and gives what to sort all of them by.
function recordColumns(section) {
  const columns = [{ name: "row", numbers: section.row, at: (i) => section.row[i], number: true }];
  if (section.key) columns.push({ name: "id", at: (i) => section.key[i] });
  columns.push({ name: "score", numbers: section.score, at: (i) => section.score[i], number: true });
  if (section.p) columns.push({ name: "p-value", numbers: section.p, at: (i) => (Number.isNaN(section.p[i]) ? null : section.p[i]), number: true });
  if (section.label) columns.push({ name: "label", at: (i) => ["", "normal", "anomaly"][section.label[i] + 1] });
  columns.push({ name: "why", at: (i) => why(section, i), kind: "why" });
  section.columns.forEach((name, k) => {
    const cells = section.cells[k];
    const number = !cells.values || cells.values.every((cell) => cell === null || typeof cell === "number");
    columns.push({ ...cells, name, number, other: true });
  });
  return columns;
}

// The reasons worth a line: the first, and others that add a good part of the score.
function mainReasons(reasons, most) {
  return reasons.filter((reason, i) => !i || reason[1] >= 0.15).slice(0, most).map((reason) => reason[4]);
}

function why(section, i) {
  const texts = mainReasons(section.reasons(i, 2), 2);
  if (section.missing.at(i)) texts.push(`${section.missing.at(i)} missing, which is rare`);
  return texts.join("; ");
}

const LETTERS = new Intl.Collator("en", { numeric: true });

// The rank of each value among others; NaN for none, which comes last in either order.
function ranksOf(values) {
  const key = sortKey(values);
  const keys = values.map(key);
  const order = keys.map((_, k) => k).filter((k) => keys[k] !== null && keys[k] !== "");
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : LETTERS.compare(String(a), String(b)));
  order.sort((a, b) => compare(keys[a], keys[b]));
  const ranks = new Float64Array(values.length).fill(NaN);
  order.forEach((k, place) => { ranks[k] = place && compare(keys[order[place - 1]], keys[k]) === 0 ? ranks[order[place - 1]] : place; });
  return ranks;
}

// What to sort records by: of values that repeat, each is compared once.
function sortRanks(column, count) {
  if (column.numbers) return column.numbers;
  if (!column.values) return ranksOf(Array.from({ length: count }, (_, i) => column.at(i)));
  const ranks = ranksOf(column.values);
  return Float64Array.from(column.positions, (position) => ranks[position]);
}

// Which records have a text in their value.
function recordsWith(column, text) {
  const has = (value) => shown(value).toLowerCase().includes(text);
  if (column.numbers && /[^-+\d.,e]/.test(text)) return () => false;
  if (!column.values) return (i) => has(column.at(i));
  const found = column.values.map(has);
  return (i) => found[column.positions[i]];
}

function reasonTable(reasons) {
  const body = element("tbody");
  for (const [column, share, found, expected, text] of reasons) {
    const bar = element("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${Math.round(80 * share)}px`;
    body.append(element("tr", {},
      element("th", { scope: "row" }, column), element("td", {}, bar, `${Math.round(100 * share)} %`),
      element("td", {}, found || "missing"), element("td", {}, expected || "-"), element("td", {}, text)));
  }
  const head = element("tr", {}, ...["column", "part of the score", "found", "expected", "in words"].map((name) => element("th", { scope: "col" }, name)));
  return element("div", { class: "wide" }, element("table", {}, element("thead", {}, head), body));
}

class RecordList {
  constructor(section, threshold) {
    this.section = section;
    this.columns = recordColumns(section);
    this.threshold = threshold;
    this.sorted = { column: this.columns.find((column) => column.name === "score"), descending: true };
    this.group = null;
    this.visible = PAGE;
    this.count = section.count;
    this.ranks = new Map();
    this.body = element("tbody");
    this.head = element("tr");
    byId("records").append(element("div", { class: "wide" }, element("table", { class: "records cards" },
      element("caption", { class: "quiet" }, element("span", { class: "broad" }, "Choose a heading to sort. "), "A row's button shows its reasons."), element("thead", {}, this.head), this.body)));
    // A telephone has no headings.
    byId("sort").append(...this.columns.map((column, k) => element("option", { value: k }, brief(column.name, 40))));
    byId("sort").addEventListener("change", () => this.sort(this.columns[Number(byId("sort").value)]));
    byId("turn").addEventListener("click", () => this.sort(this.sorted.column));
    this.drawHead();
    byId("filter").addEventListener("input", () => this.restart());
    byId("only-flagged").addEventListener("change", () => this.restart());
    byId("all-groups").addEventListener("click", () => this.choose(null));
    byId("more").addEventListener("click", () => { this.visible += PAGE; this.draw(); });
    // A printed page has no button to show more.
    window.addEventListener("beforeprint", () => { this.visible = Math.max(this.visible, 4 * PAGE); this.draw(); });
  }

  sort(column) {
    const own = column === this.sorted.column;
    this.sorted = { column, descending: own ? !this.sorted.descending : Boolean(column.number) };
    this.drawHead();
    this.restart();
  }

  drawHead() {
    byId("sort").value = String(this.columns.indexOf(this.sorted.column));
    byId("turn").textContent = this.sorted.descending ? "descending ↓" : "ascending ↑";
    this.head.replaceChildren(...this.columns.map((column) => {
      const own = column === this.sorted.column;
      const button = element("button", { type: "button", title: column.name }, brief(column.name, 60) + (own ? (this.sorted.descending ? " ↓" : " ↑") : ""));
      button.addEventListener("click", () => {
        this.sort(column);
        [...this.head.querySelectorAll("button")][this.columns.indexOf(column)].focus();
      });
      return element("th", { scope: "col", class: column.other ? "other" : "", "aria-sort": own ? (this.sorted.descending ? "descending" : "ascending") : "none" }, button);
    }));
  }

  restart() {
    this.visible = PAGE;
    this.draw();
  }

  choose(group) {
    this.group = group;
    byId("all-groups").hidden = group === null;
    for (const button of byId("groups").children) button.setAttribute("aria-pressed", String(Number(button.dataset.group) === group));
    this.restart();
  }

  chosen() {
    const text = byId("filter").value.trim().toLowerCase();
    let chosen = this.group === null ? Array.from({ length: this.count }, (_, i) => i) : [...this.section.groups[this.group].members];
    if (byId("only-flagged").checked) chosen = chosen.filter((i) => this.section.score[i] > this.threshold);
    if (text) {
      const tests = this.columns.map((column) => recordsWith(column, text));
      chosen = chosen.filter((i) => tests.some((test) => test(i)));
    }
    const { column, descending } = this.sorted;
    if (!this.ranks.has(column)) this.ranks.set(column, sortRanks(column, this.count));
    const ranks = this.ranks.get(column);
    return chosen.sort((a, b) => {
      const [no, none] = [Number.isNaN(ranks[a]), Number.isNaN(ranks[b])];
      if (no || none) return Number(no) - Number(none);
      return descending ? ranks[b] - ranks[a] : ranks[a] - ranks[b];
    });
  }

  draw() {
    const chosen = this.chosen();
    this.body.replaceChildren(...chosen.slice(0, this.visible).map((i) => this.line(i)));
    byId("found").textContent = `${plural(chosen.length, "record")} of ${this.count.toLocaleString("en")} listed`;
    byId("more").hidden = chosen.length <= this.visible;
  }

  line(i) {
    const line = element("tr", this.section.score[i] > this.threshold ? { class: "flagged" } : {});
    for (const column of this.columns) {
      const cell = element("td", { "data-name": brief(column.name, 60), class: [column.kind, column.number && "number", column.other && "other"].filter(Boolean).join(" ") });
      if (column.name === "row" && !column.other) cell.append(this.opener(i, line));
      else cell.append(brief(shown(column.at(i)), column.kind === "why" ? 600 : 120));
      line.append(cell);
    }
    return line;
  }

  opener(i, line) {
    const row = this.section.row[i];
    const button = element("button", { type: "button", "aria-expanded": "false", "aria-label": `reasons for record ${row}` }, String(row));
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      line.classList.toggle("open", !open);
      if (open) line.nextSibling.remove();
      else line.after(element("tr", { class: "detail" }, element("td", { colspan: this.columns.length }, reasonTable(this.section.reasons(i)))));
    });
    return button;
  }
}

function showRecords(values) {
  const list = new RecordList(values.records, values.threshold);
  const [total, listed] = [values.scores.length, values.records.count];
  byId("records-note").textContent = listed < total
    ? `The ${listed.toLocaleString("en")} records with the highest scores, of ${total.toLocaleString("en")}.`
    : total === 1 ? "The only record." : `All ${plural(total, "record")}.`;
  values.records.groups.forEach((group, k) => {
    const name = group.columns.length ? group.columns.join(" + ") : "like no other";
    const button = element("button", { type: "button", class: "chip", "aria-pressed": "false", "data-group": k },
      `${brief(name)}: ${plural(group.members.length, "record")}`);
    button.addEventListener("click", () => list.choose(list.group === k ? null : k));
    byId("groups").append(button);
  });
  return (threshold) => { list.threshold = threshold; list.draw(); };
}
