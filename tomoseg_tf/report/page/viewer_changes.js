"use strict";
// Changes: another slice, view, place, contrast or size.
(() => {
  const { data, field, height, width, dy, dx, last, state, VIEWS, load, prepare, ratio, scale,
    toVoxel, draw, paint, tell, explain, tellSettings } = viewer;
  const LARGEST = 60;

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
    prepare(state.place);
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

  Object.assign(viewer, { show, choose, zoomBy, moveBy, resetContrast, resize });
})();
