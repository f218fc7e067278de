"use strict";
// Marks over a slice: the box of an object, the bar of the scale.
(() => {
  const { data, field, context, width, dx, state, ratio, scale, toPixel } = viewer;

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

  Object.assign(viewer, { drawMark, drawScale });
})();
