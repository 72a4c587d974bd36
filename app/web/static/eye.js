/**
 * This browser's camera as looksay's eye: pictures go out one at a time, each when looksay asks for it, always the
 * newest. The camera is asked for here alone, and only by startEye. It draws no controls: whoever calls shows the states.
 *
 *   const eye = startEye({ token, onState: ({ state, text, hint, fps }) => … });
 *   eye.stop();
 *
 * States that go on: asking, waiting, sending (with fps, pictures a second), idle, hidden, muted, still, lost.
 * States that end it: denied, none, busy, insecure, old, failed, gone, "taken over", refused, "given up", stopped.
 */

import { canvas, drawn, hiddenVideo, message, takenAt, wanted } from "./eye_pictures.js";
import { WORDS, whyNoCamera } from "./eye_words.js";

const STILL_MS = 2000; // a camera that gives nothing for so long is said to stand still
const PAUSES_MS = [250, 500, 1000, 2000, 4000]; // before each new attempt; the last is kept
const ATTEMPTS = 15; // about a minute: then the camera is not kept on for nobody

/**
 * @param {object} how
 * @param {string | (() => string | Promise<string>)} how.token  as /api/token gives it, or what fetches it
 * @param {string} [how.deviceId]  which camera; without it, the one that looks away from the person
 * @param {HTMLVideoElement} [how.video]  shows what the camera sees; without it, nothing does
 * @param {(told: {state: string, text: string, hint: string, fps: number}) => void} how.onState
 */
export function startEye(how) {
  const eye = new Eye(how);
  eye.start();
  return { stop: () => eye.end("stopped") };
}

class Eye {
  constructor({ token, deviceId, video, onState }) {
    Object.assign(this, { token, deviceId, onState, video: video ?? hiddenVideo(), isOwnVideo: !video });
    this.canvas = canvas();
    this.paused = ""; // why there is no picture to give, as looksay is told
    this.turn = 0; // counts pauses: a picture begun before one is not sent after it
    this.sent = this.failed = 0;
    this.isAsked = this.isOver = this.isStill = this.isIdle = false;
    this.leave = new AbortController(); // takes every listener away
  }

  async start() {
    this.tell("asking");
    if (!navigator.mediaDevices?.getUserMedia) return this.end("insecure");
    if (!this.video.requestVideoFrameCallback) return this.end("old");
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted(this.deviceId));
      if (this.isOver) return stopTracks(stream);
      this.stream = this.video.srcObject = stream;
      await this.video.play();
    } catch (failure) {
      return this.end(whyNoCamera(failure));
    }
    if (!this.isOver) this.begin();
  }

  begin() {
    const { signal } = this.leave;
    const [track] = this.stream.getVideoTracks();
    this.frameAt = performance.now();
    track.addEventListener("ended", () => this.end("gone"), { signal });
    for (const change of ["mute", "unmute"]) track.addEventListener(change, () => this.weigh(), { signal });
    document.addEventListener("visibilitychange", () => this.weigh(), { signal });
    this.everySecond = setInterval(() => this.second(), 1000);
    this.video.requestVideoFrameCallback((now, frame) => this.seen(now, frame));
    this.tell("waiting");
    this.connect();
  }

  /** A new picture is to be seen, now and for sure the one that would be drawn; it is sent if looksay waits for one. */
  seen(now, frame) {
    if (this.isOver) return;
    this.video.requestVideoFrameCallback((...next) => this.seen(...next));
    this.frameAt = performance.now();
    if (this.isStill) this.weigh();
    if (this.isAsked) this.answer(takenAt(now, frame));
  }

  async answer(takenAt) {
    const { socket, turn } = this;
    this.isAsked = false;
    const jpeg = await drawn(this.video, this.canvas);
    if (this.isOver || turn !== this.turn || socket.readyState !== WebSocket.OPEN) return;
    socket.send(message((performance.now() - takenAt) / 1000, jpeg));
    this.sent += 1;
    if (this.sent === 1) this.tell("sending", 1);
  }

  async connect() {
    const token = await this.fetchToken();
    if (this.isOver) return;
    if (token === null) return this.disconnected();
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/eye?token=${encodeURIComponent(token)}`);
    this.socket = socket;
    socket.addEventListener("open", () => this.connected());
    socket.addEventListener("message", ({ data }) => this.hear(JSON.parse(data)));
    socket.addEventListener("close", () => this.disconnected());
  }

  /** @returns {Promise<string | null>} null while looksay does not answer */
  async fetchToken() {
    if (typeof this.token !== "function") return this.token;
    try {
      return await this.token();
    } catch {
      return null;
    }
  }

  connected() {
    this.failed = 0;
    this.paused = "";
    this.weigh();
  }

  disconnected() {
    this.isAsked = false;
    if (this.isOver) return;
    if (++this.failed > ATTEMPTS) return this.end("given up");
    this.sent = 0;
    this.tell("lost");
    const pause = PAUSES_MS[Math.min(this.failed, PAUSES_MS.length) - 1];
    this.again = setTimeout(() => this.connect(), pause);
  }

  hear(said) {
    if (said.lost) return this.end(said.lost.includes("another window") ? "taken over" : "refused", said.lost);
    this.isIdle = Boolean(said.idle);
    if (this.isIdle) this.rest();
    if (!said.next || this.paused) return; // having paused was the answer
    this.isAsked = true;
  }

  rest() {
    this.sent = 0;
    this.tell("idle");
  }

  /** Tell looksay whether there are pictures, if that has changed. */
  weigh() {
    this.isStill = performance.now() - this.frameAt > STILL_MS;
    const why = this.whyNone();
    if (why === this.paused || this.socket?.readyState !== WebSocket.OPEN) return;
    this.paused = why;
    this.turn += 1;
    this.isAsked = false;
    this.socket.send(JSON.stringify({ paused: why }));
    if (why) this.tell(why);
    else this.sent = 0; // says "sending" with the next picture
  }

  whyNone() {
    if (document.visibilityState === "hidden") return "hidden";
    if (this.stream.getVideoTracks()[0].muted) return "muted";
    return this.isStill ? "still" : "";
  }

  second() {
    this.weigh();
    this.stayAwake();
    if (this.paused || this.isIdle || this.socket?.readyState !== WebSocket.OPEN || !this.sent) return;
    this.tell("sending", this.sent);
    this.sent = 0;
  }

  /** A phone whose screen goes off looks no longer. */
  async stayAwake() {
    if (this.isIdle || document.visibilityState === "hidden" || (this.lock && !this.lock.released)) return;
    try {
      this.lock = await navigator.wakeLock?.request("screen");
    } catch {
      this.lock = undefined; // low battery, or not allowed: the person keeps it on
    }
    if (this.isOver) this.lock?.release();
  }

  tell(state, fps = 0, detail = "") {
    const [text, hint] = WORDS[state];
    this.onState({ state, text: detail ? `${text} ${detail}.` : text, hint, fps });
  }

  /** The camera goes off, whatever the reason. */
  end(state, detail = "") {
    if (this.isOver) return;
    this.isOver = true;
    this.leave.abort();
    clearInterval(this.everySecond);
    clearTimeout(this.again);
    this.socket?.close();
    this.lock?.release();
    if (this.stream) stopTracks(this.stream);
    this.video.srcObject = null;
    if (this.isOwnVideo) this.video.remove();
    this.tell(state, 0, state === "refused" ? detail : "");
  }
}

function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}
