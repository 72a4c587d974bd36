/** From the camera to bytes: which camera to wish for, when a picture was taken, and the picture as a JPEG. */

const LONGER = 1280;
const SHORTER = 720;
const QUALITY = 0.8;
const OLDEST_MS = 2000; // a time of capture further back is another clock's

/** What to ask of getUserMedia. */
export function wanted(deviceId) {
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } };
  return { audio: false, video: { width: { ideal: LONGER }, height: { ideal: SHORTER }, ...which } };
}

/**
 * What the camera sees now, upright as the phone is held now.
 * @param {HTMLVideoElement} video
 * @returns {Promise<ArrayBuffer>} a JPEG
 */
export async function drawn(video, canvas) {
  const { videoWidth: width, videoHeight: height } = video;
  const scale = Math.min(1, LONGER / Math.max(width, height), SHORTER / Math.min(width, height));
  resize(canvas, Math.round(width * scale), Math.round(height * scale));
  canvas.getContext("2d", { alpha: false }).drawImage(video, 0, 0, canvas.width, canvas.height);
  return (await encoded(canvas)).arrayBuffer();
}

/** When the camera took it, on the clock of performance.now(); when it was shown where the browser does not know. */
export function takenAt(now, { captureTime, presentationTime }) {
  const isTrue = (at) => Number.isFinite(at) && at <= now + 1 && at > now - OLDEST_MS;
  return [captureTime, presentationTime].find(isTrue) ?? now;
}

/** Eight bytes of age in seconds, then the picture. */
export function message(age, jpeg) {
  const bytes = new Uint8Array(8 + jpeg.byteLength);
  new DataView(bytes.buffer).setFloat64(0, age, true);
  bytes.set(new Uint8Array(jpeg), 8);
  return bytes;
}

export function canvas() {
  return globalThis.OffscreenCanvas ? new OffscreenCanvas(1, 1) : document.createElement("canvas");
}

function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function encoded(canvas) {
  if (canvas.convertToBlob) return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}

/** In the page, for phones play no video outside it; seen and heard by nobody. */
export function hiddenVideo() {
  const video = document.createElement("video");
  Object.assign(video, { muted: true, playsInline: true, tabIndex: -1, ariaHidden: "true" });
  Object.assign(video.style, { position: "fixed", inlineSize: "1px", blockSize: "1px", opacity: "0", pointerEvents: "none" });
  document.body.append(video);
  return video;
}
