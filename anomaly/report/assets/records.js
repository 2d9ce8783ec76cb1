// The list of records: sorted by any column, filtered by text, threshold and group, some at a time.

const PAGE = 50;

function recordColumns(section) {
  const has = (read) => section.rows.some((row) => read(row) !== null && read(row) !== "");
  const columns = [{ name: "row", read: (row) => row.row, number: true }];
  if (has((row) => row.key)) columns.push({ name: "id", read: (row) => row.key });
  columns.push({ name: "score", read: (row) => row.score, number: true });
  if (has((row) => row.p)) columns.push({ name: "p-value", read: (row) => row.p, number: true });
  if (has((row) => row.label)) {
    columns.push({ name: "label", read: (row) => (row.label === null ? "" : row.label ? "anomaly" : "normal") });
  }
  columns.push({ name: "why", read: (row) => why(row), kind: "why" });
  section.columns.forEach((name, k) => {
    const number = section.rows.every((row) => row.cells[k] === null || typeof row.cells[k] === "number");
    const key = sortKey(section.rows.map((row) => row.cells[k]));
    columns.push({ name, read: (row) => row.cells[k], key: (row) => key(row.cells[k]), number, other: true });
  });
  return columns;
}

// The reasons worth a line: the first, and others that add a good part of the score.
function mainReasons(reasons, most) {
  return reasons.filter((reason, i) => !i || reason[1] >= 0.15).slice(0, most).map((reason) => reason[4]);
}

function why(row) {
  const texts = mainReasons(row.reasons, 2);
  if (row.missing.length) texts.push(`${row.missing.join(", ")} missing, which is rare`);
  return texts.join("; ");
}

// A cell without a value comes last, in either order.
function compareBy(column, descending) {
  const key = column.key || column.read;
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    const [no, none] = [left === null || left === "", right === null || right === ""];
    if (no || none) return Number(no) - Number(none);
    const order = typeof left === "number" && typeof right === "number" ? left - right : String(left).localeCompare(String(right), "en", { numeric: true });
    return descending ? -order : order;
  };
}

function reasonTable(row) {
  const body = element("tbody");
  for (const [column, share, found, expected, text] of row.reasons) {
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
    this.texts = new Map(section.rows.map((row) => [row, this.columns.map((column) => shown(column.read(row))).join("\n").toLowerCase()]));
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
    const members = this.group === null ? null : new Set(this.section.groups[this.group].members.map((i) => this.section.rows[i]));
    return this.section.rows
      .filter((row) => (!members || members.has(row)) && (!byId("only-flagged").checked || row.score > this.threshold) && this.texts.get(row).includes(text))
      .sort(compareBy(this.sorted.column, this.sorted.descending));
  }

  draw() {
    const chosen = this.chosen();
    this.body.replaceChildren(...chosen.slice(0, this.visible).map((row) => this.line(row)));
    byId("found").textContent = `${plural(chosen.length, "record")} of ${this.section.rows.length.toLocaleString("en")} listed`;
    byId("more").hidden = chosen.length <= this.visible;
  }

  line(row) {
    const line = element("tr", row.score > this.threshold ? { class: "flagged" } : {});
    for (const column of this.columns) {
      const cell = element("td", { "data-name": brief(column.name, 60), class: [column.kind, column.number && "number", column.other && "other"].filter(Boolean).join(" ") });
      if (column.name === "row" && !column.other) cell.append(this.opener(row, line));
      else cell.append(brief(shown(column.read(row)), column.kind === "why" ? 600 : 120));
      line.append(cell);
    }
    return line;
  }

  opener(row, line) {
    const button = element("button", { type: "button", "aria-expanded": "false", "aria-label": `reasons for record ${row.row}` }, String(row.row));
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      line.classList.toggle("open", !open);
      if (open) line.nextSibling.remove();
      else line.after(element("tr", { class: "detail" }, element("td", { colspan: this.columns.length }, reasonTable(row))));
    });
    return button;
  }
}

function showRecords(values) {
  const list = new RecordList(values.records, values.threshold);
  const [total, listed] = [values.scores.length, values.records.rows.length];
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
