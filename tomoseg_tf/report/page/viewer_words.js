"use strict";
// Words: where one is, what the colours mean, what lies under the pointer.
(() => {
  const { find, data, field, depth, last, state, ofClasses, className, outcome } = viewer;

  const slider = find("slice");
  function tell() {
    const z = data.slices[state.place];
    slider.value = state.place;
    slider.setAttribute("aria-valuetext", `z ${z}`);
    find("slice-name").textContent = `z ${z} of 0–${depth - 1}`;
    find("slice-back").disabled = state.place === 0;
    find("slice-on").disabled = state.place === last;
    const names = { grey: "scan", truth: "truth", segmentation: "segmentation", errors: "errors",
      probability: "probability" };
    field.setAttribute("aria-label", `Slice at z ${z}, ${names[state.view]}`);
  }

  function swatch(paintIt, name) {
    const item = document.createElement("li"), canvas = document.createElement("canvas");
    canvas.width = name === null ? 96 : 16;
    canvas.height = 16;
    canvas.setAttribute("aria-hidden", "true");
    paintIt(canvas.getContext("2d"), canvas);
    item.append(canvas, name === null ? "probability 0 to 1" : name);
    if (name === null) canvas.className = "scale";
    return item;
  }

  function explain() {
    const fill = (colour) => (drawing) => {
      drawing.fillStyle = colour;
      drawing.fillRect(0, 0, 16, 16);
    };
    const items = [];
    if (state.view === "errors") {
      const occurs = [true, true, true, true, data.names.length > 2,
        data.ignoring.includes("truth")];
      data.outcomes.forEach(({ name, colour }, index) => {
        if (occurs[index]) items.push(swatch(fill(colour), name));
      });
    } else if (ofClasses(state.view)) {
      data.names.forEach((name, index) => {
        if (index) items.push(swatch(fill(data.colours[index]), name));
      });
      if (data.ignoring.includes(state.view)) {
        items.push(swatch(fill(data.ignored), className(255)));
      }
    } else if (state.view === "probability") {
      items.push(swatch((drawing, canvas) => {
        const run = drawing.createLinearGradient(0, 0, canvas.width, 0);
        run.addColorStop(0, "#000");
        run.addColorStop(1, data.colours[1]);
        drawing.fillStyle = run;
        drawing.fillRect(0, 0, canvas.width, 16);
      }, null));
    }
    find("legend").replaceChildren(...items);
  }

  const level = (value) => {
    const { black, white, whole: integers } = data.grey;
    const grey = black + value / 255 * (white - black);
    return integers && white - black >= 100 ? `${Math.round(grey)}` : `${+grey.toPrecision(4)}`;
  };

  function tellSettings() {
    if (data.grey) {
      find("low").value = state.low;
      find("high").value = state.high;
      find("low-name").textContent = level(state.low);
      find("high-name").textContent = level(state.high);
    }
    if (find("opacity")) {
      find("opacity").value = state.opacity[state.view];
      find("opacity").disabled = state.view === "grey";
      find("opacity-name").textContent = `${state.opacity[state.view]} %`;
    }
    if (find("outline")) find("outline").disabled = !ofClasses(state.view);
  }

  function value(layer, x, y) {
    const { bin, width: columns } = data[layer];
    return state.shown[layer][Math.floor(y / bin) * columns + Math.floor(x / bin)];
  }

  function tellUnder(at) {
    if (!at || !state.shown) return;
    const [x, y] = at, parts = [`z ${data.slices[state.place]}, y ${y}, x ${x}`];
    if (data.grey) parts.push(`grey ≈ ${level(value("grey", x, y))}`);
    if (data.classes) {
      const code = value("classes", x, y);
      if (data.truth) parts.push(`truth: ${className(code >> 8)}`);
      if (data.segmentation) parts.push(`segmentation: ${className(code & 255)}`);
      if (data.truth && data.segmentation) {
        parts.push(data.outcomes[outcome(code >> 8, code & 255)].name);
      }
    }
    if (data.probability) {
      parts.push(`probability ≈ ${(value("probability", x, y) / 255).toFixed(2)}`);
    }
    find("under").textContent = parts.join(" · ");
  }

  Object.assign(viewer, { tell, explain, tellSettings, tellUnder });
})();
