/** All that was said, newest first, with pictures only where they were asked for. It announces nothing. */

import { age } from "./ages.js";
import { at, icon, make, show } from "./dom.js";
import { iconOf, sentence, SERIOUS } from "./notices.js";
import { clock, introduction } from "./words.js";

const KEPT = 200;
const AT_FIRST = 25;
const PICTURES = "/api/thumbnails/";

export class History {
  #list = at("history");
  #older = at("older");
  #shown = AT_FIRST;
  #hasPictures = false;

  constructor(bus) {
    bus.on("said", (entry) => this.#add(entry));
    bus.on("moved", (entry) => this.#move(entry));
    bus.on("forgotten", () => this.#list.replaceChildren());
    bus.on("catching up", (isCatching) => isCatching || this.#trim());
    bus.on("state", ({ setup }) => this.#picture(setup));
    bus.on("setup", (setup) => this.#picture(setup));
    this.#older.addEventListener("click", () => this.#showAll());
  }

  #add(entry) {
    this.#list.prepend(entry.event === "sentence" ? sentenceItem(entry, this.#hasPictures) : noticeItem(entry));
    this.#trim();
  }

  #move(entry) {
    const aged = this.#list.querySelector(`[data-id="${entry.id}"] .age`);
    if (aged) age(aged, entry.born);
  }

  #picture({ thumbnails }) {
    this.#hasPictures = thumbnails;
    if (!thumbnails) for (const each of this.#list.querySelectorAll("img")) each.remove();
  }

  #trim() {
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild.remove();
    [...this.#list.children].forEach((each, place) => show(each, place < this.#shown));
    show(this.#older, this.#list.childElementCount > this.#shown);
  }

  #showAll() {
    const next = this.#list.children[this.#shown];
    this.#shown = KEPT;
    this.#trim();
    next?.setAttribute("tabindex", "-1");
    next?.focus();
  }
}

function sentenceItem(entry, hasPictures) {
  const { record } = entry;
  const introduced = introduction(record);
  const words = make("div", {}, introduced && make("p", { class: "about" }, introduced), make("p", {}, record.text));
  if (hasPictures && entry.thumbnail.startsWith(PICTURES)) words.append(thumbnail(entry.thumbnail));
  return item(entry, `kind-${record.kind}`, words);
}

/** The sentence beside it tells what is on it. One that is no longer kept leaves no gap. */
function thumbnail(address) {
  const picture = make("img", { src: address, alt: "", loading: "lazy", decoding: "async" });
  picture.addEventListener("error", () => picture.remove());
  return picture;
}

function noticeItem(entry) {
  const { kind, text, remedy } = entry.record;
  const words = make("p", {}, icon(iconOf(kind)), make("span", { class: "unseen" }, "Notice: "), text);
  if (remedy) words.append(` ${sentence(remedy)}`);
  return item(entry, SERIOUS.includes(kind) ? "notice is-bad" : "notice", make("div", {}, words));
}

function item(entry, look, words) {
  const aged = make("span", { class: "age" });
  const time = make("time", { datetime: entry.record.time ?? undefined }, clock(entry.record.time));
  const whole = make("li", { class: `said ${look.replace(/[^a-z -]/g, "")}`, "data-id": entry.id }, time, words, aged);
  age(aged, entry.born);
  return whole;
}
