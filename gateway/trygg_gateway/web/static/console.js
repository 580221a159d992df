// The console: fetches what changed, draws it, and says plainly when it no longer knows.
// Order of the file: the state, drawing, fetching, the live line, the operator's acts, the wiring.

import { tick } from "./ages.js";
import { showAlarms } from "./alarms.js";
import { askCause, askName, askWhy, theName } from "./asking.js";
import { flash, heed, soundButton } from "./attention.js";
import { byId, say, sayOrHide } from "./dom.js";
import { Drawing } from "./drawing.js";
import { get, listen, nowS, post, Refused } from "./gateway.js";
import { showHealth } from "./health.js";
import { WatchMap } from "./map.js";
import * as operator from "./operator.js";
import { showTrackers } from "./trackers.js";
import { alarmTitle, clock, isAlarm } from "./words.js";

const TRACK_S = 2 * 3600;
const AGAIN_MS = 2000; // a fetch that failed is tried again
const REFRESH_MS = 15000; // a tracker grows late without any news, so the list is asked for anyway
const HEALTH_MS = 60000; // what was set aside is counted beside the view's name
const state = { trackers: [], alarms: [], chosen: null, heardS: 0, lost: false, trouble: "", tracksOf: new Map() };
let map = null;
let drawing = null;

// ---- drawing

function draw() {
  showTrackers(state.trackers, state.chosen, choose, fence);
  map.show(state.trackers, state.chosen);
}

function drawAlarms() {
  const [take, go, there, pass] = ["take", "on-the-way", "at-the-person", "pass-on"].map(stepping);
  showAlarms(state.alarms, { take, go, there, pass, close, reopen, locate, keepOut });
  heed(state.alarms, keepOut);
  map.alarms(state.alarms);
  const untaken = state.alarms.filter((a) => a.state === "raised" && isAlarm(a)).length;
  sayOrHide(byId("pane-alarm-count"), untaken ? String(untaken) : "");
}

function drawContact() {
  byId("contact").dataset.state = state.lost ? "lost" : state.heardS ? "live" : "opening";
  say(byId("contact-word"), state.lost ? "No contact" : state.heardS ? "Live" : "Connecting");
  const since = state.heardS ? `since ${clock(state.heardS, nowS())}` : "yet";
  const stale = "What is shown is what was known then; ages go on counting.";
  const noContact = `No contact with the gateway ${since}. ${state.heardS ? stale : ""}`;
  sayOrHide(byId("banner"), state.lost ? noContact : state.trouble);
}

function everySecond() {
  tick();
  say(byId("clock"), clock(nowS(), nowS()));
  flash(Math.floor(nowS()));
}

// ---- fetching: one at a time for each list, not too often; asked again if it changed meanwhile

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function fetcher(gapMs, fetchOnce) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) return void (again = true);
    running = true;
    try {
      do {
        again = false;
        await fetchOnce();
        state.trouble = "";
        drawContact();
        await pause(gapMs);
      } while (again);
    } catch (error) {
      setTimeout(run, AGAIN_MS);
      if (error instanceof Refused) state.trouble = `What is shown may be old: ${error.message}`;
      else lost();
      drawContact();
    } finally {
      running = false;
    }
  };
}

const fetchTrackers = fetcher(1000, async () => {
  state.trackers = (await get("/api/trackers")).trackers;
  heard();
  draw();
  await fetchTracks();
});

const fetchAlarms = fetcher(250, async () => {
  state.alarms = (await get("/api/alarms?limit=200")).alarms;
  heard();
  drawAlarms();
});

const fetchHealth = fetcher(1000, async () => showHealth(await get("/api/health")));

const FETCH = { trackers: fetchTrackers, alarms: fetchAlarms };

/** Tracks are fetched only for those who are looked for: in alarm or chosen, or all when asked to. */
async function fetchTracks() {
  for (const t of state.trackers) {
    const wanted = t.position && !t.position_withheld && (t.status === "alarm" || t.device === state.chosen || byId("all-tracks").checked);
    const version = wanted ? `${t.position.time_s} ${t.last_contact_s}` : "none";
    if (state.tracksOf.get(t.device) === version) continue;
    const since = Math.floor(nowS()) - TRACK_S;
    map.track(t.device, wanted ? (await get(`/api/track/${encodeURIComponent(t.device)}?since=${since}`)).track : []);
    state.tracksOf.set(t.device, version);
  }
}

