"use strict";
// Slices: their images decoded, some of them kept.
(() => {
  const { find, data, last } = viewer;
  const LAYERS = ["grey", "classes", "probability"].filter((layer) => data[layer]);
  const KEPT = 9;

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

  // once the page is whole, the slices beside one
  function prepare(place) {
    if (!complete) return;
    [1, -1].forEach((way) => {
      const next = place + way;
      if (next >= 0 && next <= last && !decoded.has(next)) load(next);
    });
  }

  Object.assign(viewer, { load, prepare });
})();
