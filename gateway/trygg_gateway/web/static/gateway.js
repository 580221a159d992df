// Talking with the gateway: JSON in and out, the gateway's clock, and whether there is contact.

import * as operator from "./operator.js";

let aheadMs = 0; // the gateway's clock minus this computer's

/** The gateway's time now, unix seconds. Ages are counted by it, so a wrong clock here does no harm. */
export const nowS = () => (Date.now() + aheadMs) / 1000;

/** Take over the gateway's clock from an answer. */
export function setClock(nowMs) {
  if (Number.isFinite(nowMs)) aheadMs = nowMs - Date.now();
}

/** A refusal by the gateway, with its sentence. */
export class Refused extends Error {}

/** GET JSON. Refused: the gateway answered with an error; TypeError: it did not answer. */
export const get = (path) => ask(path, { headers: operator.header() });

/** POST JSON. */
export const post = (path, values) =>
  ask(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...operator.header() },
    body: JSON.stringify(values),
  });

async function ask(path, options) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(10000), ...options });
  if (answer.status === 401) location.replace("/login");
  const body = await answer.json();
  if (!answer.ok) throw new Refused(body.error ?? `The gateway refused (${answer.status}).`);
  setClock(body.now_ms);
  return body;
}

const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/**
 * The live line. Calls `heard()` whenever the gateway spoke, `changed(names)` when something changed,
 * `lost()` when the line broke or fell silent. Opens itself again until the page is closed.
 */
export function listen({ heard, changed, lost }) {
  let source = null;
  let tries = 0;
  let silence = 0;
  let silentMs = 12000;

  function open() {
    source = new EventSource("/api/live");
    source.addEventListener("hello", (event) => {
      tries = 0;
      silentMs = JSON.parse(event.data).beat_s * 2500 + 1000;
      alive(event);
      changed(["trackers", "alarms"]);
    });
    source.addEventListener("beat", alive);
    source.addEventListener("changed", (event) => changed(alive(event).names));
    source.onerror = again;
    watch();
  }

  function alive(event) {
    const data = JSON.parse(event.data);
    setClock(data.now_ms);
    heard();
    watch();
    return data;
  }

  function watch() {
    clearTimeout(silence);
    silence = setTimeout(again, silentMs);
  }

  function again() {
    clearTimeout(silence);
    source.close();
    lost();
    get("/api/session").catch(() => null); // an ended session leads to the login page
    setTimeout(open, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
  }

  open();
}
