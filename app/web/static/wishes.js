/**
 * What people change, and what holds: every control shows the setup that looksay tells, never its own click.
 *
 * Tells the bus `shown` with the setup whenever it may have changed. While a change is under way, or a person is at
 * it, a control keeps what it has: `isFree`.
 */

import { post } from "./api.js";

export class Wishes {
  setup = {};
  #asked = new Map();

  constructor(bus) {
    this.bus = bus;
    bus.on("state", ({ setup }) => this.#learn(setup));
    bus.on("setup", (setup) => this.#learn(setup));
  }

  #learn(setup) {
    this.setup = setup;
    this.bus.tell("shown", setup);
  }

  /** What it is, or is about to be. */
  value(name) {
    return this.#asked.has(name) ? this.#asked.get(name).value : this.setup[name];
  }

  isFree(name) {
    return !this.#asked.has(name);
  }

  /** Change one thing; true if looksay took it. */
  async change(name, value) {
    const mine = { value };
    this.#asked.set(name, mine);
    try {
      this.#settle(name, mine, await post("/api/setup", { [name]: value }));
      return true;
    } catch (failure) {
      this.#settle(name, mine, this.setup);
      this.bus.tell("failed", failure);
      return false;
    }
  }

  #settle(name, mine, setup) {
    if (this.#asked.get(name) === mine) this.#asked.delete(name);
    this.#learn(setup);
  }

  /** Ask for something that is no part of the setup; true if looksay took it. */
  async order(path, body = {}) {
    try {
      await post(path, body);
      return true;
    } catch (failure) {
      this.bus.tell("failed", failure);
      return false;
    }
  }
}