// ---- the live line

function heard() {
  state.heardS = nowS();
  state.lost = false;
  drawContact();
}

function lost() {
  if (state.lost) return;
  state.lost = true;
  drawContact();
}

function changed(names) {
  for (const name of names) FETCH[name]?.();
  if (document.body.dataset.view === "health") fetchHealth();
}

// ---- the operator's acts

function choose(device) {
  state.chosen = state.chosen === device ? null : device;
  draw();
  const tracker = state.trackers.find((t) => t.device === state.chosen);
  if (tracker) map.go(tracker);
  fetchTrackers();
}

/** Draw a tracker's fences on the map. */
function fence(device) {
  const tracker = state.trackers.find((t) => t.device === device);
  if (!tracker) return;
  mark("pane", "map");
  drawing.begin(tracker);
}

/** Order what was drawn; false if the operator would not say who they are. */
async function orderFences(device, fences) {
  const who = await theName();
  if (!who) return false;
  drawOperator();
  await post(`/api/trackers/${encodeURIComponent(device)}/fences`, { who, fences });
  fetchTrackers();
  return true;
}

function locate(alarm) {
  document.body.dataset.pane = "map";
  map.go(null, alarm.position);
}

/** A step with an alarm for which the name is all that is asked. */
const stepping = (step) => async (alarm) => act(alarm, step, async () => ({}));

async function close(alarm) {
  const about = `${alarm.name || alarm.device}: ${alarmTitle(alarm, keepOut(alarm))}`;
  await act(alarm, "close", async () => ({ cause: await askCause(about) }));
}

async function reopen(alarm) {
  const about = `${alarm.name || alarm.device}: ${alarmTitle(alarm, keepOut(alarm))}`;
  await act(alarm, "reopen", async () => ({ cause: await askWhy(about) }));
}

async function act(alarm, step, asked) {
  const who = await theName();
  if (!who) return;
  drawOperator();
  const said = await asked();
  if ("cause" in said && !said.cause) return;
  await post(`/api/alarms/${alarm.id}/${step}`, { who, ...said });
  fetchAlarms();
}

function keepOut(alarm) {
  const tracker = state.trackers.find((t) => t.device === alarm.device);
  return tracker?.fences.some((fence) => fence.number === alarm.fence_number && fence.keep === "out") ?? false;
}

// ---- wiring

function drawOperator() {
  say(byId("operator"), operator.name() ? `On duty: ${operator.name()}` : "Operator not named");
}

function mark(attribute, value) {
  document.body.dataset[attribute] = value;
  for (const button of document.querySelectorAll(`button[data-${attribute}]`)) {
    if (button.dataset[attribute] === value) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
}

function view(name) {
  mark("view", name);
  byId("watch").hidden = name !== "watch";
  byId("health").hidden = name !== "health";
  if (name === "health") fetchHealth();
}

function wire(page) {
  say(byId("gateway-name"), page.name.toLowerCase() === "trygg" ? "" : page.name);
  byId("logout").hidden = !page.password;
  byId("logout").addEventListener("click", () => post("/api/logout", {}).finally(() => location.replace("/login")));
  byId("operator").addEventListener("click", () => askName().then(drawOperator));
  byId("show-all").addEventListener("click", () => map.showAll());
  byId("all-tracks").addEventListener("change", fetchTrackers);
  for (const b of document.querySelectorAll("button[data-view]")) b.addEventListener("click", () => view(b.dataset.view));
  for (const b of document.querySelectorAll("button[data-pane]")) b.addEventListener("click", () => mark("pane", b.dataset.pane));
  soundButton(byId("sound"));
}

async function start() {
  drawOperator();
  mark("pane", "alarms");
  const page = await get("/api/session").catch(() => null);
  if (!page) {
    lost();
    return void setTimeout(start, 2000);
  }
  map = new WatchMap(page, choose);
  drawing = new Drawing(map.map, orderFences);
  wire(page);
  everySecond();
  setInterval(everySecond, 1000);
  setInterval(() => state.lost || changed(["trackers"]), REFRESH_MS);
  setInterval(() => state.lost || fetchHealth(), HEALTH_MS);
  fetchHealth();
  listen({ heard, changed, lost });
}

start();
