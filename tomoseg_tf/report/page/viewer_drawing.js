"use strict";
// Drawing: the sheets where they belong, then the marks.
(() => {
  const { data, field, context, height, width, dy, dx, state, ofClasses, sheets, paintSheets, scale,
    toPixel, keepInside, drawMark, drawScale } = viewer;

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

  function paint() {
    paintSheets();
    draw();
  }

  Object.assign(viewer, { draw, paint });
})();
