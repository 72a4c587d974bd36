/** Puts the page together: one bus, one feed, and the parts that hear it. */

import { startAges } from "./ages.js";
import { Ask } from "./ask.js";
import { Bus } from "./bus.js";
import { Captions } from "./captions.js";
import { startCameras, startModels } from "./choices.js";
import { make } from "./dom.js";
import { EyePanel } from "./eye_panel.js";
import { Feed } from "./feed.js";
import { History } from "./history.js";
import { Keys } from "./keys.js";
import { Live } from "./live.js";
import { Measures } from "./measures.js";
import { Notices, startState } from "./notices.js";
import { Over } from "./over.js";
import { Prompt } from "./prompt.js";
import { Said } from "./said.js";
import { startSettings } from "./settings.js";
import { startSpeech } from "./speech.js";
import { startWarnings, Steer } from "./steer.js";
import { Watches } from "./watches.js";
import { Wishes } from "./wishes.js";

const bus = new Bus();
const feed = new Feed(bus);
const wishes = new Wishes(bus);

function startWhatIsShown() {
  startAges();
  startState(bus);
  startWarnings(bus, make);
  new Notices(bus, () => feed.connect());
  new Live(bus);
  new Over(bus);
  new Measures(bus);
  new History(bus);
  new Captions(bus, new Said(bus));
}

function startWhatIsPressed() {
  const steer = new Steer(bus, wishes);
  const ask = new Ask(bus, wishes);
  startSettings(bus, wishes);
  startCameras(bus, wishes);
  startModels(bus, wishes);
  new Prompt(bus, wishes);
  new Watches(bus, wishes);
  new EyePanel(wishes);
  new Keys(steer, ask);
  startSpeech(ask);
}

startWhatIsShown();
startWhatIsPressed();
feed.start();
