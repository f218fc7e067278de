"use strict";
// Geometry: which voxel lies at which pixel.
(() => {
  const { field, height, width, dy, dx, state } = viewer;

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

  function voxelUnder(event) {
    const box = field.getBoundingClientRect();
    const [x, y] = toVoxel((event.clientX - box.left) * field.width / box.width,
      (event.clientY - box.top) * field.height / box.height).map(Math.floor);
    return x >= 0 && y >= 0 && x < width && y < height ? [x, y] : null;
  }

  Object.assign(viewer, { ratio, scale, toPixel, toVoxel, keepInside, voxelUnder });
})();
