/** Makes elements. Words go in as text, never as markup: a camera can read markup aloud. */

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = {
  warn: "M12 4 2.5 20h19L12 4zm0 6v5m0 2.2v.3",
  note: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 8v5m0-8.3v.3",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  eye: "M2.5 12C5 7.5 8.3 5.5 12 5.5s7 2 9.5 6.5c-2.5 4.5-5.8 6.5-9.5 6.5S5 16.5 2.5 12zm9.5-2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
};

export const at = (id) => document.getElementById(id);

/** An element with attributes and children; children that are empty are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
}

export function button(words, pressed, look = "") {
  const element = make("button", { type: "button", class: look || undefined }, words);
  element.addEventListener("click", pressed);
  return element;
}

/** @param {"warn"|"note"|"dark"|"eye"} name */
export function icon(name) {
  const svg = shape("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", fill: "none", stroke: "currentColor" });
  svg.append(shape("path", { d: DRAWN[name], "stroke-width": "2", "stroke-linejoin": "round", "stroke-linecap": "round" }));
  return svg;
}

export function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Written only where it differs: what is written is laid out, and perhaps read aloud, again. */
export function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

export function show(element, isShown) {
  if (element.hidden === isShown) element.hidden = !isShown;
}
