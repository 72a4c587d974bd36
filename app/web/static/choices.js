/**
 * Which camera, which model: a list to choose from, asked for when it is opened, and a button that switches.
 *
 * Nothing is switched by moving through the list, and nothing moves under a person who is choosing.
 */

import { get, Refused } from "./api.js";
import { at, make, write } from "./dom.js";

/** @typedef {{value: string, name: string, words: string, isPossible: boolean}} Choice */

class Choices {
  #isTouched = false;

  /** @param {{place: string, form: string, path: string, read: (answer: any) => Choice[], current: (setup: any) => string, body: (value: string) => any}} how */
  constructor(bus, wishes, how) {
    Object.assign(this, { wishes, how, details: at(how.place), form: at(how.form) });
    this.details.addEventListener("toggle", () => (this.details.open ? this.#load() : this.form.replaceChildren()));
    this.form.addEventListener("change", () => (this.#isTouched = true));
    this.form.addEventListener("submit", (event) => this.#submit(event));
    bus.on("shown", (setup) => this.#show(setup));
  }

  async #load() {
    this.#isTouched = false;
    this.form.replaceChildren(make("p", { class: "small" }, "Looking for them…"));
    try {
      this.#fill(this.how.read(await get(this.how.path)));
    } catch (failure) {
      const words = failure instanceof Refused ? failure.words : String(failure);
      this.form.replaceChildren(make("p", { class: "small" }, words));
    }
  }

  #fill(choices) {
    const { place } = this.how;
    const legend = make("legend", {}, `Choose, then press Switch`);
    const press = make("button", { type: "submit", class: "strong" }, "Switch");
    this.note = make("p", { class: "small", role: "status" });
    this.form.replaceChildren(make("fieldset", {}, legend, ...choices.map((each) => option(place, each))), press, this.note);
    this.#show(this.wishes.setup);
  }

  #show(setup) {
    const press = this.form.querySelector("button");
    if (!press) return;
    const current = this.how.current(setup);
    if (!this.#isTouched) for (const each of this.form.querySelectorAll("input")) each.checked = each.value === current;
    press.setAttribute("aria-disabled", String(setup.is_switching === true)); // disabled, it would lose the focus
    write(this.note, setup.is_switching ? "Switching…" : "");
  }

  async #submit(event) {
    event.preventDefault();
    const chosen = this.form.querySelector("input:checked");
    if (!chosen || this.wishes.setup.is_switching) return;
    await this.wishes.order("/api/switch", this.how.body(chosen.value));
    this.#isTouched = false;
    this.#show(this.wishes.setup);
  }
}

function option(place, { value, name, words, isPossible }) {
  const id = `${place}-${value}`.replace(/\s/g, "-");
  const note = words && make("p", { class: "small", id: `${id}-words` }, words);
  const input = make("input", { type: "radio", name: place, value, disabled: isPossible ? undefined : "", "aria-describedby": note ? note.id : undefined });
  return make("div", { class: "choice" }, make("label", {}, input, " ", make("span", {}, name)), note);
}

export function startCameras(bus, wishes) {
  const read = ({ cameras }) => cameras.map(({ source, name }) => ({ value: source, name, words: source === "browser" ? "This one, or that of another window or a phone: press Start there." : "", isPossible: true }));
  bus.on("shown", ({ camera }) => write(at("camera-name"), camera || "…"));
  return new Choices(bus, wishes, {
    ...{ place: "cameras", form: "camera-form", path: "/api/cameras", read },
    ...{ current: ({ source }) => source, body: (source) => ({ source }) },
  });
}

export function startModels(bus, wishes) {
  const canRun = ({ is_installed: isInstalled, verdict }) => isInstalled && verdict !== "refused";
  const read = ({ models }) => models.map((each) => ({ value: each.name, name: `${each.name}: ${each.verdict}`, words: each.words, isPossible: canRun(each) }));
  bus.on("shown", ({ model_name: name }) => write(at("model-name"), name || "…"));
  return new Choices(bus, wishes, {
    ...{ place: "models", form: "model-form", path: "/api/models", read },
    ...{ current: ({ model }) => model, body: (model) => ({ model }) },
  });
}
