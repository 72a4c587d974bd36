/** What is watched for: a list to add to and to take from. */

import { at, button, make } from "./dom.js";

export class Watches {
  #list = at("watches");
  #field = at("watch");
  #told = "";

  constructor(bus, wishes) {
    this.wishes = wishes;
    at("watch-form").addEventListener("submit", (event) => this.#add(event));
    bus.on("shown", ({ watches }) => this.#show(watches ?? []));
  }

  async #add(event) {
    event.preventDefault();
    const words = this.#field.value.trim();
    const watches = this.wishes.value("watches") ?? [];
    if (!words || watches.includes(words)) return;
    if (await this.wishes.change("watches", [...watches, words])) this.#field.value = "";
  }

  #remove(words) {
    const watches = this.wishes.value("watches") ?? [];
    this.wishes.change("watches", watches.filter((each) => each !== words));
    this.#field.focus();
  }

  /** Made anew only where it differs: a button that has the focus keeps it. */
  #show(watches) {
    const told = JSON.stringify(watches);
    if (told === this.#told) return;
    this.#told = told;
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.ariaLabel : undefined;
    this.#list.replaceChildren(...watches.map((words) => this.#item(words)));
    if (focused) ([...this.#list.querySelectorAll("button")].find(({ ariaLabel }) => ariaLabel === focused) ?? this.#field).focus();
  }

  #item(words) {
    const remove = button("Remove", () => this.#remove(words), "tiny");
    remove.setAttribute("aria-label", `Remove: ${words}`);
    return make("li", {}, make("span", {}, words), remove);
  }
}
