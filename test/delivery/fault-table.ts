/**
 * What happens when Apie answers so, or not at all: a row for each fault, with its outcome on each kind of call. The test beside
 * this file holds every cell; docs/delivery.md prints them.
 */
import type { ServerResponse } from "node:http";
import type { Behaviour, Reply } from "../support/recording-apie.ts";

export const CALLS = {
  events: /^\/v1\/events$/,
  run: /^\/v1\/runs$/,
  session: /^\/v1\/sessions$/,
  identify: /^\/v1\/agents\/identify$/,
} as const;

export type Call = keyof typeof CALLS;

/** Work that is done under each fault: a session that is opened and ended, and a run of its own, with this many events. */
export const EVENT_COUNT = 3;
/** The one that is bad, where one is. */
export const BAD_EVENT = "r/2";

/** What was counted; only what differs from all being well is named. */
export interface Counted {
  events?: { delivered?: number; rejected?: number };
  runs?: { opened?: number; completed?: number; rejected?: number };
  sessions?: { opened?: number; completed?: number; rejected?: number };
  reasons?: Record<string, number>;
}

export interface Outcome {
  /** As the cells of the page have it. */
  label: string;
  /** The whole of it. */
  words: string;
  /** While the fault lasts, what it hits is pending; otherwise it is settled all the same. */
  waits?: "tried again" | "held" | "held with all else" | "as long as asked";
  /** Openings are marked as possible duplicates when they are repeated. */
  marks?: boolean;
  /** In the end, with Apie well again and nothing new to send. */
  counted: (call: Call, status: string) => Counted;
}

const allIsWell = (): Counted => ({});

/** A run or a session that is never opened takes all that is in it along. */
function neverOpened(call: Call, reason: (what: string) => string): Counted {
  if (call === "session") {
    return { sessions: { opened: 0, completed: 0, rejected: 1 }, reasons: { [reason("session")]: 1 } };
  }
  return {
    events: { delivered: 0, rejected: EVENT_COUNT },
    runs: { opened: 0, completed: 0, rejected: 1 },
    reasons: { [reason("run")]: 1 + EVENT_COUNT },
  };
}

const badEvent = (reason: string): Counted => ({
  events: { delivered: EVENT_COUNT - 1, rejected: 1 },
  reasons: { [reason]: 1 },
});

export const OUTCOMES = {
  delivered: {
    label: "delivered",
    words: "Counted as `delivered` (or opened, registered); asked once.",
    counted: allIsWell,
  },
  again: {
    label: "sent again",
    words:
      "Stays `pending` and is sent again after a random time of up to 250 ms, 500 ms, 1 s, … 30 s (`retryBaseDelayMs`), and by each `flush()` up to `retryAttempts` times. After three failures in a row one request at a time probes, until Apie answers. No new traffic is needed.",
    waits: "tried again",
    counted: allIsWell,
  },
  marked: {
    label: "sent again, marked",
    words:
      "As *sent again*, but Apie may have done the work and takes no id of ours: before the call is repeated, Apie is seen to answer (`GET /health`); then it is counted in `possibleDuplicates`, and the run or session bears `possible_duplicate` in its metadata.",
    waits: "tried again",
    marks: true,
    counted: allIsWell,
  },
  asked: {
    label: "sent again, when asked for",
    words:
      "As *sent again*, but nothing at all is sent before the time Apie asked for has passed, at most 5 minutes; a `flush()` whose time is shorter says so at once.",
    waits: "as long as asked",
    counted: allIsWell,
  },
  held: {
    label: "held",
    words:
      "Stays `pending`. Calls of this kind wait, the others go on; it is asked again after 15 s, 30 s, … 5 minutes, and once by each `flush()`. `onError` is told once a minute, and `queueDiagnostics().heldBecause` says why. Goes on by itself once it is mended.",
    waits: "held",
    counted: allIsWell,
  },
  heldAll: {
    label: "all is held",
    words: "As *held*, for all calls: the key or the address is wrong.",
    waits: "held with all else",
    counted: allIsWell,
  },
  found: {
    label: "bad event rejected",
    words:
      "The batch is halved until the bad event stands alone. It is sent once more without payload and metadata; refused again, it is `rejected` (`rejected_422`, the number being the status), and `onDrop` gets it. All others are delivered.",
    counted: (_call, status) => badEvent(`rejected_${status}`),
  },
  named: {
    label: "named events rejected",
    words:
      "What the answer names as refused is `rejected` (`rejected_in_part`), and `onDrop` gets it with the reason Apie gave. All others are delivered, and not sent again.",
    counted: () => badEvent("rejected_in_part"),
  },
  unnamed: {
    label: "bad event found, and rejected",
    words:
      "The answer says how many were not taken, and not which: the batch is halved and sent again, harmlessly, since each event keeps its id, until the one is found. It is `rejected` (`rejected_in_part`).",
    counted: () => badEvent("rejected_in_part"),
  },
  one: {
    label: "one event sent again",
    words: "What the answer says may be taken later is *sent again*, alone.",
    waits: "tried again",
    counted: allIsWell,
  },
  refused: {
    label: "refused",
    words:
      "The run or session is asked for once more, with nothing but what is required. Refused again, it is `rejected` (`run_not_opened_422`, `session_not_opened_422`); so are the events of the run, with the same reason.",
    counted: (call, status) => neverOpened(call, (what) => `${what}_not_opened_${status}`),
  },
  withoutId: {
    label: "three times",
    words:
      "An answer without an id: the run or session is asked for again, marked as a possible duplicate. After three such answers it is `rejected` with its events (`answer_without_id`).",
    marks: true,
    counted: (call) => neverOpened(call, () => "answer_without_id"),
  },
  withoutAgent: {
    label: "goes on",
    words:
      "Told to `onError`. Everything else goes on, without Apie's ids of the agent; its key is on each event.",
    counted: allIsWell,
  },
} as const satisfies Record<string, Outcome>;

