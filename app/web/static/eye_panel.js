/** The buttons for this browser's camera. It is asked for by eye.js, which is not even loaded before Start is pressed. */

import { fetchToken } from "./api.js";
import { at, show, write } from "./dom.js";

const PROBE_MS = 2500;
const ENDED = ["denied", "none", "busy", "insecure", "old", "failed", "gone", "taken over", "refused", "given up", "stopped"];

export class EyePanel {
  #eye;

  constructor(wishes) {
    this.wishes = wishes;
    at("eye-start").addEventListener("click", () => this.#start());
    at("eye-stop").addEventListener("click", () => this.#eye?.stop());
  }

  async #start() {
    this.#offer(false);
    const { startEye } = await import("./eye.js");
    this.#eye = startEye({ token: () => fetchToken(PROBE_MS), onState: (told) => this.#tell(told) });
  }

  /** Looksay goes over to it only once there is one: who is refused keeps what was looked at. */
  #tell({ state, text, hint, fps }) {
    write(at("eye-state"), [text, hint].filter(Boolean).join(" "));
    if (state !== "sending") write(at("eye-rate"), "");
    else if (fps > 1) write(at("eye-rate"), `${Math.round(fps)} pictures a second`); // 1 is the first, and no rate yet
    if (state === "waiting") this.wishes.order("/api/switch", { source: "browser" });
    if (ENDED.includes(state)) this.#offer(true);
  }

  /** The focus goes where the next press would be. */
  #offer(canStart) {
    const hadFocus = [at("eye-start"), at("eye-stop")].includes(document.activeElement);
    show(at("eye-start"), canStart);
    show(at("eye-stop"), !canStart);
    if (hadFocus) at(canStart ? "eye-start" : "eye-stop").focus();
  }
}
