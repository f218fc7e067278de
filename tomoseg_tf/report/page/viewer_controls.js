"use strict";
// Controls: sliders, buttons, the table of objects; then the first slice.
(() => {
  const { find, data, field, dy, dx, last, state, VIEWS, scale, paint, tellSettings, show,
    choose, zoomBy, resetContrast, resize } = viewer;
  const slider = find("slice");

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
