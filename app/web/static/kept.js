/** What this browser remembers of a person's choices; where it may remember nothing, the page works all the same. */

export function recall(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`looksay.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(`looksay.${name}`, JSON.stringify(value));
  } catch {
    // A private window: it is forgotten with it.
  }
}
