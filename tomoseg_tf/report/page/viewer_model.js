"use strict";
// The model of the viewer: what the page holds, and what of it is shown. Each of the other files
// of the viewer takes from this object what it needs, and adds what it has for those after it.
const viewer = (() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("viewer-data").textContent);
  const field = find("field");
  const [depth, height, width] = data.shape;
  const [, dy, dx] = data.spacing || [1, 1, 1];
  const state = {
    place: data.start, view: "", low: 0, high: 255, outline: false, zoom: 1, x: width / 2,
    y: height / 2, marked: null, shown: null,
    opacity: { truth: 60, segmentation: 60, errors: 100, probability: 75, grey: 100 },
  };

  return {
    find, data, field, depth, height, width, dy, dx, state,
    context: field.getContext("2d"),
    last: data.slices.length - 1,
    VIEWS: [...document.querySelectorAll("[name=view]")].map((input) => input.value),
    ofClasses: (view) => ["truth", "segmentation", "errors"].includes(view),
  };
})();
