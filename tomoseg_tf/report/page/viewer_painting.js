"use strict";
// Painting: voxels of the slice become pixels of sheets that lie over one another.
(() => {
  const { data, state, ofClasses, rgb, packed, colours } = viewer;
  const DIM = 0.3;

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

  function paintSheets() {
    const slice = state.shown;
    if (!slice) return;
    if (data.grey) paintGrey(slice);
    if (ofClasses(state.view)) paintClasses(slice);
    if (state.view === "probability") paintProbability(slice);
  }

  Object.assign(viewer, { sheets, paintSheets });
})();
