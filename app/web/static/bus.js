/** Who wants to know what: the events of /api/events, and the page's own. It does nothing else. */

export class Bus {
  #wanted = new Map();

  /** @param {string} kind @param {(data: any) => void} told */
  on(kind, told) {
    this.#wanted.set(kind, [...(this.#wanted.get(kind) ?? []), told]);
  }

  /** One that fails keeps the others from nothing. */
  tell(kind, data) {
    for (const told of this.#wanted.get(kind) ?? []) {
      try {
        told(data);
      } catch (failure) {
        console.error(`the page failed at ${kind}:`, failure);
      }
    }
  }
}
