/**
 * Hears what happens, as server-sent events, and knows when nothing is heard any more.
 *
 * Tells the bus each event by its name, and `feed` {is, words, remedy}: open, hung, lost, refused or ended.
 */

import { fetchToken } from "./api.js";
import { now } from "./ages.js";

const EVENTS = ["state", "sentence", "notice", "growing", "again", "asking", "status", "setup", "view", "beat", "end"];
const SILENCE_S = 2.5;
const HOPELESS_S = 12;
const CHECK_MS = 100;
const ASLEEP_S = 5;
const PROBE_MS = 2500;
const GRACE_MS = 600;
const PAUSES_S = [0.25, 0.5, 1, 2];

const LOST = { is: "lost", words: "looksay does not answer: the connection is gone.", remedy: "It is tried again. If looksay was ended, start it again." };
const HUNG = { is: "hung", words: "looksay does not answer.", remedy: "What stands here may be old. It is waited for." };
const ENDED = { is: "ended", words: "looksay has ended.", remedy: "Start it again in the terminal, then press Connect." };
const REFUSED = "Open the address anew that looksay showed when it started.";

export class Feed {
  #source;
  #heardAt = 0;
  #checkedAt = 0;
  #failures = 0;
  #is = "";
  #timer = 0;
  #grace = 0;
  #attempt = 0;
  #token = "";

  constructor(bus) {
    this.bus = bus;
  }

  start() {
    setInterval(() => this.#check(), CHECK_MS);
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", (shown) => shown.persisted && this.connect());
    this.connect();
  }

  /** A browser may keep the page and show it again: whoever listens is then told anew that the feed is open. */
  #leave() {
    this.#hangUp();
    this.#is = "";
  }

  /** Begin anew, at once. */
  async connect() {
    this.#hangUp();
    const attempt = ++this.#attempt;
    try {
      const token = await fetchToken(PROBE_MS);
      if (attempt !== this.#attempt) return;
      if (token !== this.#token) this.bus.tell("run", { isFirst: this.#token === "" });
      this.#token = token;
      this.#listen();
    } catch (failure) {
      if (attempt === this.#attempt) this.#failed(failure);
    }
  }

  #listen() {
    this.#source = new EventSource("/api/events");
    this.#heardAt = now();
    for (const name of EVENTS) this.#source.addEventListener(name, (event) => this.#heard(name, event));
    this.#source.onerror = () => this.#failed();
  }

  #heard(name, event) {
    this.#heardAt = now();
    this.#failures = 0;
    clearTimeout(this.#grace);
    this.bus.tell(name, JSON.parse(event.data));
    if (name === "end") this.#end();
    else this.#become({ is: "open" });
  }

  #end() {
    this.#hangUp();
    this.#become(ENDED);
  }

  /** A refusal has another cause than a silence, and another remedy. A hiccup is none: nobody is startled by it. */
  #failed(failure) {
    this.#hangUp();
    if (failure?.status >= 400) this.#become({ is: "refused", words: failure.words, remedy: REFUSED });
    else if (!failure && this.#is === "open") this.#grace = setTimeout(() => this.#become(LOST), GRACE_MS);
    else this.#become(LOST);
    const pause = PAUSES_S[Math.min(this.#failures++, PAUSES_S.length - 1)];
    this.#timer = setTimeout(() => this.connect(), pause * 1000);
  }

  /** Every window's timers sleep with the machine: what was not checked was not silence. */
  #check() {
    const slept = now() - this.#checkedAt > ASLEEP_S;
    this.#checkedAt = now();
    if (!this.#source) return;
    if (slept) this.#heardAt = now();
    const silence = now() - this.#heardAt;
    if (silence > SILENCE_S) this.#become(HUNG);
    if (silence > HOPELESS_S) this.connect();
  }

  #hangUp() {
    clearTimeout(this.#timer);
    this.#attempt++;
    this.#source?.close();
    this.#source = undefined;
  }

  #become(state) {
    clearTimeout(this.#grace);
    if (state.is === this.#is) return;
    const before = this.#is;
    this.#is = state.is;
    this.bus.tell("feed", { ...state, before });
  }
}
