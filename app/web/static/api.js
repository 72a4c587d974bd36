/** Asks looksay over HTTP, with the token of this run. */

const PATIENCE_MS = 5000;

/** It was refused, or nobody answered. `status` is 0 if nobody did. */
export class Refused extends Error {
  constructor(message, hint = "", status = 0) {
    super(message);
    this.hint = hint;
    this.status = status;
  }

  get words() {
    return [this.message, this.hint].filter(Boolean).join(" ");
  }
}

let token = "";

/** The token of the run that answers now: another one is another run. */
export async function fetchToken(patienceMs) {
  token = (await get("/api/token", patienceMs)).token;
  return token;
}

export const get = (path, patienceMs = PATIENCE_MS) => ask(path, {}, patienceMs);

/** It is sent even if the page is left at that moment. */
export function post(path, body = {}, patienceMs = PATIENCE_MS) {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body), keepalive: true }, patienceMs);
}

async function ask(path, how, patienceMs) {
  let response;
  try {
    response = await fetch(path, { ...how, cache: "no-store", signal: AbortSignal.timeout(patienceMs) });
  } catch {
    throw new Refused("looksay does not answer.");
  }
  const said = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(said.error ?? `looksay answered ${response.status}.`, said.hint, response.status);
  return said;
}

/** The address of a web socket of ours. */
export function socketAddress(path) {
  const address = new URL(path, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}
