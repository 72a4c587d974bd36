/**
 * A question: the moment it begins is kept, the narration is silent until it is answered or given up.
 *
 * The answer itself comes as a sentence like every other; here it is only told that it is waited for, or why none came.
 */

import { post } from "./api.js";
import { at, write } from "./dom.js";

const PATIENCE_MS = 65_000;

export class Ask {
  #form = at("ask-form");
  #field = at("question");
  #state = at("ask-state");
  #isBegun = false;

  constructor(bus, wishes) {
    this.wishes = wishes;
    this.#form.addEventListener("submit", (event) => this.#submit(event));
    this.#field.addEventListener("input", () => this.#typed());
    this.#field.addEventListener("keydown", (event) => event.key === "Escape" && this.giveUp());
    this.#field.addEventListener("blur", () => this.#field.value.trim() || this.#drop());
    addEventListener("pagehide", () => this.#drop()); // or else the narration would wait for who has gone
    bus.on("asking", (asking) => this.#elsewhere(asking));
    bus.on("notice", ({ record }) => this.#hear(record));
  }

  /** From a key: the field has the focus, with what was typed. */
  begin(first = "") {
    this.#field.focus();
    this.#field.value += first;
    this.#listen();
  }

  giveUp() {
    this.#field.value = "";
    this.#drop();
    this.#field.blur();
  }

  #typed() {
    if (this.#field.value) this.#listen();
    else this.#drop();
  }

  #listen() {
    if (this.#isBegun) return;
    this.#isBegun = true;
    write(this.#state, "");
    this.wishes.order("/api/listen");
  }

  #drop() {
    if (!this.#isBegun) return;
    this.#isBegun = false;
    this.wishes.order("/api/unask");
  }

  async #submit(event) {
    event.preventDefault();
    const question = this.#field.value.trim();
    if (!question) return this.#drop();
    this.#isBegun = false;
    this.#field.value = "";
    write(this.#state, "Waiting for the answer…");
    try {
      await post("/api/ask", { question }, PATIENCE_MS);
      write(this.#state, "");
    } catch (failure) {
      this.#failed(question, failure);
    }
  }

  /** What was typed is not lost, unless the next question has begun. */
  #failed(question, failure) {
    write(this.#state, failure.words);
    if (!this.#field.value) this.#field.value = question;
  }

  #hear({ kind, text, remedy }) {
    if (kind === "no answer") write(this.#state, [text, remedy].filter(Boolean).join(" "));
    if (kind === "going on") this.#isBegun = false;
  }

  #elsewhere({ text, is_over: isOver }) {
    write(at("asked-elsewhere"), isOver || this.#isBegun ? "" : `Asked in the terminal: ${text}`);
  }
}
