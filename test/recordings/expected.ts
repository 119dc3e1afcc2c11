/** What truly happened in a recording, as its `*.expected.json` states it. */

/** Values that are equally right. */
export type OneOf<T> = T | { oneOf: T[] };

export interface Counts {
  called: number;
  completed: number;
  failed: number;
}

export interface Tokens {
  input: number;
  output?: number;
}

export interface ExpectedRun {
  /** A name that must be found on the run; `null` when the spans give none; a list names those that are equally right. */
  agent: string | string[] | null;
  status: string | string[];
  /** Place of the parent among the runs. */
  parent?: number | number[];
  session?: string;
}

export interface ExpectedTool {
  name: string;
  aka?: string[];
  status: "completed" | "failed";
  times: number | number[];
  /** Whose run it belongs to, where agents are runs of their own. */
  agent?: string;
  optional?: boolean;
}

export interface ExpectedHandoff {
  from?: string;
  to?: string;
  times?: number;
  optional?: boolean;
}

export interface ExpectedGuardrail {
  name: string;
  policy?: string;
  optional?: boolean;
}

export interface ExpectedMcp {
  calls: { tool: string; status: "completed" | "failed" }[];
  lists: number;
}

export interface Facts {
  runs?: ExpectedRun[];
  extraRuns?: number;
  sessionIds?: string[];
  llm?: OneOf<Counts>;
  usage?: OneOf<Tokens> | null;
  tools?: ExpectedTool[];
  mcp?: ExpectedMcp;
  handoffs?: ExpectedHandoff[];
  guardrails?: ExpectedGuardrail[];
}

interface Alternatives {
  /** Each overrides the fields it names; one must hold as a whole. */
  oneOf?: Facts[] | null;
}

/** What was read: callbacks of a processor in the process, or spans that had ended. */
export type Feed = "live" | "otlp";

export interface Expected extends Facts, Alternatives {
  /** Words of prompts and answers. */
  content: string[];
  /** Which views were recorded. */
  feeds: Record<Feed, boolean>;
  live?: Facts & Alternatives;
  otlp?: Facts & Alternatives;
}

/** The alternatives that are right for this feed, each whole. */
export function alternativesOf(expected: Expected, feed: Feed): Facts[] {
  const { oneOf, ...facts } = { ...expected, ...expected[feed] };
  return (oneOf ?? [{}]).map((alternative) => ({ ...facts, ...alternative }));
}

export const valuesOf = <T extends object>(value: OneOf<T>): T[] =>
  "oneOf" in value ? value.oneOf : [value];

export const listOf = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);
