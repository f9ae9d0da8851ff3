// The signal through depth as SVG: a logarithmic scale of at least two decades, one point for each layer.
import { svg } from "./elements.js";

const SIZE = { width: 640, height: 250, left: 72, right: 14, top: 34, bottom: 40 };

export function plot(curves, circled) {
  const numbers = (values) => values.map((value) => (typeof value === "number" ? value : null));
  const drawn = curves.map((curve) => ({ ...curve, values: numbers(curve.values) }));
  const positive = drawn.flatMap((curve) => curve.values.filter((value) => value > 0));
  const zeros = drawn.some((curve) => curve.values.includes(0));
  const exponents = [...positive, 0.1, 10].map(Math.log10);
  const low = Math.floor(Math.min(...exponents)) - (zeros ? 1 : 0);
  const high = Math.ceil(Math.max(...exponents));
  const count = Math.max(...drawn.map((curve) => curve.values.length), 2);
  const right = SIZE.width - SIZE.right;
  const x = (index) => SIZE.left + ((index + 0.5) / count) * (right - SIZE.left);
  const y = (value) => {
    const exponent = value > 0 ? Math.log10(value) : low;
    return SIZE.top + ((high - exponent) / (high - low)) * (SIZE.height - SIZE.top - SIZE.bottom);
  };
  const picture = svg("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, "aria-hidden": "true" });
  const step = Math.ceil((high - low) / 6);
  for (let exponent = low; exponent <= high; exponent += step) {
    const at = y(10 ** exponent);
    const label = zeros && exponent === low ? "0" : power(exponent);
    picture.append(svg("line", { x1: SIZE.left, x2: right, y1: at, y2: at, class: "grid" }));
    picture.append(svg("text", { x: SIZE.left - 8, y: at + 4, "text-anchor": "end" }, label));
  }
  picture.append(svg("line", { x1: SIZE.left, x2: right, y1: y(1), y2: y(1), class: "one" }));
  for (let index = 0; index < count; index += Math.ceil(count / 10)) {
    picture.append(svg("text", { x: x(index), y: SIZE.height - 22, "text-anchor": "middle" }, String(index + 1)));
  }
  picture.append(svg("text", { x: SIZE.left, y: 14 }, "mean square of the output"));
  picture.append(svg("text", { x: right, y: SIZE.height - 5, "text-anchor": "end" }, "layer"));
  drawn.forEach((curve, number) => {
    const group = svg("g", { style: `color: var(${curve.color})` });
    group.append(svg("path", { d: pathOf(curve.values, x, y, number > 0) }));
    curve.values.forEach((value, index) => {
      if (value === null) return;
      group.append(svg("circle", { cx: x(index), cy: y(value), r: count > 40 ? 2 : 3.5 }));
      if (number === 0 && circled.includes(index)) {
        picture.append(svg("circle", { cx: x(index), cy: y(value), r: 7, class: "circled" }));
      }
    });
    if (drawn.length > 1) {
      const at = right - 120 * (drawn.length - number - 1);
      group.append(svg("text", { x: at, y: 14, "text-anchor": "end", class: "key" }, `● ${curve.label}`));
    }
    picture.append(group);
  });
  return picture;
}

// Unknown values end a line, unless the curve is `connected`.
function pathOf(values, x, y, connected) {
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      drawing = drawing && connected;
      return;
    }
    path += `${drawing ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    drawing = true;
  });
  return path;
}

function power(exponent) {
  return exponent >= -3 && exponent <= 4 ? String(Number((10 ** exponent).toPrecision(1))) : `1e${exponent}`;
}
