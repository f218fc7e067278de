"use strict";
// Colours and names: of classes, of outcomes, and of pairs of classes in an image.
(() => {
  const { data } = viewer;

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

  Object.assign(viewer, { rgb, packed, className, outcome, colours });
})();
