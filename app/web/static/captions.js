/**
 * The newest sentences, large, and what is announced of them.
 *
 * Descriptions go to a log that is read politely, answers and alerts to a region that interrupts. Whole sentences only,
 * each once; what was there before the page is put in while the regions are silent.
 */

import { age, now } from "./ages.js";
import { at, make, show } from "./dom.js";
import { introduction } from "./words.js";
import { recall, keep } from "./kept.js";

const STANDING = 3;
const SETTLED_MS = 300;
const RECENT_S = 120;
const LONG = 160;
const URGENT = ["answer", "alert"];

/** Two regions that can be filled in silence. */
export class Captions {
  #log = at("log");
  #told = at("told");
  #waiting = [];
  #isQuiet = true;
  #timer = 0;

  constructor(bus, said) {
    bus.on("catching up", (isCatching) => (isCatching ? this.#quieten() : this.#settle()));
    bus.on("said", (entry) => entry.event === "sentence" && this.#take(entry));
    bus.on("moved", (entry) => this.#move(entry));
    bus.on("again", ({ id }) => this.#again(said.find(id)));
    bus.on("forgotten", () => this.#clear());
    this.#offer();
  }

  /** Those who hear looksay's own voice may not want their screen reader to say it, too. */
  #offer() {
    const box = at("announce");
    box.checked = recall("announce", true);
    box.addEventListener("change", () => {
      keep("announce", box.checked);
      if (!this.#isQuiet) this.#speak();
    });
  }

  #take(entry) {
    if (this.#isQuiet && !entry.isPast) this.#waiting.push(entry);
    else this.#put(entry);
  }

  #put(entry) {
    show(at("hint"), false);
    if (URGENT.includes(entry.record.kind)) this.#putUrgent(entry);
    else this.#append(entry);
  }

  #append(entry) {
    this.#log.append(paragraph(entry));
    while (this.#log.childElementCount > STANDING) this.#log.firstElementChild.remove();
  }

  /** One answer and one alert stand there at most: an alert is not to vanish behind an answer. */
  #putUrgent(entry) {
    const left = (entry.born ?? now()) + RECENT_S - now();
    if (left <= 0) return;
    const { kind, about, seen_at: seenAt } = entry.record;
    const standing = this.#told.querySelector(`.${kind}-kind`);
    const same = `${seenAt} ${about}`;
    if (standing?.dataset.same === same) return standing.append(paragraph(entry)); // an answer's next sentence
    standing?.remove();
    const introduced = make("p", { class: "about" }, introduction(entry.record));
    const card = make("div", { class: `told ${kind}-kind`, "data-same": same }, introduced, paragraph(entry));
    this.#told.append(card);
    setTimeout(() => card.remove(), left * 1000);
  }

  /** Said once more: a new node is news to a screen reader. */
  #again(entry) {
    if (!entry) return;
    this.#log.querySelector(`[data-id="${entry.id}"]`)?.remove();
    this.#append(entry);
  }

  #move(entry) {
    for (const each of document.querySelectorAll(`.sentence[data-id="${entry.id}"]`)) {
      age(each.querySelector(".age"), entry.born, { fades: each });
    }
  }

  #clear() {
    this.#log.replaceChildren();
    this.#told.replaceChildren();
    show(at("hint"), true);
  }

  #quieten() {
    clearTimeout(this.#timer);
    this.#isQuiet = true;
    for (const region of [this.#log, this.#told]) region.setAttribute("aria-live", "off");
  }

  /** The browser hands its tree on a moment later: only then may the regions speak again. */
  #settle() {
    this.#timer = setTimeout(() => {
      this.#speak();
      this.#isQuiet = false;
      for (const entry of this.#waiting.splice(0)) this.#put(entry);
    }, SETTLED_MS);
  }

  #speak() {
    this.#log.setAttribute("aria-live", at("announce").checked ? "polite" : "off");
    this.#told.setAttribute("aria-live", "assertive");
  }
}

function paragraph(entry) {
  const aged = make("span", { class: "age", "aria-hidden": "true" });
  const look = entry.record.text.length > LONG ? "sentence is-long" : "sentence";
  const whole = make("p", { class: look, "data-id": entry.id }, entry.record.text, " ", aged);
  age(aged, entry.born, { fades: whole });
  return whole;
}
