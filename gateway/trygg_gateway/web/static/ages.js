// Ages that tick: an element is told the moment it counts from, and its words follow the clock.

import { say } from "./dom.js";
import { nowS } from "./gateway.js";
import { duration } from "./words.js";

const FORMS = {
  ago: (age) => `${duration(age)} ago`,
  old: (age) => `${duration(age)} old`,
  late: (age) => (age < 0 ? "" : `${duration(age)} overdue`),
  nowold: (age) => `now ${duration(age)} old`,
};

/** Let `node` say how long ago `unixS` was, in one of the forms; null clears it. */
export function count(node, unixS, form) {
  if (unixS === null || unixS === undefined) {
    delete node.dataset.at;
    say(node, "");
    return;
  }
  node.dataset.at = unixS;
  node.dataset.form = form;
  tell(node);
}

/** Bring every counting element up to date. */
export function tick() {
  for (const node of document.querySelectorAll("[data-at]")) tell(node);
}

function tell(node) {
  say(node, FORMS[node.dataset.form](nowS() - Number(node.dataset.at)));
}
