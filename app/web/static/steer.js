/** Stop and go, more, repeat, louder and quieter, the end: what buttons and keys both do. */

import { at, show, write } from "./dom.js";

const LEVELS = ["quiet", "brief", "full"];

export class Steer {
  constructor(bus, wishes) {
    this.wishes = wishes;
    this.isStopped = undefined; // what was asked for last, until looksay tells
    at("hold").addEventListener("click", () => this.hold());
    at("more").addEventListener("click", () => this.more());
    at("repeat").addEventListener("click", () => this.repeat());
    at("end").addEventListener("click", () => this.end());
    at("end-no").addEventListener("click", () => at("end-dialog").close());
    at("end-yes").addEventListener("click", () => this.#endForGood());
    bus.on("shown", (setup) => this.#show(setup));
  }

  #show({ is_stopped: isStopped }) {
    this.isStopped = isStopped;
    write(at("hold"), isStopped ? "Go on" : "Stop");
  }

  async hold() {
    this.isStopped = !this.isStopped;
    const isTaken = await this.wishes.order("/api/hold", { is_stopped: this.isStopped });
    if (!isTaken) this.isStopped = this.wishes.setup.is_stopped;
  }

  more() {
    return this.wishes.order("/api/more");
  }

  repeat() {
    return this.wishes.order("/api/repeat");
  }

  louder(steps) {
    const place = LEVELS.indexOf(this.wishes.value("verbosity")) + steps;
    if (LEVELS[place]) this.wishes.change("verbosity", LEVELS[place]);
  }

  end() {
    at("end-dialog").showModal();
  }

  #endForGood() {
    at("end-dialog").close();
    this.wishes.order("/api/end");
  }
}

/** Lines that hold for the whole run: what is less than it could be. */
export function startWarnings(bus, make) {
  bus.on("state", ({ warnings }) => {
    at("warnings").replaceChildren(...(warnings ?? []).map((words) => make("li", {}, words)));
    show(at("warnings"), Boolean(warnings?.length));
  });
}
