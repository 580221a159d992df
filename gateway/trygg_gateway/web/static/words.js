// The console's words: what a state is called, how a time, an age or a distance is said.
// Pure: values in, text out.

export const STATUS = {
  alarm: "Alarm",
  silent: "Silent",
  late: "Late",
  low_battery: "Low battery",
  fine: "Fine",
  waiting: "Not heard yet",
};

export const FENCE = {
  inside: "Inside",
  near: "Near the boundary",
  outside: "Outside",
  cannot_tell: "Cannot tell if inside",
  unknown: "Not known if inside",
};

export const CAUSES = ["False alarm", "Fetched home", "Came back alone", "Test", "Other"];

const WHAT = {
  left: (fence) => `Left ${fence}`,
  entered: (fence) => `Went into ${fence}`,
  back: (fence) => `Back inside ${fence}`,
  came_out: (fence) => `Came out of ${fence}`,
  sos: () => "Called for help",
  battery_low: () => "Battery low",
  cannot_tell: (fence) => `Cannot tell if inside ${fence}`,
  silent: () => "Silent: no report as promised",
  test: () => "Test alarm",
  off_charger: () => "Off the charger too early",
  taken_off: () => "Tracker taken off",
  flat_early: () => "Battery will not last until it is charged",
  weak_link: () => "Gets through badly",
  restarting: () => "Starts again and again",
  clock_wrong: () => "Its clock is wrong",
  fence_not_armed: () => "Ordered fences do not guard yet",
  sink_behind: () => "A receiver does not confirm",
  alarm_unconfirmed: () => "No receiver has confirmed an alarm",
  slow_disk: () => "The disk is slow",
  disk_filling: () => "The disk is filling up",
  clock_jumped: () => "The clock jumped",
  reader_behind: () => "Records are read late",
  deaf: () => "Trackers cannot be heard",
  journal_mended: () => "The journal was damaged or restored",
  journal_full: () => "The disk has little room for records",
  journal_unchecked: () => "The journal was not looked at whole",
  forgotten: () => "Somebody's whereabouts were deleted",
};

const REASON = {
  crossed: "two of the last three positions lay beyond the boundary",
  boot: "found there when the tracker started",
  near_too_long: "near the boundary for too long",
  no_fix_too_long: "no position for too long",
  button: "the wearer pressed the button",
  level: "the battery fell under its limit",
  ordered: "asked for by an operator",
  began: "already outside when the fence came into force",
  sensor: "the tracker felt that it is not worn",
  not_watched: "the tracker does not look at its fences: it restarts again and again there",
};

// what a line of a timeline says; `who` is a person, a sink, a tracker or the gateway
const EVENT = {
  outside: () => "First position outside",
  raised: (who) => (who === "gateway" ? "Raised by the gateway" : "Raised by the tracker"),
  stored: () => "Stored by the gateway",
  delivered: (who) => `Delivered to ${who}`,
  accepted: (who) => `Taken on by ${who}, which does not say that it keeps it`,
  back: () => "Came back",
  taken: (who) => `Taken by ${who}`,
  told: () => "The tracker answered",
  on_the_way: (who) => `${who} is on the way`,
  at_the_person: (who) => `${who} is at the person`,
  passed_on: (who) => `Passed on by ${who}`,
  reopened: (who) => `Opened again by ${who}`,
  called: (who) => `Called ${who}`,
  call_delivered: (who) => `Call delivered by ${who}`,
  call_accepted: (who) => `Call taken on by ${who}, no more is known`,
  channel: (who) => `Also sent to ${who}`,
  refused: (who) => `Refused by ${who}`,
  over: () => "Over",
  closed: (who) => `Closed by ${who}`,
};

// where an open alarm stands, for its chip
export const STATE = { raised: "Not taken", taken: "Taken", on_the_way: "On the way", at_the_person: "At the person", closed: "Closed" };

/** A name of the code as words: `low_battery` is `low battery`. */
const plain = (text) => String(text ?? "").toLowerCase().replaceAll("_", " ");
const key = (text) => String(text ?? "").toLowerCase();
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** What the alarm says, in words; `keepOut` turns leaving into going in. */
export function alarmTitle(alarm, keepOut) {
  const what = key(alarm.what);
  const turned = keepOut ? { left: "entered", back: "came_out" }[what] ?? what : what;
  const fence = alarm.fence_name || (alarm.fence_number ? `fence ${alarm.fence_number}` : "the area");
  return WHAT[turned]?.(fence) ?? capital(plain(what));
}

/** Why, in words: the tracker's reason, or what the gateway itself has noticed. */
export const alarmReason = (alarm) => capital(alarm.text || (REASON[key(alarm.reason)] ?? plain(alarm.reason)));

/** Whether a person must come; a warning can wait. */
export const isAlarm = (alarm) => !alarm.form || alarm.form === "alarm";

/** One line of a timeline in words, without its time. */
export function eventWords({ event, who, text }) {
  const what = EVENT[key(event)]?.(who) ?? [capital(plain(event)), who].filter(Boolean).join(", ");
  return text ? `${what}: ${text}` : what;
}

/** Whether what a tracker said last may no longer be so: it has not reported as it promised. */
export const isStale = (t) => t.status === "silent" || t.status === "late";

/** Where the tracker is to its fences, never said as of now when it was not said now. */
export function fenceWords(t) {
  const word = fenceWord(t.fence_state) + (t.position_withheld ? ", position not shared" : "");
  return isStale(t) && t.fence_state !== "unknown" ? `Last known: ${word.charAt(0).toLowerCase()}${word.slice(1)}` : word;
}

export const statusWord = (status) => STATUS[status] ?? capital(plain(status));
const fenceWord = (state) => FENCE[state] ?? capital(plain(state));

/** A length of time: `12 s`, `4 min`, `3 h 5 min`, `6 days`. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 100) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} days`;
}

/** A length of time that is promised not to be passed, so it is never rounded down: `100 s`, `4 min`. */
export const atMost = (seconds) => (seconds <= 180 ? `${Math.ceil(seconds)} s` : duration(Math.ceil(seconds / 60) * 60));

const two = (n) => String(n).padStart(2, "0");

/** `01:12:44`, with the date before it when it is not today. */
export function clock(unixS, nowS) {
  const t = new Date(unixS * 1000);
  const time = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
  if (t.toDateString() === new Date(nowS * 1000).toDateString()) return time;
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${time}`;
}

/** `± 8 m`; under ten metres half metres count as one. */
export function accuracy(metres) {
  return `± ${metres < 1000 ? `${Math.ceil(metres)} m` : `${(metres / 1000).toFixed(1)} km`}`;
}

/** `59.91273 N, 10.74609 E`: five decimals are about a metre. */
export function coordinates(lat, lon) {
  const north = `${Math.abs(lat).toFixed(5)} ${lat < 0 ? "S" : "N"}`;
  return `${north}, ${Math.abs(lon).toFixed(5)} ${lon < 0 ? "W" : "E"}`;
}

/** Bars 0..4 for a signal in dBm, null when unknown. */
export function bars(dbm) {
  if (dbm === null || dbm === undefined) return null;
  return [-107, -97, -87, -77].filter((limit) => dbm >= limit).length;
}
