/** How looksay is doing: plots of the last minutes, the newest figures as a table, and facts about the run. */

import { now } from "./ages.js";
import { at, make, write } from "./dom.js";
import { Plot } from "./plots.js";
import { clock, inMegabytes, inSeconds, inShares } from "./words.js";

const SPAN_S = 180;
const ROWS = 12;
const TICK_MS = 2000;
const PLOTS = [
  { title: "First word", key: "first_word_s", words: inSeconds },
  { title: "Whole caption", key: "total_s", words: inSeconds },
  { title: "Age at first word", key: "frame_age_s", words: inSeconds },
  { title: "Drafts accepted", key: "accepted", words: inShares, top: 1 },
];

export class Measures {
  #points = [];
  #plots = PLOTS.map((what) => new Plot(what));
  #facts = new Map();
  #tokens = "–";
  #isDue = true;

  constructor(bus) {
    at("plots").append(...this.#plots.map(({ element }) => element));
    bus.on("said", (entry) => entry.event === "sentence" && this.#take(entry));
    bus.on("forgotten", () => this.#forget());
    bus.on("state", ({ setup, status }) => this.#know(setup, status));
    bus.on("setup", (setup) => this.#name(setup));
    bus.on("status", (status) => this.#count(status));
    setInterval(() => this.#draw(), TICK_MS);
  }

  #take({ record, born, heardAt }) {
    const accepted = record.drafted ? record.draft_accepted / record.drafted : undefined;
    this.#points.push({ ...record, accepted, at: born ?? heardAt });
    this.#points = this.#points.filter(({ at: then }) => then > now() - SPAN_S).slice(-1000);
    this.#fact("Image tokens", String(record.image_tokens ?? "–"));
    this.#isDue = true;
  }

  #forget() {
    this.#points = [];
    this.#isDue = true;
  }

  #know(setup, status) {
    this.#name(setup);
    if (status) this.#count(status);
    this.#draw();
  }

  #name(setup) {
    this.#fact("Model", setup.model_name);
    this.#fact("Camera", setup.camera);
  }

  #count(status) {
    this.#fact("Memory, at most", inMegabytes(status.memory_bytes));
    this.#fact("Pictures a second", status.camera_fps.toFixed(1));
    this.#fact("Seen, described", `${status.frames_seen}, ${status.frames_described}`);
    this.#fact("Tokens a second", status.tokens_per_s.toFixed(0));
  }

  #fact(name, words) {
    if (!this.#facts.has(name)) {
      this.#facts.set(name, make("dd"));
      at("facts").append(make("div", {}, make("dt", {}, name), this.#facts.get(name)));
    }
    write(this.#facts.get(name), words ?? "–");
  }

  /** A line that stands still needs no drawing while nobody looks. */
  #draw() {
    if (document.hidden || (!this.#isDue && !this.#points.length)) return;
    const to = now();
    for (const [place, plot] of this.#plots.entries()) {
      const { key } = PLOTS[place];
      plot.draw(this.#points.map((each) => ({ at: each.at, value: each[key] })), to - SPAN_S, to);
    }
    if (this.#isDue) this.#tabulate();
    this.#isDue = false;
  }

  #tabulate() {
    at("rows").replaceChildren(...this.#points.slice(-ROWS).reverse().map(row));
  }
}

function row(point) {
  const cells = PLOTS.map(({ key, words }) => make("td", {}, words(point[key])));
  return make("tr", {}, make("th", { scope: "row" }, clock(point.time)), ...cells);
}
