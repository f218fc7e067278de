"use strict";
(() => {
  const holder = document.getElementById("viewer-data");
  if (!holder) return;
  const data = JSON.parse(holder.textContent);
  const find = (id) => document.getElementById(id);
  const field = find("field");
  const context = field.getContext("2d");
  const [depth, height, width] = data.shape;
  const [, dy, dx] = data.spacing || [1, 1, 1];
  const last = data.slices.length - 1;
  const LAYERS = ["grey", "classes", "probability"].filter((layer) => data[layer]);
  const VIEWS = [...document.querySelectorAll("[name=view]")].map((input) => input.value);
  const TOUCH = 24, KEPT = 9, DIM = 0.3, LARGEST = 60;
  const state = {
    place: data.start, view: "", low: 0, high: 255, outline: false, zoom: 1, x: width / 2,
    y: height / 2, marked: null, shown: null,
    opacity: { truth: 60, segmentation: 60, errors: 100, probability: 75, grey: 100 },
  };

  // -- images ----------------------------------------------------------------------------------
  const decoded = new Map();
  let complete = document.readyState !== "loading";
  const whole = new Promise((done) => {
    if (complete) done();
    document.addEventListener("DOMContentLoaded", () => { complete = true; done(); });
  });

  async function pixels(layer, place) {
    const id = `${layer}-${place}`;
    if (!find(id)) await whole;
    const { width: columns, height: rows, type } = data[layer];
    const image = new Image();
    await new Promise((done, failed) => {
      image.onload = done;
      image.onerror = () => failed(new Error(`slice ${place}: damaged image`));
      image.src = `data:${type};base64,${find(id).textContent}`;
    });
    const canvas = new OffscreenCanvas(columns, rows);
    const drawing = canvas.getContext("2d", { willReadFrequently: true });
    drawing.drawImage(image, 0, 0);
    const rgba = drawing.getImageData(0, 0, columns, rows).data;
    const values = layer === "classes" ? new Uint16Array(columns * rows)
      : new Uint8Array(columns * rows);
    for (let i = 0, j = 0; i < values.length; i++, j += 4) {
      values[i] = layer === "classes" ? rgba[j] << 8 | rgba[j + 1] : rgba[j];
    }
    return values;
  }

  function load(place) {
    if (!decoded.has(place)) {
      const parts = LAYERS.map((layer) => pixels(layer, place));
      decoded.set(place, Promise.all(parts).then(
        (all) => Object.fromEntries(all.map((values, index) => [LAYERS[index], values]))));
    }
    const slice = decoded.get(place);
    decoded.delete(place);
    decoded.set(place, slice);
    while (decoded.size > KEPT) decoded.delete(decoded.keys().next().value);
    return slice;
  }

  // -- colours ---------------------------------------------------------------------------------
  const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const packed = ([r, g, b], a) => (a << 24 | b << 16 | g << 8 | r) >>> 0;
  const classColour = (c) => c === 255 ? data.ignored : data.colours[c] || data.ignored;
  const className = (c) => c === 255 ? "ignored" : data.names[c] || `class ${c}`;

  function outcome(truth, found) {
    if (truth === 255) return 5;
    if (truth === 0) return found === 0 ? 1 : 2;
    if (found === 0) return 3;
    return truth === found ? 0 : 4;
  }

  function codeColours(view, alpha) {
    const table = new Uint32Array(65536);
    const colours = data.outcomes.map(({ colour }) => rgb(colour));
    for (let code = 0; code < 65536; code++) {
      const truth = code >> 8, found = code & 255;
      if (view === "errors") {
        const kind = outcome(truth, found);
        if (kind !== 1) table[code] = packed(colours[kind], alpha);
      } else {
        const value = view === "truth" ? truth : found;
        if (value) table[code] = packed(rgb(classColour(value)), alpha);
      }
    }
    return table;
  }

  const tables = new Map();
  function colours(view, alpha) {
    const key = `${view} ${alpha}`;
    if (!tables.has(key)) {
      if (tables.size > 8) tables.clear();
      tables.set(key, codeColours(view, alpha));
    }
    return tables.get(key);
  }

  // -- drawing ---------------------------------------------------------------------------------
  const sheets = {};
  function sheet(name, columns, rows) {
    if (!sheets[name]) {
      const canvas = new OffscreenCanvas(columns, rows);
      const drawing = canvas.getContext("2d");
      const image = drawing.createImageData(columns, rows);
      const words = new Uint32Array(image.data.buffer);
      sheets[name] = { canvas, words, put: () => drawing.putImageData(image, 0, 0) };
    }
    return sheets[name];
  }

  function paintGrey(slice) {
    const { words, put } = sheet("grey", data.grey.width, data.grey.height);
    const dim = state.view === "errors" ? DIM : 1;
    const span = Math.max(state.high - state.low, 1);
    const levels = Uint32Array.from({ length: 256 }, (_, level) => {
      const share = Math.min(Math.max((level - state.low) / span, 0), 1);
      const value = Math.round(255 * dim * share);
      return packed([value, value, value], 255);
    });
    const grey = slice.grey;
    for (let i = 0; i < grey.length; i++) words[i] = levels[grey[i]];
    put();
  }

  function paintClasses(slice) {
    const { width: columns, height: rows } = data.classes;
    const { words, put } = sheet("classes", columns, rows);
    const alpha = Math.round(2.55 * state.opacity[state.view]);
    const table = colours(state.view, alpha), codes = slice.classes;
    if (!state.outline) {
      for (let i = 0; i < codes.length; i++) words[i] = table[codes[i]];
    } else {
      for (let y = 0, i = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++, i++) {
          const own = table[codes[i]];
          const inner = (x === 0 || table[codes[i - 1]] === own)
            && (x === columns - 1 || table[codes[i + 1]] === own)
            && (y === 0 || table[codes[i - columns]] === own)
            && (y === rows - 1 || table[codes[i + columns]] === own);
          words[i] = inner ? 0 : own;
        }
      }
    }
    put();
  }

  function paintProbability(slice) {
    const { words, put } = sheet("probability", data.probability.width, data.probability.height);
    const colour = rgb(data.colours[1]), values = slice.probability;
    const levels = Uint32Array.from({ length: 256 }, (_, level) =>
      packed(colour, Math.round(level * state.opacity.probability / 100)));
    for (let i = 0; i < values.length; i++) words[i] = levels[values[i]];
    put();
  }

  const ofClasses = (view) => ["truth", "segmentation", "errors"].includes(view);

  function paint() {
    const slice = state.shown;
    if (!slice) return;
    if (data.grey) paintGrey(slice);
    if (ofClasses(state.view)) paintClasses(slice);
    if (state.view === "probability") paintProbability(slice);
    draw();
  }

  const ratio = () => window.devicePixelRatio || 1;
  const fit = () => Math.min(field.width / (width * dx), field.height / (height * dy));
  const scale = () => fit() * state.zoom;
  const toPixel = (x, y) => [
    (x - state.x) * dx * scale() + field.width / 2, (y - state.y) * dy * scale() + field.height / 2];
  const toVoxel = (px, py) => [
    (px - field.width / 2) / (dx * scale()) + state.x,
    (py - field.height / 2) / (dy * scale()) + state.y];

  function keepInside() {
    const half = [field.width / (2 * dx * scale()), field.height / (2 * dy * scale())];
    [["x", width], ["y", height]].forEach(([axis, side], index) => {
      state[axis] = 2 * half[index] >= side ? side / 2
        : Math.min(Math.max(state[axis], half[index]), side - half[index]);
    });
    field.classList.toggle("zoomed", state.zoom > 1);
  }

  function place(name, layer) {
    const { bin, width: columns, height: rows } = data[layer];
    const [left, top] = toPixel(0, 0);
    context.drawImage(sheets[name].canvas, left, top,
      columns * bin * dx * scale(), rows * bin * dy * scale());
  }

  function draw() {
    if (!state.shown) return;
    keepInside();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, field.width, field.height);
    const [left, top] = toPixel(0, 0), [right, bottom] = toPixel(width, height);
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    context.imageSmoothingQuality = "high";
    if (data.grey) {
      context.imageSmoothingEnabled = scale() * dx * data.grey.bin < 3;
      place("grey", "grey");
    }
    if (ofClasses(state.view)) {
      context.imageSmoothingEnabled = scale() * dx * data.classes.bin < 1;
      place("classes", "classes");
    }
    if (state.view === "probability") place("probability", "probability");
    context.restore();
    drawMark();
    drawScale();
    field.dataset.z = data.slices[state.place];
    field.dataset.view = state.view;
    field.dataset.zoom = state.zoom.toFixed(2);
  }

  function stroke(path, dashed) {
    context.setLineDash(dashed ? [5 * ratio(), 4 * ratio()] : []);
    [["#000", 4.5], ["#ffe14d", 2]].forEach(([colour, thick]) => {
      context.strokeStyle = colour;
      context.lineWidth = thick * ratio();
      context.stroke(path);
    });
    context.setLineDash([]);
  }

  function write(text, x, y, align) {
    context.font = `600 ${13 * ratio()}px system-ui, sans-serif`;
    context.textAlign = align;
    context.lineWidth = 3.5 * ratio();
    context.lineJoin = "round";
    context.strokeStyle = "#000";
    context.strokeText(text, x, y);
    context.fillStyle = "#fff";
    context.fillText(text, x, y);
  }

  function drawMark() {
    const object = state.marked;
    if (!object) return;
    const z = data.slices[state.place];
    const inside = object.z[0] <= z && z < object.z[1];
    const gap = 4 * ratio();
    const [left, top] = toPixel(object.x[0], object.y[0]).map((side) => side - gap);
    const [right, bottom] = toPixel(object.x[1], object.y[1]).map((side) => side + gap);
    const path = new Path2D();
    path.rect(left, top, right - left, bottom - top);
    stroke(path, !inside);
    const text = `${object.label}` + (inside ? "" : ` (z ${object.z[0]} to ${object.z[1] - 1})`);
    const above = top > 22 * ratio();
    const x = Math.min(Math.max((left + right) / 2, 30 * ratio()), field.width - 30 * ratio());
    write(text, x, above ? top - 6 * ratio() : bottom + 16 * ratio(), "center");
  }

  function drawScale() {
    if (!data.spacing) return;
    const shown = Math.min(field.width, width * dx * scale()) / scale();
    const power = 10 ** Math.floor(Math.log10(shown / 4));
    const length = [5, 2, 1].map((step) => step * power).find((one) => one <= shown / 4);
    const [unit, size] = length < 0.9995 ? ["nm", 1e-3] : length < 999.5 ? ["µm", 1] : ["mm", 1e3];
    const left = 14 * ratio(), bottom = field.height - 14 * ratio(), thick = 4 * ratio();
    context.fillStyle = "#000";
    context.fillRect(left - ratio(), bottom - thick - ratio(), length * scale() + 2 * ratio(),
      thick + 2 * ratio());
    context.fillStyle = "#fff";
    context.fillRect(left, bottom - thick, length * scale(), thick);
    write(`${+(length / size).toPrecision(3)} ${unit}`, left + length * scale() / 2,
      bottom - 2.4 * thick, "center");
  }

  // -- what is said ----------------------------------------------------------------------------
  const slider = find("slice");
  function tell() {
    const z = data.slices[state.place];
    slider.value = state.place;
    slider.setAttribute("aria-valuetext", `z ${z}`);
    find("slice-name").textContent = `z ${z} of 0–${depth - 1}`;
    find("slice-back").disabled = state.place === 0;
    find("slice-on").disabled = state.place === last;
    const names = { grey: "scan", truth: "truth", segmentation: "segmentation", errors: "errors",
      probability: "probability" };
    field.setAttribute("aria-label", `Slice at z ${z}, ${names[state.view]}`);
  }

  function swatch(paintIt, name) {
    const item = document.createElement("li"), canvas = document.createElement("canvas");
    canvas.width = name === null ? 96 : 16;
    canvas.height = 16;
    canvas.setAttribute("aria-hidden", "true");
    paintIt(canvas.getContext("2d"), canvas);
    item.append(canvas, name === null ? "probability 0 to 1" : name);
    if (name === null) canvas.className = "scale";
    return item;
  }

  function explain() {
    const fill = (colour) => (drawing) => {
      drawing.fillStyle = colour;
      drawing.fillRect(0, 0, 16, 16);
    };
    const items = [];
    if (state.view === "errors") {
      const several = data.names.length > 2;
      data.outcomes.forEach(({ name, colour }, index) => {
        if (index < 4 || (index === 4 && several)) items.push(swatch(fill(colour), name));
      });
    } else if (ofClasses(state.view)) {
      data.names.forEach((name, index) => {
        if (index) items.push(swatch(fill(data.colours[index]), name));
      });
    } else if (state.view === "probability") {
      items.push(swatch((drawing, canvas) => {
        const run = drawing.createLinearGradient(0, 0, canvas.width, 0);
        run.addColorStop(0, "#000");
        run.addColorStop(1, data.colours[1]);
        drawing.fillStyle = run;
        drawing.fillRect(0, 0, canvas.width, 16);
      }, null));
    }
    find("legend").replaceChildren(...items);
  }

  const level = (value) => {
    const { black, white, whole: integers } = data.grey;
    const grey = black + value / 255 * (white - black);
    return integers && white - black >= 100 ? `${Math.round(grey)}` : `${+grey.toPrecision(4)}`;
  };

  function tellSettings() {
    if (data.grey) {
      find("low").value = state.low;
      find("high").value = state.high;
      find("low-name").textContent = level(state.low);
      find("high-name").textContent = level(state.high);
    }
    if (find("opacity")) {
      find("opacity").value = state.opacity[state.view];
      find("opacity").disabled = state.view === "grey";
      find("opacity-name").textContent = `${state.opacity[state.view]} %`;
    }
    if (find("outline")) find("outline").disabled = !ofClasses(state.view);
  }

  function under(event) {
    const box = field.getBoundingClientRect();
    const [x, y] = toVoxel((event.clientX - box.left) * field.width / box.width,
      (event.clientY - box.top) * field.height / box.height).map(Math.floor);
    return x >= 0 && y >= 0 && x < width && y < height ? [x, y] : null;
  }

  function value(layer, x, y) {
    const { bin, width: columns } = data[layer];
    return state.shown[layer][Math.floor(y / bin) * columns + Math.floor(x / bin)];
  }

  function tellUnder(at) {
    if (!at || !state.shown) return;
    const [x, y] = at, parts = [`z ${data.slices[state.place]}, y ${y}, x ${x}`];
    if (data.grey) parts.push(`grey ≈ ${level(value("grey", x, y))}`);
    if (data.classes) {
      const code = value("classes", x, y);
      if (data.truth) parts.push(`truth: ${className(code >> 8)}`);
      if (data.segmentation) parts.push(`segmentation: ${className(code & 255)}`);
      if (data.truth && data.segmentation) {
        parts.push(data.outcomes[outcome(code >> 8, code & 255)].name);
      }
    }
    if (data.probability) {
      parts.push(`probability ≈ ${(value("probability", x, y) / 255).toFixed(2)}`);
    }
    find("under").textContent = parts.join(" · ");
  }

  // -- changes ---------------------------------------------------------------------------------
  let wanted = 0;
  async function show(to) {
    state.place = Math.min(Math.max(to, 0), last);
    tell();
    const turn = ++wanted;
    const slice = await load(state.place);
    if (turn !== wanted) return;
    state.shown = slice;
    paint();
    if (!window.firstSlice) window.firstSlice = performance.now();
    if (complete) [1, -1].forEach((way) => {
      const next = state.place + way;
      if (next >= 0 && next <= last && !decoded.has(next)) load(next);
    });
  }

  function choose(view) {
    if (!VIEWS.includes(view)) return;
    state.view = view;
    document.querySelector(`[name=view][value=${view}]`).checked = true;
    tell();
    explain();
    tellSettings();
    paint();
  }

  function zoomBy(factor, px = field.width / 2, py = field.height / 2) {
    const [x, y] = toVoxel(px, py);
    state.zoom = Math.min(Math.max(state.zoom * factor, 1), LARGEST);
    const [nowX, nowY] = toVoxel(px, py);
    state.x += x - nowX;
    state.y += y - nowY;
    draw();
  }

  function moveBy(right, down) {
    state.x -= right / (dx * scale());
    state.y -= down / (dy * scale());
    draw();
  }

  function resetContrast() {
    const { black, white, low, high } = data.grey;
    const share = (grey) => Math.round(255 * (grey - black) / (white - black));
    state.low = Math.min(Math.max(share(low), 0), 254);
    state.high = Math.min(Math.max(share(high), state.low + 1), 255);
    tellSettings();
    paint();
  }

  function resize() {
    const across = field.clientWidth;
    if (!across) return; // not laid out, as while the window changes
    const most = Math.max(240, 0.74 * window.innerHeight);
    const down = Math.max(Math.min(across * height * dy / (width * dx), most), 160);
    field.style.height = `${Math.round(down)}px`;
    field.width = Math.round(across * ratio());
    field.height = Math.round(down * ratio());
    draw();
  }

  // -- hands -----------------------------------------------------------------------------------
  let turned = 0;
  field.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.01)),
        event.offsetX * ratio(), event.offsetY * ratio());
      return;
    }
    const down = event.deltaY > 0;
    if (!event.deltaY || (down ? state.place === last : state.place === 0)) return;
    event.preventDefault();
    turned += event.deltaMode ? 60 * event.deltaY : event.deltaY;
    const steps = Math.trunc(turned / 50);
    if (steps) {
      turned -= 50 * steps;
      show(state.place + Math.sign(steps) * Math.min(Math.abs(steps), 2));
    }
  }, { passive: false });

  const fingers = new Map();
  let travelled = 0;
  field.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    field.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    travelled = fingers.size > 1 ? TOUCH : 0;
  });
  field.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) { tellUnder(under(event)); return; }
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return [Math.hypot(a[0] - b[0], a[1] - b[1]), (a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    };
    const two = fingers.size === 2 ? spread() : null;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    const right = event.clientX - before[0], down = event.clientY - before[1];
    travelled += Math.hypot(right, down);
    if (two) {
      const [wide, x, y] = spread(), box = field.getBoundingClientRect();
      moveBy((x - two[1]) * ratio(), (y - two[2]) * ratio());
      if (two[0] > 0) {
        zoomBy(wide / two[0], (x - box.left) * ratio(), (y - box.top) * ratio());
      }
    } else if (state.zoom > 1) {
      field.classList.add("dragged");
      moveBy(right * ratio(), down * ratio());
    }
  });
  const lift = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    field.classList.remove("dragged");
    if (event.type === "pointerup" && travelled < 6 && !fingers.size) {
      const at = under(event);
      tellUnder(at);
      if (at) {
        const detail = { x: at[0], y: at[1], z: data.slices[state.place] };
        document.dispatchEvent(new CustomEvent("voxel-chosen", { detail }));
      }
    }
  };
  field.addEventListener("pointerup", lift);
  field.addEventListener("pointercancel", lift);
  field.addEventListener("dblclick", (event) => {
    zoomBy(2, event.offsetX * ratio(), event.offsetY * ratio());
  });

  field.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = 40 * ratio();
    const moves = { ArrowUp: [0, far], ArrowDown: [0, -far], ArrowLeft: [far, 0],
      ArrowRight: [-far, 0] };
    const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10,
      PageDown: -10, Home: -last, End: last };
    if (event.shiftKey && moves[event.key]) moveBy(...moves[event.key]);
    else if (steps[event.key]) show(state.place + steps[event.key]);
    else if (event.key === "+" || event.key === "=") zoomBy(1.5);
    else if (event.key === "-") zoomBy(1 / 1.5);
    else if (event.key === "0") zoomBy(0);
    else if (VIEWS[event.key - 1]) choose(VIEWS[event.key - 1]);
    else return;
    event.preventDefault();
  });

  // -- controls --------------------------------------------------------------------------------
  slider.max = last;
  slider.addEventListener("input", () => show(+slider.value));
  find("slice-back").addEventListener("click", () => show(state.place - 1));
  find("slice-on").addEventListener("click", () => show(state.place + 1));
  find("zoom-in").addEventListener("click", () => zoomBy(1.5));
  find("zoom-out").addEventListener("click", () => zoomBy(1 / 1.5));
  find("zoom-fit").addEventListener("click", () => zoomBy(0));
  document.querySelectorAll("[name=view]").forEach((input) => {
    input.addEventListener("change", () => choose(input.value));
  });
  if (data.grey) {
    find("low").addEventListener("input", () => {
      state.low = Math.min(+find("low").value, state.high - 1);
      tellSettings();
      paint();
    });
    find("high").addEventListener("input", () => {
      state.high = Math.max(+find("high").value, state.low + 1);
      tellSettings();
      paint();
    });
    find("contrast").addEventListener("click", resetContrast);
    resetContrast();
  }
  if (find("opacity")) {
    find("opacity").addEventListener("input", () => {
      state.opacity[state.view] = +find("opacity").value;
      tellSettings();
      paint();
    });
  }
  if (find("outline")) {
    find("outline").addEventListener("change", () => {
      state.outline = find("outline").checked;
      paint();
    });
  }

  document.addEventListener("object-chosen", (event) => {
    const object = event.detail;
    state.marked = object;
    const away = data.slices.map((z) => Math.abs(z - object.middle[0]));
    const sides = Math.max((object.x[1] - object.x[0]) * dx, (object.y[1] - object.y[0]) * dy);
    const shown = sides * scale() / Math.min(field.width, field.height);
    if (shown < 0.06) state.zoom *= Math.min(0.06 / shown, 8 / state.zoom);
    if (state.zoom < 1) state.zoom = 1;
    [state.y, state.x] = [object.middle[1] + 0.5, object.middle[2] + 0.5];
    show(away.indexOf(Math.min(...away)));
    const box = field.getBoundingClientRect();
    if (box.top < 0 || box.bottom > window.innerHeight) {
      field.scrollIntoView({ block: "nearest" });
    }
  });

  window.addEventListener("resize", resize);
  resize();
  choose(["errors", "segmentation", "truth", "grey"].find((view) => VIEWS.includes(view)) || "");
  show(data.start);
})();
