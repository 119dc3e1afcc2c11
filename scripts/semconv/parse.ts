import { type Document, isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { Problem } from "./problem.ts";
import type { SourceFile } from "./sources.ts";

type FieldPath = readonly PropertyKey[];

/** A file that has the right shape. */
export interface ParsedFile<T> {
  path: string;
  /** First line of the comment at the top. */
  title: string;
  /** The rest of that comment, as one paragraph. */
  intro: string;
  value: T;
  /** Line of a field, from 1; of its nearest parent where the field is not there. */
  lineOf(fieldPath: FieldPath): number | undefined;
}

/** What to write in a field, for the fields people get wrong. */
const FIELD_FIXES: Readonly<Record<string, string>> = {
  brief: "say in one sentence what it means",
  stability: "write development, alpha, beta, release_candidate or stable",
  requirement_level:
    "write required, recommended or opt_in, or one entry with its condition: { conditionally_required: when … }",
  conditionally_required: "say when it is required",
  type: "write string, int, double, boolean or one of their arrays, or a map with `members`",
  members: "list at least one member, each with id, value, brief and stability",
  id: "give each enum member an id in lower case with underscores",
  value: "give each enum member a value, in quotes where YAML would read a number or a boolean",
  kind: "write internal, server, client, producer or consumer",
  name: 'write name: { note: "`action {attribute}`" }',
  file_format: "start the file with `file_format: definition/2`",
  schema_url: "write https://host/path/MAJOR.MINOR.PATCH",
  when: "write inside, present, absent, status, or attribute with in",
  visibility: "write internal or public",
};
const DEFAULT_FIX = "write the field as scripts/semconv/shapes.ts has it";

/**
 * Parses one YAML file against its schema. Problems go to `problems` and name file, line, key and fix; the result is
 * `undefined` when there were any.
 */
export function parseFile<S extends z.ZodType>(
  source: SourceFile,
  schema: S,
  problems: Problem[],
): ParsedFile<z.infer<S>> | undefined {
  const lines = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false });
  const raw = toPlain(document, source, lines, problems);
  if (raw === undefined) return undefined;
  const lineOf = (fieldPath: FieldPath): number | undefined => {
    for (let length = fieldPath.length; length > 0; length--) {
      const node = document.getIn(fieldPath.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const result = schema.safeParse(raw, { reportInput: true });
  if (!result.success) {
    for (const issue of result.error.issues) {
      problems.push({ file: source.path, line: lineOf(issue.path), ...describe(issue, raw) });
    }
    return undefined;
  }
  const [title = "", ...intro] = topComment(source.text);
  return { path: source.path, title, intro: intro.join(" "), value: result.data, lineOf };
}

/** The document as plain data; `undefined` when it is no valid YAML. */
function toPlain(document: Document, source: SourceFile, lines: LineCounter, problems: Problem[]): unknown {
  const report = (message: string, line?: number): void => {
    const [summary = ""] = message.split("\n");
    problems.push({ file: source.path, line, subject: "YAML", message: summary, fix: "correct the YAML" });
  };
  for (const error of document.errors) report(error.message, lines.linePos(error.pos[0]).line);
  if (document.errors.length > 0) return undefined;
  try {
    // An empty file is `null`, which the shape check refuses.
    return document.toJS() as unknown;
  } catch (error) {
    // The library finds an alias without anchor only here.
    if (!(error instanceof ReferenceError)) throw error;
    report(error.message);
    return undefined;
  }
}

function describe(issue: z.core.$ZodIssue, raw: unknown): Pick<Problem, "subject" | "message" | "fix"> {
  const field = [...issue.path].reverse().find((part) => typeof part === "string");
  const subject = subjectOf(issue.path, raw);
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.map((name) => `\`${name}\``).join(", ");
    return {
      subject,
      message: `unknown field ${names}`,
      fix: "remove it, or teach scripts/semconv/shapes.ts what it means",
    };
  }
  const fix = (typeof field === "string" ? FIELD_FIXES[field] : undefined) ?? DEFAULT_FIX;
  const missing = issue.input === undefined && issue.code !== "custom";
  return { subject, message: missing ? "is missing" : lowerFirst(issue.message), fix };
}

/** Names the entry a path leads into by its key, type or id instead of by its place in a list. */
function subjectOf(fieldPath: FieldPath, raw: unknown): string {
  const words: string[] = [];
  let value = raw;
  for (const part of fieldPath) {
    value = isRecord(value) ? value[String(part)] : undefined;
    if (typeof part === "number") words.push(nameOf(value) ?? `[${part}]`);
    else if (!LISTS.has(String(part))) words.push(String(part));
  }
  return words.length === 0 ? "file" : words.join(" ");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Lists whose name adds nothing, since their entries name themselves. */
const LISTS = new Set(["attributes", "spans", "attribute_groups", "members", "annotations"]);

function nameOf(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const name = value.key ?? value.ref ?? value.ref_group ?? value.id ?? value.type;
  return typeof name === "string" ? name : undefined;
}

function topComment(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith("#")) break;
    lines.push(line.replace(/^#\s?/, "").trim());
  }
  return lines.filter((line) => line !== "");
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
