// The list of trackers, worst first: one card each, more of it when chosen.

import { count } from "./ages.js";
import { byId, el, fit, say, sayOrHide } from "./dom.js";
import { nowS } from "./gateway.js";
import { batteryIcon, icon, signalIcon } from "./icons.js";
import { accuracy, atMost, bars, capital, clock, fenceWords, statusWord } from "./words.js";

const CALM = ["fine", "waiting"];
const parts = new WeakMap();

/** Draw the list. `chosen` is a device or null; `choose(device)` and `fence(device)` are called on clicks. */
export function showTrackers(trackers, chosen, choose, fence) {
  fit(byId("tracker-list"), trackers, (t) => t.device, (t) => card(t, choose, fence), (node, t) => show(node, t, chosen));
  byId("no-trackers").hidden = trackers.length > 0;
  say(byId("tally"), tally(trackers));
}

function tally(trackers) {
  const worrying = trackers.filter((t) => !CALM.includes(t.status)).length;
  if (trackers.length === 0) return "";
  return worrying ? `${worrying} of ${trackers.length} need${worrying === 1 ? "s" : ""} attention` : `all ${trackers.length} well`;
}

function card(tracker, choose, fence) {
  const p = {
    icon: el("span", { class: "status-icon" }),
    word: el("span", { class: "status-word" }),
    name: el("span", { class: "name" }),
    text: el("p", { class: "status-text" }),
    contact: el("span"),
    overdue: el("span", { class: "overdue" }),
    battery: el("span", { class: "figure battery" }),
    signal: el("span", { class: "figure signal" }),
    fence: el("span", { class: "fence-word" }),
    bound: el("p", { class: "bound" }),
    more: el("dl", { class: "more" }),
    draw: el("button", { type: "button", class: "quiet draw-fences", onclick: () => fence(tracker.device) }, "Draw fences"),
  };
  const pick = el("button", { type: "button", class: "pick", onclick: () => choose(tracker.device) },
    el("span", { class: "status" }, p.icon, p.word), p.name);
  p.pick = pick;
  const node = el("li", { class: "card tracker", data: { device: tracker.device } },
    el("h3", {}, pick), p.text,
    el("p", { class: "line" }, el("span", { class: "contact-age" }, "Last contact ", p.contact, p.overdue), p.fence),
    el("p", { class: "line figures" }, p.battery, p.signal, p.bound),
    p.more, p.draw);
  parts.set(node, p);
  return node;
}

function show(node, t, chosen) {
  const p = parts.get(node);
  const open = t.device === chosen;
  if (node.dataset.status !== t.status) p.icon.replaceChildren(icon(t.status));
  node.dataset.status = t.status;
  node.dataset.fence = t.fence_state;
  p.pick.setAttribute("aria-expanded", String(open));
  say(p.word, statusWord(t.status));
  say(p.name, t.name || t.device);
  sayOrHide(p.text, t.status === "fine" ? "" : capital(t.status_text));
  showContact(p, t);
  showFigures(p, t);
  say(p.fence, fenceWords(t));
  say(p.bound, boundWords(t));
  p.more.hidden = p.draw.hidden = !open;
  if (open) showMore(p.more, t);
}

function showContact(p, t) {
  if (t.last_contact_s) count(p.contact, t.last_contact_s, "ago");
  else { count(p.contact, null); say(p.contact, "never"); }
  const overdue = t.next_report_by_s && nowS() > t.next_report_by_s;
  p.overdue.hidden = !overdue;
  count(p.overdue, overdue ? t.next_report_by_s : null, "late");
}

function showFigures(p, t) {
  const percent = t.battery_percent ?? null;
  const drawn = `${percent} ${t.charging} ${t.signal_dbm}`;
  if (p.drawn === drawn) return;
  p.drawn = drawn;
  p.battery.replaceChildren(batteryIcon(percent), percent === null ? "battery ?" : `${percent} %`);
  if (t.charging) p.battery.append(icon("charging"), el("span", { class: "unseen" }, " charging"));
  p.battery.title = t.charging ? "Charging" : "On battery";
  p.battery.dataset.low = String(percent !== null && percent <= 20);
  const lit = bars(t.signal_dbm);
  p.signal.replaceChildren(signalIcon(lit ?? 0), el("span", { class: "unseen" }, lit === null ? "signal unknown" : `signal ${lit} of 4 bars`));
  p.signal.title = lit === null ? "Signal: not known" : `Signal ${t.signal_dbm} dBm`;
}

/** The tracker's own promise: the longest time from crossing to alarm. */
function boundWords(t) {
  if (t.status === "silent") return "No alarm time while it is silent";
  return t.bound_s ? `Alarm within ${atMost(t.bound_s)} of crossing` : "No alarm time can be stated";
}

function showMore(list, t) {
  const rows = [["Tracker", `${t.device} in ${t.group}`]];
  if (t.next_report_by_s) rows.push(["Next report by", clock(t.next_report_by_s, nowS())]);
  if (t.silent_at_s) rows.push(["Silent from", clock(t.silent_at_s, nowS())]);
  if (t.battery_mv) rows.push(["Battery", batteryLine(t)]);
  if (t.position_withheld) rows.push(["Position", "not shared while inside"]);
  else if (!t.position) rows.push(["Position", "none yet"]);
  else rows.push(["Position", `${accuracy(t.position.accuracy_m)} at ${clock(t.position.time_s, nowS())}`]);
  for (const fence of t.fences) rows.push([fence.keep === "out" ? "Keep out of" : "Keep in", fenceLine(fence)]);
  list.replaceChildren(...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function batteryLine(t) {
  const left = t.charging || (t.hours_left ?? null) === null ? "" : `, about ${t.hours_left} h left`;
  return `${(t.battery_mv / 1000).toFixed(2)} V${left}`;
}

function fenceLine(fence) {
  const size = fence.shape === "circle" ? `circle of ${Math.round(fence.radius_m)} m` : "polygon";
  return `${fence.name || `fence ${fence.number}`}, ${size}${fence.private ? ", position not shared inside" : ""}`;
}
