/**
 * What was said, each once: sentences and notices by their numbers, whether they come alone or in a snapshot.
 *
 * Tells the bus `said` (an entry; `isPast`: it is not to be announced), `moved` (an entry whose age is known better)
 * and `forgotten` (another run began).
 */

import { bornAt, now } from "./ages.js";

const KEPT = 200;
const FRESH_S = 10;

/** @typedef {{id: number, event: string, record: any, born: number|undefined, thumbnail: string, isPast: boolean}} Entry */

export class Said {
  /** @type {Map<number, Entry>} */
  #entries = new Map();
  #hasBegun = false;

  constructor(bus) {
    this.bus = bus;
    bus.on("run", () => this.#forget());
    bus.on("state", (state) => this.#caughtUp(state.said));
    bus.on("sentence", (told) => this.#take({ event: "sentence", ...told }));
    bus.on("notice", (told) => this.#take({ event: "notice", ...told }));
  }

  /** @param {number} id */
  find(id) {
    return this.#entries.get(id);
  }

  /** Of what was missed only the newest is announced, while it is news; what stood there before a reload is not. */
  #caughtUp(past) {
    const missed = past.filter(({ id }) => !this.#entries.has(id));
    const newest = this.#hasBegun ? missed.findLast(({ event }) => event === "sentence") : undefined;
    this.#hasBegun = true;
    this.bus.tell("catching up", true);
    for (const told of past) this.#take(told, { isPast: told !== newest || !(told.age_s < FRESH_S) });
    this.bus.tell("catching up", false);
  }

  #take(told, { isPast = false } = {}) {
    const known = this.#entries.get(told.id);
    if (known) return this.#move(known, told);
    const { id, event, record, thumbnail = "" } = told;
    const entry = { id, event, record, born: bornAt(told.age_s), heardAt: now(), thumbnail, isPast };
    this.#entries.set(id, entry);
    if (this.#entries.size > KEPT) this.#entries.delete(this.#entries.keys().next().value);
    this.bus.tell("said", entry);
  }

  #move(entry, told) {
    entry.born = bornAt(told.age_s);
    this.bus.tell("moved", entry);
  }

  #forget() {
    this.#entries.clear();
    this.bus.tell("forgotten", {});
  }
}
