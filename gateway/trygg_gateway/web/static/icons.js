// Small drawings, one shape for each state, so that no state is told by colour alone.

const SVG = "http://www.w3.org/2000/svg";

// path data on a 16 x 16 field; "fill" shapes are solid, "line" shapes are drawn with a pen
const SHAPES = {
  alarm: [["fill", "M8 1 15.5 14.5H.5z"], ["cut", "M8 6v4M8 12v.4"]],
  silent: [["line", "M2 14 14 2M4 4.2A6.2 6.2 0 0 0 3 11M12 4.8a6.2 6.2 0 0 1-.6 7.2"], ["fill", "M8 6.4a1.6 1.6 0 1 0 .01 0z"]],
  late: [["line", "M8 1.6a6.4 6.4 0 1 0 .01 0zM8 4.5V8l2.6 1.8"]],
  low_battery: [["line", "M1.5 5h11v6h-11zM14.4 7v2"], ["fill", "M3 6.5h2v3H3z"]],
  fine: [["fill", "M8 .8a7.2 7.2 0 1 0 .01 0z"], ["cut", "M4.6 8.2 7 10.6l4.4-5"]],
  waiting: [["dots", "M8 1.6a6.4 6.4 0 1 0 .01 0z"]],
  charging: [["fill", "M9.2.8 3.4 9h3.8l-.6 6.2L12.6 6.6H8.6z"]],
  done: [["line", "M2.5 8.5 6.3 12.3 13.5 4.5"]],
  pending: [["dots", "M8 2.4a5.6 5.6 0 1 0 .01 0z"]],
  test: [["line", "M6 1.6h4M6.8 1.6v5L2.6 14h10.8L9.2 6.6v-5"]],
};

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** The drawing of that name, hidden from screen readers: the word beside it is what they read. */
export function icon(name) {
  const svg = shape("svg", { viewBox: "0 0 16 16", class: `icon icon-${name}`, "aria-hidden": "true" });
  for (const [kind, d] of SHAPES[name] ?? SHAPES.waiting) svg.append(shape("path", { d, class: kind }));
  return svg;
}

/** Four bars, `lit` of them full. */
export function signalIcon(lit) {
  const svg = shape("svg", { viewBox: "0 0 16 16", class: "icon icon-signal", "aria-hidden": "true" });
  for (let i = 0; i < 4; i++) {
    const height = 4 + i * 3.2;
    const bar = { x: 0.6 + i * 4, y: 15 - height, width: 2.8, height, rx: 0.6 };
    svg.append(shape("rect", { ...bar, class: i < lit ? "lit" : "unlit" }));
  }
  return svg;
}

/** A battery filled to `percent`, or empty and dashed when that is unknown. */
export function batteryIcon(percent) {
  const svg = shape("svg", { viewBox: "0 0 22 16", class: "icon icon-battery", "aria-hidden": "true" });
  const known = percent !== null;
  svg.append(shape("rect", { x: 1, y: 3.5, width: 17, height: 9, rx: 1.8, class: known ? "line" : "dots" }));
  svg.append(shape("path", { d: "M20.2 6.4v3.2", class: "line" }));
  if (known) svg.append(shape("rect", { x: 2.8, y: 5.3, width: (13.4 * percent) / 100, height: 5.4, class: "fill" }));
  return svg;
}
