/** The terminal's keys, while no field or button has the focus; they can be switched off. */

import { at } from "./dom.js";
import { keep, recall } from "./kept.js";

const TAKEN = "input, textarea, select, button, a, summary, [contenteditable], dialog";
const LEFT = "dialog:not([open])"; // a dialog that has closed keeps the focus for a moment

export class Keys {
  #isOn = recall("keys", true);

  constructor(steer, ask) {
    this.ask = ask;
    this.does = {
      " ": () => steer.hold(),
      a: () => ask.begin(),
      m: () => steer.more(),
      r: () => steer.repeat(),
      "+": () => steer.louder(1),
      "=": () => steer.louder(1),
      "-": () => steer.louder(-1),
      "?": () => this.#list(),
      q: () => steer.end(),
      Escape: () => ask.giveUp(),
    };
    document.addEventListener("keydown", (event) => this.#press(event));
    at("keys").addEventListener("click", () => this.#list());
    at("keys-close").addEventListener("click", () => at("keys-dialog").close());
    this.#offer();
  }

  #offer() {
    const box = at("keys-on");
    box.checked = this.#isOn;
    box.addEventListener("change", () => keep("keys", (this.#isOn = box.checked)));
  }

  #list() {
    at("keys-dialog").showModal();
  }

  #press(event) {
    if (!this.#isOn || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (isTaken(event.target) || document.querySelector("dialog[open]")) return;
    const does = this.does[event.key] ?? (isCapital(event.key) ? () => this.ask.begin(event.key) : undefined);
    if (!does) return;
    event.preventDefault();
    does();
  }
}

function isTaken(target) {
  return Boolean(target.closest?.(TAKEN)) && !target.closest(LEFT);
}

/** It begins a question, as in the terminal. */
function isCapital(key) {
  return [...key].length === 1 && key !== key.toLowerCase();
}
