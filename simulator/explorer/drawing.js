// Drawing a panel that the server has computed: lines, bands and ticks in the unit square, scaled to the page's width.

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 72, RIGHT = 14, TOP = 20, BOTTOM = 42;
const LETTER = 7;

/** Make an SVG element with attributes and, if given, a text. */
function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

function dashes(line) {
  return line.dashes.map((length) => length * 2).join(" ");
}

function sample(line) {
  const svg = element("svg", { width: 34, height: 10, viewBox: "0 0 34 10", "aria-hidden": "true" });
  svg.append(element("line", { x1: 1, x2: 33, y1: 5, y2: 5, stroke: line.colour, "stroke-width": 2.5, "stroke-dasharray": dashes(line) }));
  return svg;
}

function key(panel) {
  const list = document.createElement("ul");
  list.className = "key";
  for (const line of panel.lines) {
    const item = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = line.name;
    item.append(sample(line), name, document.createTextNode(line.end));
    list.append(item);
  }
  return list;
}

/** Labels that fit beside each other; the last one, the horizon, always stands. */
function fitting(ticks, width) {
  const half = (label) => (label.length * LETTER) / 2;
  const kept = [];
  let free = -Infinity;
  const [lastAt, lastLabel] = ticks[ticks.length - 1];
  const limit = lastAt * width - half(lastLabel) - 8;
  for (const [at, label] of ticks.slice(0, -1)) {
    const x = at * width;
    if (x - half(label) > free && x + half(label) < limit) {
      kept.push([at, label]);
      free = x + half(label) + 8;
    }
  }
  return [...kept, [lastAt, lastLabel]];
}

/** Draw a panel into its figure, over whatever was there. */
export function draw(figure, panel) {
  const narrow = window.innerWidth < 640;
  const across = Math.max(240, figure.clientWidth - 2 * parseFloat(getComputedStyle(figure).paddingLeft));
  const width = across - LEFT - RIGHT;
  const height = narrow ? 130 : 250;
  const x = (at) => (LEFT + at * width).toFixed(2);
  const y = (at) => (TOP + (1 - at) * height).toFixed(2);
  const path = (points) => points.map(([a, b]) => `${x(a)},${y(b)}`).join(" ");

  const svg = element("svg", {
    role: "img", "aria-label": panel.description, height: height + TOP + BOTTOM,
    viewBox: `0 0 ${across} ${height + TOP + BOTTOM}`,
    "data-left": LEFT, "data-top": TOP, "data-width": width, "data-height": height,
  });
  for (const [at, label] of panel.y) {
    svg.append(element("line", { class: "grid", x1: LEFT, x2: LEFT + width, y1: y(at), y2: y(at) }));
    svg.append(element("text", { x: LEFT - 8, y: Number(y(at)) + 4, "text-anchor": "end" }, label));
  }
  const bottom = y(0);
  svg.append(element("line", { class: "axis", x1: LEFT, x2: LEFT + width, y1: bottom, y2: bottom }));
  for (const [at, label] of fitting(panel.x, width)) {
    svg.append(element("line", { class: "axis", x1: x(at), x2: x(at), y1: bottom, y2: Number(bottom) + 4 }));
    const anchor = at > 0.97 ? "end" : "middle";
    svg.append(element("text", { x: at > 0.97 ? Number(x(at)) + RIGHT - 2 : x(at), y: Number(bottom) + 18, "text-anchor": anchor }, label));
  }
  const [middle, anchor] = narrow ? [LEFT + width + RIGHT, "end"] : [LEFT + width / 2, "middle"];
  svg.append(element("text", { x: middle, y: Number(bottom) + 36, "text-anchor": anchor }, panel.across));
  for (const [at, label] of panel.marks) {
    svg.append(element("line", { class: "mark", x1: x(at), x2: x(at), y1: y(0), y2: y(1) }));
    svg.append(element("text", { x: x(at), y: TOP - 6, "text-anchor": at > 0.85 ? "end" : "middle" }, label));
  }
  for (const line of panel.lines) {
    if (line.band.length) svg.append(element("polygon", { class: "band", fill: line.colour, points: path(line.band), "data-line": line.name }));
  }
  for (const line of panel.lines) {
    for (const part of line.parts) {
      svg.append(element("polyline", { points: path(part), stroke: line.colour, "stroke-dasharray": dashes(line), "data-line": line.name }));
    }
    for (const [a, b] of line.dots) {
      svg.append(element("circle", { cx: x(a), cy: y(b), r: 3.5, fill: "#ffffff", stroke: line.colour, "stroke-width": 1.5, "data-line": line.name }));
    }
  }
  const caption = document.createElement("figcaption");
  caption.textContent = panel.title;
  figure.replaceChildren(caption, key(panel), svg);
}