export type OutcomeName = keyof typeof OUTCOMES;

export interface Fault {
  name: string;
  /** As reasons have it. */
  status?: string;
  /** @param ids of the events in the request. @returns `undefined` where this request is answered as ever. */
  answer: (ids: readonly string[], call: Call) => Behaviour | undefined;
  /** No answer is missing here but that to calls for which the fault makes no sense. */
  cells: Partial<Record<Call, OutcomeName>>;
}

const everywhere = (name: OutcomeName): Fault["cells"] => ({
  events: name,
  run: name,
  session: name,
  identify: name,
});

const reply = (status: number, more: Reply = {}): (() => Reply) => {
  const isSuccess = status < 300;
  return () => ({ status, ...(isSuccess ? {} : { body: { error: { message: "not now" } } }), ...more });
};

/** Refuses what holds the bad event; other calls whatever they say. */
const refusing =
  (given: Reply) =>
  (ids: readonly string[], call: Call): Reply | undefined =>
    call !== "events" || ids.includes(BAD_EVENT) ? given : undefined;

/** Writes a byte now and then, for ever. */
function trickle(response: ServerResponse, write: () => void): void {
  const goOn = (): void => {
    if (response.destroyed) return;
    write();
    setTimeout(goOn, 100);
  };
  goOn();
}

/** A body that is cut, or never ends, after its head has promised more. */
const broken = (status: number, trickles: boolean) => (): Behaviour => (response, request) => {
  request.status = status;
  response.writeHead(status, { "content-type": "application/json", "content-length": "100000" });
  if (trickles) trickle(response, () => response.write(" "));
  else response.write('{"id":"ru', () => response.destroy());
};

/** Not even the head of the answer comes whole. */
const tricklingHead: Behaviour = (response) => {
  response.socket?.write("HTTP/1.1 200 OK\r\nx-slow: ");
  trickle(response, () => response.socket?.write("."));
};

const HEADERS = { "content-type": "text/html" };
const unreadable: Fault["cells"] = {
  events: "delivered",
  run: "withoutId",
  session: "withoutId",
  identify: "delivered",
};
const refusedForContent: Fault["cells"] = {
  events: "found",
  run: "refused",
  session: "refused",
  identify: "withoutAgent",
};
const heldAlone: Fault["cells"] = { events: "held", run: "held", session: "held", identify: "heldAll" };
const maybeDone: Fault["cells"] = { events: "again", run: "marked", session: "marked", identify: "again" };

/** Time a server asks for, ms. */
export const ASKED_MS = 20_000;

