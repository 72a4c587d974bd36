/**
 * What stands over the picture: the sentence as it grows, and what keeps the camera from seeing.
 *
 * A trouble takes the sentence's place away: an old caption under a black picture would be a lie.
 */

import { age, forget, now } from "./ages.js";
import { at, show, write } from "./dom.js";

const STANDS_S = 8;
const SIGHT = ["dark", "covered", "frozen", "blurred"];
const LOST = ["camera lost", "permission", "waiting"];
const FOUND = ["camera back", "ready"];
const OWN_WORDS = {
  dark: "It is dark: the camera sees almost nothing.",
  covered: "Something may cover the camera.",
  frozen: "The picture stands still: the camera repeats itself.",
  blurred: "The picture is blurred.",
};

export class Over {
  #strip = at("strip");
  #text = at("strip-text");
  #age = at("strip-age");
  #trouble = at("trouble");
  #words = new Map();
  #feed = "";
  #lost = "";
  #source = "";
  #seen = "";
  #isGrowing = false;
  #standsUntil = 0;

  constructor(bus) {
    bus.on("growing", (growing) => this.#grow(growing));
    bus.on("said", (entry) => this.#take(entry));
    bus.on("view", ({ trouble }) => this.#look(trouble));
    bus.on("state", (state) => this.#begin(state));
    bus.on("feed", (feed) => this.#connect(feed));
    bus.on("setup", ({ source }) => source !== this.#source && this.#forget(source));
    bus.on("forgotten", () => this.#forget());
    setInterval(() => this.#pass(), 500);
  }

  #begin(state) {
    this.#source = state.setup.source;
    this.#look(state.view?.trouble ?? "");
    this.#grow(state.growing ?? { text: "" });
  }

  /** Another camera, or another run: what was lost is no more missed. */
  #forget(source = "") {
    this.#source = source;
    this.#lost = "";
    this.#hide();
    this.#tell();
  }

  #grow({ text, age_s: told }) {
    if (text) this.#put(`${text}…`, now() - (told ?? 0));
    else if (this.#isGrowing) this.#hide();
    this.#isGrowing = text !== "";
  }

  #take(entry) {
    const { kind, text } = entry.record;
    if (entry.event === "sentence") {
      if (now() - (entry.born ?? 0) < STANDS_S) this.#put(text, entry.born);
      this.#isGrowing = false;
      return this.#see(kind);
    }
    if (SIGHT.includes(kind)) this.#words.set(kind, text);
    if (LOST.includes(kind)) this.#lost = text;
    if (FOUND.includes(kind)) this.#lost = "";
    this.#tell();
  }

  /** What is described can be seen; an answer may be about a picture of before. */
  #see(kind) {
    if (kind === "answer" || !this.#lost) return;
    this.#lost = "";
    this.#tell();
  }

  #put(words, born) {
    this.#standsUntil = now() + STANDS_S;
    write(this.#text, words);
    age(this.#age, born);
    show(this.#strip, !this.#hindrance());
  }

  #hide() {
    this.#standsUntil = 0;
    show(this.#strip, false);
    forget(this.#age);
  }

  #pass() {
    if (this.#standsUntil && now() > this.#standsUntil) this.#hide();
  }

  #look(trouble) {
    this.#seen = trouble;
    this.#tell();
  }

  #connect({ is, words }) {
    this.#feed = is === "open" ? "" : words;
    at("view").classList.toggle("is-stale", is !== "open");
    this.#tell();
  }

  #hindrance() {
    return this.#feed || this.#lost || this.#words.get(this.#seen) || OWN_WORDS[this.#seen] || "";
  }

  #tell() {
    const words = this.#hindrance();
    write(this.#trouble, words);
    show(this.#trouble, words !== "");
    at("now").classList.toggle("is-past", words !== "");
    if (words) this.#hide();
  }
}
