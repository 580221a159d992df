// Questions to the operator, in dialogs: who is on duty, and what the alarm was.

import { byId, el } from "./dom.js";
import * as operator from "./operator.js";
import { CAUSES } from "./words.js";

const OTHER = CAUSES.at(-1);

/** The operator's name: the one kept, or asked for; null when the operator cancels. */
export const theName = async () => operator.name() || (await askName());

/** Ask for the name, keep it, return it; null when cancelled. */
export async function askName() {
  const field = byId("name");
  field.value = operator.name();
  const answer = await ask("ask-name", () => field.value.trim() || problem(field, "Write your name first."));
  if (answer) operator.setName(answer);
  return answer;
}

/** Ask why the alarm is closed; returns the cause in words, null when cancelled. */
export async function askCause(about) {
  byId("ask-cause-about").textContent = about;
  const words = byId("cause-text");
  words.value = "";
  byId("causes").replaceChildren(byId("causes").firstElementChild, ...CAUSES.map(choice));
  showWords();
  return ask("ask-cause", () => {
    const cause = document.querySelector("#causes input:checked")?.value;
    if (!cause) return problem(document.querySelector("#causes input"), "Choose what it was.");
    if (cause !== OTHER) return cause;
    return words.value.trim() ? `${OTHER}: ${words.value.trim()}` : problem(words, "Say in a few words what it was.");
  });
}

/** Ask why the alarm is opened again; returns the words, null when cancelled. */
export async function askWhy(about) {
  byId("ask-why-about").textContent = about;
  const words = byId("why-text");
  words.value = "";
  return ask("ask-why", () => words.value.trim() || problem(words, "Say in a few words why."));
}

function choice(cause) {
  return el("label", { class: "choice" },
    el("input", { type: "radio", name: "cause", value: cause, onchange: showWords }), el("span", {}, cause));
}

function showWords() {
  const other = document.querySelector("#causes input:checked")?.value === OTHER;
  byId("cause-text").hidden = byId("cause-label").hidden = !other;
  if (other) byId("cause-text").focus();
}

/** Show what is missing at the field; the next thing done in the form takes it away. */
function problem(field, sentence) {
  field.setCustomValidity(sentence);
  field.reportValidity();
  field.form.addEventListener("input", () => field.setCustomValidity(""), { once: true });
  return null;
}

/** Show the dialog until it is cancelled (null) or `read` gives an answer. */
function ask(id, read) {
  const dialog = byId(id);
  const form = dialog.querySelector("form");
  return new Promise((done) => {
    const over = new AbortController();
    const end = (answer) => {
      over.abort();
      dialog.close();
      done(answer);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = read();
      if (answer) end(answer);
    }, { signal: over.signal });
    dialog.querySelector("[data-cancel]").addEventListener("click", () => end(null), { signal: over.signal });
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end(null);
    }, { signal: over.signal });
    dialog.showModal();
  });
}
