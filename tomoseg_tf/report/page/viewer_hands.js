"use strict";
// Hands: the wheel, pointers and fingers, keys.
(() => {
  const { data, field, last, state, VIEWS, ratio, voxelUnder, tellUnder, show, choose, zoomBy,
    moveBy } = viewer;
  const TOUCH = 24;

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
    if (!before) { tellUnder(voxelUnder(event)); return; }
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
      const at = voxelUnder(event);
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
})();
