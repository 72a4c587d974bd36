/**
 * The pictures of the live view: asks for the next when one has been drawn, one in flight, none while nobody looks.
 *
 * Draws regions that changed lightly over them, and says how old the picture is.
 */

import { socketAddress } from "./api.js";
import { age, bornAt } from "./ages.js";
import { at, show } from "./dom.js";

const LATE_S = 2;
const PAUSES_MS = [250, 500, 1000, 2000];

export class Live {
  #canvas = at("picture");
  #pen = this.#canvas.getContext("2d", { alpha: false });
  #chip = at("picture-age");
  #socket;
  #about;
  #isAsked = false;
  #failures = 0;
  #timer = 0;

  constructor(bus) {
    bus.on("feed", ({ is }) => (is === "open" ? this.#open() : is === "hung" || this.#close()));
    document.addEventListener("visibilitychange", () => this.#ask());
    addEventListener("pagehide", () => this.#close());
  }

  #open() {
    if (this.#socket) return this.#ask();
    const socket = new WebSocket(socketAddress("/live"));
    this.#socket = socket;
    this.#isAsked = false;
    socket.onopen = () => this.#ask();
    socket.onmessage = ({ data }) => this.#take(socket, data);
    socket.onclose = () => socket === this.#socket && this.#again();
  }

  #close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #again() {
    this.#close();
    const pause = PAUSES_MS[Math.min(this.#failures++, PAUSES_MS.length - 1)];
    this.#timer = setTimeout(() => this.#open(), pause);
  }

  #ask() {
    if (this.#isAsked || document.hidden || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#isAsked = true;
    this.#socket.send("next");
  }

  /** What is known of a picture comes before it. */
  async #take(socket, data) {
    if (typeof data === "string") {
      this.#about = { ...JSON.parse(data), heardAt: performance.now() };
      return;
    }
    const about = this.#about;
    const picture = await createImageBitmap(data).catch(() => undefined);
    if (socket !== this.#socket) return;
    this.#failures = 0;
    if (picture && about) this.#draw(picture, about);
    this.#isAsked = false;
    this.#ask();
  }

  #draw(picture, about) {
    const { width, height } = picture;
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#pen.drawImage(picture, 0, 0);
    picture.close();
    for (const box of about.boxes ?? []) this.#frame(box, width, height);
    this.#date(about);
  }

  /** A light line with a dark one beneath it is seen on every ground. */
  #frame([left, top, right, bottom], width, height) {
    const box = [left * width, top * height, (right - left) * width, (bottom - top) * height];
    for (const [line, colour] of [[3, "rgb(0 0 0 / 0.45)"], [1.25, "rgb(255 255 255 / 0.9)"]]) {
      this.#pen.lineWidth = line;
      this.#pen.strokeStyle = colour;
      this.#pen.strokeRect(...box);
    }
  }

  #date({ age_s: told, heardAt }) {
    const words = (seconds) => {
      this.#chip.classList.toggle("is-late", seconds > LATE_S);
      return `picture ${seconds < 10 ? Math.max(0, seconds).toFixed(1) : Math.floor(seconds)} s old`;
    };
    show(this.#chip, true);
    age(this.#chip, bornAt(told + (performance.now() - heardAt) / 1000), { words });
  }
}
