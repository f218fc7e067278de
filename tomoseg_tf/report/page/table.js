"use strict";
// The table of objects: sorted, filtered, in pages; an object that is chosen is shown.
(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("table-data").textContent);
  const number = data.label.length;
  const ROWS = window.matchMedia("(max-width: 40rem)").matches ? 10 : 20;
  const names = data.class.map((index) => data.classes[index]);
  const several = new Set(data.class).size > 1;
  const columns = [
    { name: "label", title: "Object", unit: "", values: data.label },
    ...(several ? [{ name: "class", title: "Class", unit: "", values: names, words: true }] : []),
    ...data.columns,
    ...["z", "y", "x"].map((axis, index) => (
      { name: `centroid_${axis}`, title: axis, unit: "voxel", decimals: 1,
        values: data.places[index] })),
  ];
  const size = data.columns.find(({ name }) => name.startsWith("equivalent_radius"))
    || data.columns[0] || columns[0];
  const state = { sorted: "label", falling: false, page: 0, chosen: null, rows: [] };

  const text = (value, decimals = 0) => {
    if (value === null) return "–";
    if (typeof value !== "number") return value;
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    return value.toLocaleString("en", digits);
  };

  // -- rows ------------------------------------------------------------------------------------
  function wanted() {
    const only = find("filter-class").value;
    const low = parseFloat(find("filter-low").value);
    const high = parseFloat(find("filter-high").value);
    const word = find("filter-text").value.trim().toLowerCase();
    const rows = [];
    for (let row = 0; row < number; row++) {
      if (only !== "" && data.class[row] !== +only) continue;
      const value = size.values[row];
      if (value < low || value > high) continue;
      if (word && !columns.some(({ values }) => {
        const cell = values[row];
        return cell !== null && (`${cell}`.toLowerCase().startsWith(word)
          || (typeof cell === "string" && cell.toLowerCase().includes(word)));
      })) continue;
      rows.push(row);
    }
    return rows;
  }

  function sort(rows) {
    const { values, words } = columns.find(({ name }) => name === state.sorted);
    const way = state.falling ? -1 : 1;
    return rows.sort((one, other) => {
      const a = values[one], b = values[other];
      if (a === b) return one - other;
      if (a === null || b === null) return a === null ? 1 : -1;
      return way * (words ? a.localeCompare(b) : a - b) || one - other;
    });
  }

  function update(page = 0) {
    state.rows = sort(wanted());
    state.page = page;
    draw();
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(state.rows.length / ROWS));
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * ROWS, shown = state.rows.slice(first, first + ROWS);
    find("object-table").tBodies[0].replaceChildren(...shown.map(line));
    const of = state.rows.length.toLocaleString("en");
    const all = state.rows.length === number ? "" : ` (all: ${number.toLocaleString("en")})`;
    find("page-name").textContent = shown.length
      ? `${(first + 1).toLocaleString("en")}–${(first + shown.length).toLocaleString("en")} of ${of}${all}`
      : `0 of ${number.toLocaleString("en")}`;
    find("object-none").hidden = shown.length > 0;
    find("page-first").disabled = find("page-back").disabled = state.page === 0;
    find("page-last").disabled = find("page-on").disabled = state.page === pages - 1;
    columns.forEach(({ name, head }) => {
      if (name !== state.sorted) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", state.falling ? "descending" : "ascending");
    });
  }

  function line(row) {
    const element = document.createElement("tr");
    element.dataset.row = row;
    element.classList.toggle("chosen", row === state.chosen);
    columns.forEach(({ values, words, decimals }, index) => {
      const cell = document.createElement(index ? "td" : "th");
      if (index) {
        cell.textContent = text(values[row], decimals);
      } else {
        cell.scope = "row";
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = text(values[row]);
        button.setAttribute("aria-label",
          `Show object ${values[row]} at z ${Math.round(data.places[0][row])}`);
        cell.append(button);
      }
      if (words) cell.className = "left";
      element.append(cell);
    });
    return element;
  }

  // -- one object ------------------------------------------------------------------------------
  function choose(row) {
    state.chosen = row;
    document.querySelectorAll("#object-table tbody tr").forEach((element) => {
      element.classList.toggle("chosen", +element.dataset.row === row);
    });
    const [z0, z1, y0, y1, x0, x1] = data.boxes.map((side) => side[row]);
    const detail = { label: data.label[row], z: [z0, z1], y: [y0, y1], x: [x0, x1],
      middle: data.places.map((axis) => axis[row]) };
    document.dispatchEvent(new CustomEvent("object-chosen", { detail }));
  }

  document.addEventListener("voxel-chosen", (event) => {
    const at = event.detail;
    const sides = [at.z, at.y, at.x];
    let best = -1, smallest = Infinity;
    for (let row = 0; row < number; row++) {
      const box = data.boxes.map((side) => side[row]);
      if (sides.some((side, axis) => side < box[2 * axis] || side >= box[2 * axis + 1])) continue;
      const volume = (box[1] - box[0]) * (box[3] - box[2]) * (box[5] - box[4]);
      if (volume < smallest) [best, smallest] = [row, volume];
    }
    if (best < 0) return;
    let at0 = state.rows.indexOf(best);
    if (at0 < 0) {
      document.querySelectorAll("#filters input, #filters select").forEach((filter) => {
        filter.value = "";
      });
      update();
      at0 = state.rows.indexOf(best);
    }
    state.page = Math.floor(at0 / ROWS);
    draw();
    choose(best);
  });

  // -- controls --------------------------------------------------------------------------------
  const heads = find("object-table").tHead.rows[0];
  columns.forEach((column) => {
    const head = document.createElement("th"), button = document.createElement("button");
    head.scope = "col";
    if (column.words) head.className = "left";
    button.type = "button";
    button.textContent = column.title;
    if (column.unit) {
      const unit = document.createElement("small");
      unit.textContent = column.unit;
      button.append(unit);
    }
    button.addEventListener("click", () => {
      state.falling = column.name === state.sorted ? !state.falling : !column.words;
      if (column.name === "label" && state.sorted !== "label") state.falling = false;
      state.sorted = column.name;
      update();
    });
    head.append(button);
    heads.append(head);
    column.head = head;
  });
  data.classes.forEach((name, index) => {
    if (index && data.class.includes(index)) find("filter-class").append(new Option(name, index));
  });
  find("filter-class").parentElement.hidden = !several;
  find("size-name").textContent = size.title + (size.unit ? ` (${size.unit})` : "");
  find("filters").addEventListener("input", () => update());
  find("filters").addEventListener("submit", (event) => event.preventDefault());
  find("filters").addEventListener("reset", () => setTimeout(update));
  find("page-first").addEventListener("click", () => { state.page = 0; draw(); });
  find("page-back").addEventListener("click", () => { state.page -= 1; draw(); });
  find("page-on").addEventListener("click", () => { state.page += 1; draw(); });
  find("page-last").addEventListener("click", () => { state.page = Infinity; draw(); });
  find("object-table").tBodies[0].addEventListener("click", (event) => {
    const element = event.target.closest("tr");
    if (element) choose(+element.dataset.row);
  });
  find("save").addEventListener("click", () => {
    const quoted = (cell) => /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
    const lines = [columns.map(({ name }) => name).join(",")];
    state.rows.forEach((row) => lines.push(
      columns.map(({ values }) => quoted(`${values[row] ?? ""}`)).join(",")));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
    link.download = "objects.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
  update();
})();
