/** A lane as a row of the queue file, and back. */
import { createHash } from "node:crypto";
import type { CompleteBody, RunBody, SessionBody } from "../../apie-api/index.ts";
import { Lane } from "../lane.ts";
import type { Slot } from "./slot.ts";
import { HOLDS_SESSION, LANE_STATES, type LaneRow, type LaneRowState } from "./store.ts";
import { rowBytes } from "./stored-items.ts";

/** `holdsSession` is asked for by its value, too. */
const FLAGS = {
  possibleDuplicate: 1,
  bare: 2,
  withoutParent: 4,
  outsideSession: 8,
  holdsSession: HOLDS_SESSION,
  keepsId: 32,
  isShared: 64,
} as const;
const FLAG_NAMES = Object.keys(FLAGS) as (keyof typeof FLAGS)[];

/** An application's own conversation id may say anything: it is found again by this, and shown redacted. */
export const hashOf = (key: string): string => createHash("sha256").update(key).digest("base64url");

export function rowOf(slot: Slot, shownKey: string): LaneRow {
  const { lane } = slot;
  const { opening, completion, completed } = lane;
  const parent = opening.kind === "run" ? opening.parent : undefined;
  const state = stateOf(lane);
  const isToOpen = slot.openedHere && state !== LANE_STATES.open && opening.kind !== "none";
  // Not before all that comes before it is: the end of half a run would say it was whole.
  const isComplete = completion !== undefined && !completed && slot.queue.isWritten;
  const texts = {
    opening: isToOpen ? jsonOf(opening.body) : null,
    completion: isComplete ? jsonOf(completion) : null,
    lost: lane.lost === undefined ? null : jsonOf(Object.fromEntries(lane.lost)),
  };
  return {
    id: slot.id,
    kind: opening.kind,
    key: shownKey,
    keyHash: slot.keyHash,
    agentKey: slot.agentKey,
    openedHere: slot.openedHere,
    state,
    apieId: lane.id ?? null,
    session: slot.rowOf(lane.session),
    sessionId: lane.session?.id ?? null,
    parent: slot.rowOf(parent),
    parentId: parent?.id ?? null,
    flags: FLAG_NAMES.reduce((flags, name) => flags | (lane[name] ? FLAGS[name] : 0), 0),
    ...texts,
    // A session that other instances may be in as well does not end with this one.
    orphanStatus: lane.isShared ? null : (lane.orphanStatus ?? null),
    openedAt: slot.openedAt,
    completedAt: slot.completedAt ?? null,
    seenAt: slot.seenAt,
    bytes: rowBytes(shownKey, texts.opening, texts.completion, texts.lost),
  };
}

/** What a row refers to, as far as it is still there. */
export interface References {
  session: Lane | undefined;
  parent: Lane | undefined;
  ownAgent: boolean;
}

/** @throws {SyntaxError} when the row is damaged. */
export function laneOf(row: LaneRow, { session, parent, ownAgent }: References): Lane {
  const body: object = row.opening === null ? {} : JSON.parse(row.opening);
  const lane = new Lane(row.key, openingOf(row, body, session, parent), {
    ownAgent,
    session,
    knownId: row.apieId ?? undefined,
    orphanStatus: row.orphanStatus ?? undefined,
  });
  for (const name of FLAG_NAMES) lane[name] = (row.flags & FLAGS[name]) !== 0;
  lane.unanswered = row.state === LANE_STATES.asked;
  if (row.completion !== null) lane.completion = JSON.parse(row.completion) as CompleteBody;
  if (row.lost !== null) lane.lost = new Map(Object.entries(JSON.parse(row.lost) as Record<string, number>));
  return lane;
}

/** The lane of what Apie knows and the file has no row of any more. */
export const knownSession = (apieId: string): Lane =>
  new Lane(apieId, { kind: "session", body: {} }, { ownAgent: false, knownId: apieId });

function openingOf(row: LaneRow, body: object, session: Lane | undefined, parent: Lane | undefined) {
  if (row.kind === "none") return { kind: "none" } as const;
  if (row.kind === "session") return { kind: "session", body: body as SessionBody } as const;
  const runBody: RunBody = body;
  if (parent === undefined && row.parentId !== null) runBody.parent_run_id = row.parentId;
  return { kind: "run", body: runBody, session, parent } as const;
}

/** An opening under way, or one without an answer, may have been done: it is not known. */
function stateOf(lane: Lane): LaneRowState {
  if (lane.state === "open") return LANE_STATES.open;
  return lane.state === "opening" || lane.unanswered ? LANE_STATES.asked : LANE_STATES.pending;
}

/** Bodies are plain data; what a hook of the user's made unwritable is left out, as it is when it is sent. */
function jsonOf(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return "{}";
  }
}