export const FAULTS: readonly Fault[] = [
  {
    name: "200 with `warnings`",
    answer: reply(200, { body: { id: "id_1", agent_id: "agt_1", warnings: ["undeclared tool"] } }),
    cells: everywhere("delivered"),
  },
  {
    name: "200, `rejected: [{ event_id, reason }]`",
    answer: (ids) => ({
      body: {
        accepted: ids.length - 1,
        rejected: ids.includes(BAD_EVENT) ? [{ event_id: BAD_EVENT, reason: "no such tool" }] : [],
      },
    }),
    cells: { events: "named" },
  },
  {
    name: "207, `errors: [{ index, message }]`",
    answer: (ids) => ({
      status: 207,
      body: { errors: [{ index: ids.indexOf(BAD_EVENT), message: "too old" }] },
    }),
    cells: { events: "named" },
  },
  {
    name: "207, `results: [{ status }]`, one of them 422",
    answer: (ids) => ({
      status: 207,
      body: { results: ids.map((id) => ({ status: id === BAD_EVENT ? 422 : 201 })) },
    }),
    cells: { events: "named" },
  },
  {
    name: "207, `results: [{ status }]`, one of them 503",
    status: "503",
    answer: (ids) => ({
      status: 207,
      body: { results: ids.map((id) => ({ status: id === BAD_EVENT ? 503 : 201 })) },
    }),
    cells: { events: "one" },
  },
  {
    name: "200, `accepted` less than was sent",
    answer: (ids) => ({ body: { accepted: ids.filter((id) => id !== BAD_EVENT).length } }),
    cells: { events: "unnamed" },
  },
  {
    name: "207 whose body cannot be read",
    answer: broken(207, false),
    cells: { events: "again" },
  },
  {
    name: "200, `{ error }` and nothing else",
    status: "200",
    answer: refusing({ status: 200, body: { error: { message: "bad" } } }),
    cells: refusedForContent,
  },
  { name: "204, no body", answer: reply(204, { text: "" }), cells: unreadable },
  {
    name: "200, no JSON",
    answer: reply(200, { headers: { "content-type": "text/plain" }, text: "accepted" }),
    cells: unreadable,
  },
  { name: "200, body cut short", answer: broken(200, false), cells: unreadable },
  { name: "200, body trickles past the timeout", answer: broken(200, true), cells: unreadable },
  {
    name: "200, a web page",
    answer: reply(200, { headers: HEADERS, text: "<!doctype html><p>Welcome" }),
    cells: everywhere("heldAll"),
  },
  {
    name: "301, 307, 308: a redirect",
    answer: reply(308, { headers: { location: "https://elsewhere.example/" } }),
    cells: everywhere("heldAll"),
  },
  ...[400, 413, 422].map((status) => ({
    name: String(status),
    status: String(status),
    answer: refusing({ status, body: { error: { message: "bad" } } }),
    cells: refusedForContent,
  })),
  { name: "401", answer: reply(401), cells: everywhere("heldAll") },
  ...[402, 403, 404, 405].map((status) => ({
    name: String(status),
    answer: reply(status),
    cells: heldAlone,
  })),
  { name: "408", answer: reply(408), cells: maybeDone },
  { name: "409", answer: reply(409), cells: everywhere("again") },
  { name: "429", answer: reply(429), cells: everywhere("again") },
  {
    name: "429, `Retry-After` in seconds",
    answer: reply(429, { headers: { "retry-after": String(ASKED_MS / 1_000) } }),
    cells: everywhere("asked"),
  },
  {
    name: "429, `Retry-After` as a date",
    answer: () => {
      const date = new Date(Date.now() + ASKED_MS + 1_000).toUTCString();
      return reply(429, { headers: { "retry-after": date } })();
    },
    cells: everywhere("asked"),
  },
  { name: "500", answer: reply(500), cells: maybeDone },
  {
    name: "502 with a web page",
    answer: reply(502, { headers: HEADERS, text: "<html>Bad gateway" }),
    cells: maybeDone,
  },
  { name: "503", answer: reply(503), cells: everywhere("again") },
  { name: "504", answer: reply(504), cells: maybeDone },
  { name: "the connection is reset", answer: () => "reset", cells: maybeDone },
  { name: "no answer within `timeout`", answer: () => "hang", cells: maybeDone },
  { name: "an answer that trickles past `timeout`", answer: () => tricklingHead, cells: maybeDone },
];

/** Faults that hit all calls alike, and before they are sent. */
export const UNREACHABLE = {
  refused: "the connection is refused",
  dns: "the name cannot be resolved",
} as const;
