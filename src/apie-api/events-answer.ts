/**
 * What an answer to a batch says of each of its events. Apie documents nothing of batches that are taken in part, so all the
 * ways in which services tell of it are understood: lists of what was refused, results one by one, and mere counts. What an
 * answer says was not taken never counts as delivered.
 */
import { isRetryableStatus, lineOf } from "./answer.ts";
import { type Fields, fieldsOf, textOf, textsOf } from "./fields.ts";
import type { EventsAnswer, EventVerdict } from "./wire.ts";

/** Members that list what was refused: places, ids, or objects that name one of them and say why. */
const REFUSALS = ["errors", "rejected", "failed", "failures"];
/** Members that tell of every event by itself. */
const RESULTS = ["results", "items", "events"];
/** Counts of events that are there; what is there twice was delivered as well. */
const TAKEN_COUNTS = ["accepted", "duplicates", "deduplicated", "queued"];
const REFUSED_COUNTS = ["rejected", "failed", "rejected_count", "failed_count"];

const WORDS: ReadonlyMap<string, EventVerdict["outcome"]> = new Map([
  ...words(
    "taken",
    "accepted ok success succeeded created stored queued delivered duplicate deduplicated valid",
  ),
  ...words("refused", "rejected refused failed failure error invalid dropped"),
  ...words("again", "retry throttled rate_limited unavailable"),
]);

function words(outcome: EventVerdict["outcome"], list: string): [string, EventVerdict["outcome"]][] {
  return list.split(" ").map((word) => [word, outcome]);
}

const TAKEN: EventVerdict = { outcome: "taken" };

/** @param eventIds of the events sent, in their order; `undefined` for one that has none. @param shown what may be shown of the server's words. */
export function readEventsAnswer(
  body: unknown,
  eventIds: readonly (string | undefined)[],
  shown: (said: string) => string = (said) => said,
): EventsAnswer {
  const fields = fieldsOf(body);
  const verdicts = new Array<EventVerdict | undefined>(eventIds.length).fill(undefined);
  // Few answers name events by their ids.
  let places: ReadonlyMap<unknown, number> | undefined;
  const placeById = (id: string): number | undefined => {
    places ??= new Map(eventIds.map((known, index) => [known, index]));
    return places.get(id);
  };
  const placeOf = (item: unknown): number | undefined => {
    const { index, event_id, eventId, id } = fieldsOf(item);
    const named = [item, event_id, eventId, id].map((name) =>
      typeof name === "string" ? placeById(name) : undefined,
    );
    const place = named.find((found) => found !== undefined) ?? (typeof item === "number" ? item : index);
    return typeof place === "number" && place in verdicts ? place : undefined;
  };

  for (const list of [...RESULTS.map((name) => fields[name]), body]) {
    if (!Array.isArray(list)) continue;
    list.forEach((item: unknown, index) => {
      const place = placeOf(item) ?? (list.length === verdicts.length ? index : undefined);
      const verdict = verdictOf(item);
      if (place !== undefined && verdict !== undefined) verdicts[place] = verdict;
    });
  }
  let unplaced = 0;
  for (const item of REFUSALS.flatMap((name) => (Array.isArray(fields[name]) ? fields[name] : []))) {
    const place = placeOf(item);
    if (place !== undefined) verdicts[place] = verdictOf(item) ?? refused(item);
    else if (item !== null) unplaced += 1;
  }
  if (Array.isArray(fields.accepted)) {
    for (const place of fields.accepted.map(placeOf)) if (place !== undefined) verdicts[place] ??= TAKEN;
  }
  const events = withCounts(verdicts, fields, unplaced).map(({ message, ...verdict }) =>
    message === undefined ? verdict : { ...verdict, message: lineOf(shown(message)) },
  );
  return { warnings: textsOf(fields.warnings), events };
}

/** Events nothing was said of are taken, unless the counts say that not all of them were. */
function withCounts(
  verdicts: readonly (EventVerdict | undefined)[],
  fields: Fields,
  unplaced: number,
): EventVerdict[] {
  const silent = verdicts.filter((verdict) => verdict === undefined).length;
  const told = verdicts.filter((verdict) => verdict !== undefined && verdict.outcome !== "taken").length;
  const taken = sumOf(TAKEN_COUNTS, fields);
  const refusedCount = sumOf(REFUSED_COUNTS, fields);
  let missing = unplaced;
  if (Array.isArray(fields.accepted)) missing = silent;
  else if (typeof fields.accepted === "number") missing = verdicts.length - told - (taken ?? 0);
  else if (refusedCount !== undefined) missing = refusedCount - told;
  if (missing <= 0) return verdicts.map((verdict) => verdict ?? TAKEN);
  const message = `${missing} of ${verdicts.length} events not taken, with no word which`;
  const other: EventVerdict =
    missing < silent
      ? { outcome: "unknown", message }
      : { outcome: "refused", message: "not taken, with no word why" };
  return verdicts.map((verdict) => verdict ?? other);
}

function sumOf(names: readonly string[], fields: Fields): number | undefined {
  const counts = names.map((name) => fields[name]).filter((count) => typeof count === "number");
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}

/** What is said of one event; `undefined` where it is nothing that is understood. */
function verdictOf(item: unknown): EventVerdict | undefined {
  const fields = fieldsOf(item);
  // The event itself, repeated: an error in it is one it tells of.
  if (fields.agent_key !== undefined) return undefined;
  const status = [fields.status, fields.status_code, fields.statusCode, fields.code].find(
    (value) => typeof value === "number",
  );
  const outcome = outcomeOf(fields, status);
  if (outcome === undefined) return undefined;
  if (outcome === "taken") return TAKEN;
  return { ...refused(item), outcome, ...(status === undefined ? {} : { status }) };
}

function outcomeOf(fields: Fields, status: number | undefined): EventVerdict["outcome"] | undefined {
  if (status !== undefined) {
    // 409: it is there already.
    if ((status >= 200 && status < 300) || status === 409) return "taken";
    return isRetryableStatus(status) ? "again" : "refused";
  }
  for (const said of [fields.status, fields.outcome, fields.result, fields.code]) {
    const outcome = typeof said === "string" ? WORDS.get(said.toLowerCase()) : undefined;
    if (outcome !== undefined) return outcome;
  }
  for (const flag of [fields.success, fields.ok, fields.accepted]) {
    if (typeof flag === "boolean") return flag ? "taken" : "refused";
  }
  return reasonOf(fields) === undefined ? undefined : "refused";
}

function refused(item: unknown): EventVerdict {
  const fields = fieldsOf(item);
  const message =
    textOf(fields.message) ?? textOf(fields.reason) ?? reasonOf(fields) ?? textOf(fields.detail);
  return { outcome: "refused", message: message ?? "refused" };
}

const reasonOf = ({ error }: Fields): string | undefined => textOf(error) ?? textOf(fieldsOf(error).message);
