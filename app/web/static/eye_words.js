/** What eye.js says of itself, for people: what is the case, and what to do about it. */

export const WORDS = {
  asking: ["The browser asks whether this page may use the camera.", "Answer Allow."],
  waiting: ["The camera is on. Connecting to looksay.", ""],
  sending: ["looksay looks through this camera.", ""],
  idle: ["The camera is on, but looksay looks at another one.", "Choose “a browser's camera”, or stop this one."],
  hidden: ["Paused: this page is hidden, and browsers give hidden pages no pictures.", "Keep it in front and the screen on."],
  muted: ["Paused: the system keeps the camera from this page.", "Open its shutter, end a call that uses it, unlock the phone."],
  still: ["The camera gives no pictures.", "Check its cable and lid; stop and start it here."],
  lost: ["looksay does not answer. Trying again.", "See whether it still runs, and whether both are in the same network."],
  denied: ["This page is not allowed to use the camera.", "Allow it by the sign beside the address, and in the system's settings for this browser; then press Start again."],
  none: ["There is no such camera.", "Connect one, or choose another; then press Start again."],
  busy: ["The camera does not open: another program may be using it.", "End that program; then press Start again."],
  insecure: [
    "The browser gives this page no camera: it comes over plain http from another machine.",
    "Start looksay with --page-host and open the link that begins with https://, or open the page on the machine where looksay runs.",
  ],
  old: ["This browser is too old to send its camera's pictures.", "Use a current Chrome, Edge, Safari or Firefox."],
  failed: ["The camera cannot be used.", "Load the page again; then press Start again."],
  gone: ["The camera is gone, or it was taken from this page.", "Connect or allow it; then press Start again."],
  "taken over": ["Another window is looksay's eye now. This camera is off.", "Press Start to take it back."],
  refused: ["looksay no longer takes pictures from here:", "Load the page again; then press Start again."],
  "given up": ["looksay has not answered for a minute. The camera is off.", "Start looksay, load the page again, and press Start."],
  stopped: ["The camera is off.", ""],
};

/** Which of them a failure of getUserMedia is. */
export function whyNoCamera(failure) {
  const known = {
    NotAllowedError: "denied",
    SecurityError: "denied",
    NotFoundError: "none",
    OverconstrainedError: "none",
    NotReadableError: "busy",
    AbortError: "busy",
    TypeError: "insecure",
  };
  return known[failure?.name] ?? "failed";
}
