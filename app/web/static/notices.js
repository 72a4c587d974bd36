/**
 * What is no description: failures as alerts that stand until they are over, all else in a line of its own.
 *
 * Never in a sentence's place, and never looking like one.
 */

import { age, bornAt, now } from "./ages.js";
import { at, button, icon, make, write } from "./dom.js";

export const SERIOUS = [
  ...["error", "hung", "outage", "camera lost", "permission", "not switched", "hot", "video broken"],
  ...["voice", "log", "subtitles", "thumbnails", "command", "hush", "earcons", "missed"],
];
const LASTING = ["hung", "outage", "camera lost", "permission"];
const OVER = {
  "camera back": ["camera lost", "permission"],
  answering: ["hung", "outage"],
  ready: ["camera lost", "permission", "not switched", "hung", "outage", "error"],
};
const UNSAID = ["verbosity", "growing"];
const STANDING = 4;
const GONE_S = 20;

export class Notices {
  #alerts = at("alerts");
  #status = at("status");
  #lasts = new Map();
  #clear = 0;

  /** @param {() => void} connect what a person may ask for where nobody answers */
  constructor(bus, connect) {
    bus.on("said", (entry) => entry.event === "notice" && this.#take(entry));
    bus.on("catching up", (isCatching) => isCatching || this.#showLasting());
    bus.on("feed", (feed) => this.#connected(feed, connect));
    bus.on("failed", (failure) => this.#alert(failure.status === 0 ? "unanswered" : "failed", { text: failure.words ?? String(failure), born: now() }));
    bus.on("forgotten", () => this.#alerts.replaceChildren());
  }

  #take(entry) {
    const { kind, text, remedy } = entry.record;
    for (const over of OVER[kind] ?? []) this.#end(over);
    const told = { text, remedy, born: entry.born };
    if (LASTING.includes(kind) && entry.isPast) this.#lasts.set(kind, told);
    else if (SERIOUS.includes(kind) && !entry.isPast) this.#alert(kind, told);
    else if (!entry.isPast) this.#line(kind, told);
  }

  #end(kind) {
    this.#lasts.delete(kind);
    return this.#remove(this.#alerts.querySelector(`[data-kind="${kind}"]`));
  }

  /** Whoever has the focus in what goes keeps a place: the next alert's button, or what is said. */
  #remove(card) {
    const hadFocus = card?.contains(document.activeElement);
    card?.remove();
    if (hadFocus) (this.#alerts.querySelector("button") ?? at("now")).focus({ preventScroll: true });
    return hadFocus;
  }

  /** Of what was told before the page was opened, only what still holds. */
  #showLasting() {
    for (const [kind, told] of this.#lasts) this.#alert(kind, told);
    this.#lasts.clear();
  }

  #alert(kind, { text, remedy, born }, more) {
    const hadFocus = this.#end(kind);
    const aged = make("span", { class: "age", "aria-hidden": "true" });
    const words = make("p", {}, icon("warn"), text, remedy ? ` ${sentence(remedy)}` : "", " ", aged);
    const card = make("div", { class: "alert", "data-kind": kind }, words, more);
    if (!more) card.append(button("Dismiss", () => this.#remove(card), "tiny"));
    if (born !== undefined) age(aged, born);
    for (const open of document.querySelectorAll("dialog[open]")) open.close(); // behind one, nobody would hear it
    this.#alerts.append(card);
    if (hadFocus) card.querySelector("button")?.focus();
    while (this.#alerts.childElementCount > STANDING) this.#remove(this.#alerts.firstElementChild);
  }

  #line(kind, { text, remedy }) {
    if (UNSAID.includes(kind)) return;
    const words = make("span", {}, remedy ? `${text} ${sentence(remedy)}` : text);
    this.#status.replaceChildren(icon(iconOf(kind)), words);
    clearTimeout(this.#clear);
    this.#clear = setTimeout(() => this.#status.replaceChildren(), GONE_S * 1000);
  }

  #connected({ is, words, remedy, before }, connect) {
    if (is !== "open") {
      const press = is === "hung" ? undefined : button("Connect", connect, "tiny");
      return this.#alert("connection", { text: words, remedy, born: bornAt(0) }, press ?? " ");
    }
    for (const over of ["connection", "unanswered"]) this.#end(over);
    if (before && before !== "open") this.#line("back", { text: "looksay answers again." });
  }
}

/** Remedies come as one would type them; here they follow a sentence. */
export function sentence(remedy) {
  const begun = remedy.charAt(0).toUpperCase() + remedy.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

export function iconOf(kind) {
  if (SERIOUS.includes(kind)) return "warn";
  return ["dark", "covered", "frozen", "blurred"].includes(kind) ? "dark" : "note";
}

/** One line on what looksay does now; it is not announced, what changes it is. */
export function startState(bus) {
  const known = { feed: "", isReady: false, setup: {} };
  const tell = () => {
    write(at("state"), stateWords(known));
    write(at("hint"), known.isReady ? "Looking. The first sentence comes as soon as there is something to tell." : "Loading the model. The first sentence comes by itself and stands here.");
  };
  const learn = (more) => tell(Object.assign(known, more));
  bus.on("feed", ({ is, words }) => learn({ feed: is === "open" ? "" : words }));
  bus.on("state", (state) => learn({ isReady: state.is_ready, setup: state.setup }));
  bus.on("setup", (setup) => learn({ setup }));
  bus.on("notice", ({ record }) => record.kind === "ready" && learn({ isReady: true }));
}

function stateWords({ feed, isReady, setup }) {
  if (feed) return feed;
  if (setup.is_switching) return "Switching…";
  if (!isReady) return "Loading the model…";
  if (setup.is_stopped) return "Stopped.";
  return `Looking at ${setup.camera} with ${setup.model_name}.`;
}
