/** What the model is asked of each picture. What is being written is never written over. */

import { at, button, show, write } from "./dom.js";

const PRESETS = {
  "The model’s own": "",
  "In a word": "Name the main thing in the picture.",
  People: "Describe the people in the picture and what they do.",
  Text: "Read the text in the picture.",
  "On the table": "Name the things on the table and where they are.",
};

export class Prompt {
  #field = at("prompt");
  #isEdited = false;

  constructor(bus, wishes) {
    this.wishes = wishes;
    at("presets").append(...Object.entries(PRESETS).map(([name, words]) => button(name, () => this.#edit(words), "tiny")));
    this.#field.addEventListener("input", () => this.#mark(true));
    at("prompt-undo").addEventListener("click", () => this.#undo());
    at("prompt-form").addEventListener("submit", (event) => this.#submit(event));
    bus.on("shown", (setup) => this.#show(setup));
  }

  #edit(words) {
    this.#field.value = words;
    this.#mark(true);
    this.#field.focus();
  }

  #mark(isEdited) {
    this.#isEdited = isEdited;
    show(at("prompt-undo"), isEdited);
    write(at("prompt-note"), isEdited ? "Not used yet. Empty: the model’s own." : "");
  }

  #undo() {
    this.#mark(false);
    this.#show(this.wishes.setup);
    this.#field.focus();
  }

  async #submit(event) {
    event.preventDefault();
    const words = this.#field.value.trim();
    if (!(await this.wishes.change("prompt", words))) return;
    if (this.#field.value.trim() === words) this.#mark(false);
    this.#show(this.wishes.setup);
  }

  #show({ prompt, is_own_prompt: isOwn }) {
    write(at("prompt-name"), isOwn ? `${prompt} (the model’s own)` : prompt);
    if (!this.#isEdited && this.wishes.isFree("prompt")) this.#field.value = prompt ?? "";
  }
}
