/** Dictating a question, only where the browser can hear on this very machine; else there is no button at all. */

import { at, show, write } from "./dom.js";

const LANGUAGE = "en-US";

export async function startSpeech(ask) {
  const Recognition = globalThis.SpeechRecognition;
  if (!(await canHearHere(Recognition))) return;
  const pressed = at("speak");
  show(pressed, true);
  pressed.addEventListener("click", () => listen(new Recognition(), ask));
}

/** A browser that does not say so would send the voice away. */
async function canHearHere(Recognition) {
  if (!Recognition?.available || !("processLocally" in Recognition.prototype)) return false;
  const found = await Recognition.available({ langs: [LANGUAGE], processLocally: true }).catch(() => "");
  return found === "available";
}

function listen(recognition, ask) {
  Object.assign(recognition, { processLocally: true, lang: LANGUAGE, interimResults: false });
  const tell = (words) => write(at("ask-state"), words);
  recognition.onresult = ({ results }) => {
    ask.begin(results[0][0].transcript);
    tell("Press Ask, or Enter.");
  };
  recognition.onerror = ({ error }) => tell(`Nothing was understood (${error}).`);
  tell("Listening…");
  ask.begin();
  recognition.start();
}
