/** Verbosity, pace, voice, small pictures: each is changed at once, and shows what looksay tells. */

import { at, write } from "./dom.js";

export function startSettings(bus, wishes) {
  startVerbosity(bus, wishes);
  startPace(bus, wishes);
  startVoice(bus, wishes);
  startThumbnails(bus, wishes);
}

function startVerbosity(bus, wishes) {
  const group = at("verbosity");
  group.addEventListener("change", ({ target }) => wishes.change("verbosity", target.value));
  bus.on("shown", () => {
    const level = wishes.value("verbosity");
    for (const each of group.querySelectorAll("input")) each.checked = each.value === level;
  });
}

function startPace(bus, wishes) {
  const field = at("every");
  field.addEventListener("change", () => changePace(field, wishes));
  bus.on("shown", ({ every, every_least: least }) => {
    const isMine = document.activeElement === field && field.value !== field.dataset.told;
    if (isMine || !wishes.isFree("every")) return;
    field.min = String(least ?? 0);
    field.value = field.dataset.told = String(every ?? "");
    write(at("every-note"), "");
  });
}

function changePace(field, wishes) {
  const isGood = field.value !== "" && field.checkValidity();
  field.setAttribute("aria-invalid", String(!isGood));
  write(at("every-note"), isGood ? "" : `A number from ${field.min} to ${field.max}, please.`);
  if (isGood) wishes.change("every", field.valueAsNumber);
}

function startVoice(bus, wishes) {
  const box = at("voice");
  box.addEventListener("change", () => wishes.change("voice", box.checked));
  bus.on("shown", ({ voice }) => {
    const hasVoice = typeof voice === "boolean";
    box.disabled = !hasVoice;
    box.checked = wishes.value("voice") === true;
    write(at("voice-note"), hasVoice ? "" : "This run has no voice: ./run.sh voices lists those that there are.");
  });
}

function startThumbnails(bus, wishes) {
  const box = at("thumbnails");
  box.addEventListener("change", () => wishes.change("thumbnails", box.checked));
  bus.on("shown", () => (box.checked = wishes.value("thumbnails") === true));
}
