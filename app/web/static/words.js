/** Numbers and kinds, in words. */

/** @param {number} seconds */
export function ago(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s ago`;
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

export const inSeconds = (value) => (isNumber(value) ? `${value.toFixed(value < 10 ? 2 : 1)} s` : "–");
export const inShares = (value) => (isNumber(value) ? `${Math.round(value * 100)} %` : "–");
export const inMegabytes = (bytes) => (isNumber(bytes) ? `${Math.round(bytes / 1e6).toLocaleString("en")} MB` : "–");
export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** The time of day of an ISO time, as the machine that looks has it. */
export function clock(time) {
  return typeof time === "string" ? time.slice(11, 19) : "";
}

/** How a sentence that is no plain description is introduced. */
export function introduction(record) {
  const about = record.about ?? "";
  if (record.kind === "alert") return `Watched for: ${about}`;
  if (record.kind === "answer") return about === "more" ? "At length" : `Asked: ${about}`;
  return "";
}
