/**
 * What must hold for a run of ag.dev to be read (API v0.1 and v0.2-preview). Only what is read is looked at; what is not known is
 * let through.
 */
import { z } from "zod";
import { timeOf } from "./times.ts";

const maybeText = z.string("expected text").nullish();
const members = z.record(z.string(), z.unknown(), "expected an object");

const time = z
  .string("expected an ISO 8601 time")
  .nullish()
  .refine(
    (value) => value === null || value === undefined || value === "" || timeOf(value) !== undefined,
    "expected an ISO 8601 time",
  );

const idOf = (what: string) =>
  z.string(`expected the ${what}'s id, as text`).min(1, `expected the ${what}'s id`);

export const runSchema = z.looseObject(
  {
    id: idOf("run"),
    agentId: maybeText,
    status: z.string("expected the run's status, as text"),
    createdAt: time,
    updatedAt: time,
    completedAt: time,
    error: members.nullish(),
    resultType: maybeText,
    revisionId: maybeText,
    agentRevisionId: maybeText,
  },
  "expected a run, an object",
);

export const eventSchema = z.looseObject(
  {
    id: maybeText,
    runId: maybeText,
    type: z.string("expected the event's type, as text").min(1, "expected the event's type"),
    startedAt: time,
    finishedAt: time,
    timestamp: time,
  },
  "expected an event, an object",
);

const said = z.looseObject({ content: maybeText }, "expected an object").nullish();

/** `data` of the types that are read; any other may be anything. */
export const DATA_SCHEMAS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  ["planning", said],
  ["reasoning", said],
  ["narration", said],
  ["tool_call", z.looseObject({ id: maybeText, name: maybeText }, "expected a tool call, an object")],
]);

const tools = z.array(
  z.looseObject(
    {
      source: maybeText,
      type: maybeText,
      serverId: maybeText,
      enabledTools: z.array(z.string("expected a tool's name, as text"), "expected a list").nullish(),
    },
    "expected a tool, an object",
  ),
  "expected a list",
);

const config = z.looseObject({ modelStackId: maybeText, tools: tools.nullish() }, "expected an object");

export const revisionSchema = z.looseObject(
  {
    id: maybeText,
    isPublished: z.boolean("expected true or false").nullish(),
    config: config.nullish(),
  },
  "expected a revision, an object",
);

export const agentSchema = z.looseObject(
  {
    id: maybeText,
    name: maybeText,
    metadata: z.looseObject({ name: maybeText }, "expected an object").nullish(),
    config: config.nullish(),
    tools: tools.nullish(),
  },
  "expected an agent, an object",
);
