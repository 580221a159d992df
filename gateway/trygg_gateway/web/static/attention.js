// Getting the operator's attention: the title flashes the count, a spoken line for screen readers,
// and a tone that is off until the operator turns it on.

import { byId, say } from "./dom.js";
import { alarmTitle, isAlarm } from "./words.js";

const TITLE = document.title;
const SOUND = "trygg-sound";
let known = null; // ids seen so far; null until the first list, which is not news
let untaken = 0;
let tone = null;

/** Take note of the alarms: announce new ones, count those nobody has taken. */
export function heed(alarms, keepOut) {
  const open = alarms.filter((a) => a.state === "raised" && isAlarm(a));
  const fresh = open.filter((a) => known !== null && !known.has(a.id));
  known = new Set(alarms.map((a) => a.id));
  untaken = open.length;
  if (fresh.length) {
    const words = fresh.map((a) => `${a.name || a.device}: ${alarmTitle(a, keepOut(a))}`);
    say(byId("announce"), `New alarm. ${words.join(". ")}.`);
    sound();
  }
  flash(0);
  byId("favicon").href = untaken ? "/static/favicon-alarm.svg" : "/static/favicon.svg";
}

/** Once a second: the title alternates while an alarm is untaken; the tone comes every five. */
export function flash(second) {
  const count = untaken === 1 ? "1 ALARM" : `${untaken} ALARMS`;
  document.title = untaken === 0 ? TITLE : second % 2 ? TITLE : `(${count}) Trygg`;
  if (untaken && second % 5 === 4) sound();
}

/** Wire the sound button; the choice is kept on this computer. */
export function soundButton(button) {
  const draw = () => {
    button.setAttribute("aria-pressed", String(tone !== null));
    say(button, tone !== null ? "Sound on" : "Sound off");
  };
  const turn = (on) => {
    tone = on ? new AudioContext() : null;
    localStorage.setItem(SOUND, on ? "on" : "off");
    draw();
  };
  button.addEventListener("click", () => {
    turn(tone === null);
    sound();
  });
  // a browser gives sound only after the operator touched the page
  if (localStorage.getItem(SOUND) === "on") addEventListener("pointerdown", () => tone ?? turn(true), { once: true });
  draw();
}

function sound() {
  if (tone === null) return;
  for (const [start, pitch] of [[0, 660], [0.22, 880]]) {
    const at = tone.currentTime + start;
    const voice = tone.createOscillator();
    const loud = tone.createGain();
    voice.frequency.value = pitch;
    loud.gain.setValueAtTime(0.0001, at);
    loud.gain.exponentialRampToValueAtTime(0.2, at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
    voice.connect(loud).connect(tone.destination);
    voice.start(at);
    voice.stop(at + 0.21);
  }
}
