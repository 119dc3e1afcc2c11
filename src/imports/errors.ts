/** A document that is not imported. */
import type { z } from "zod";
import { ApieError } from "../model/errors.ts";

export interface ImportIssue {
  /** Where in the document, as a JSON pointer, e.g. `/0/tools/2/tool_call_id`; empty for the document itself. */
  path: string;
  message: string;
}

const MAX_TOLD = 20;

/** Thrown before the first span is made; `issues` lists what is wrong, the first hundred places. Code `import`. */
export class ApieImportError extends ApieError {
  override readonly name = "ApieImportError";
  readonly issues: readonly ImportIssue[];

  constructor(what: string, issues: readonly ImportIssue[]) {
    const told = issues
      .slice(0, MAX_TOLD)
      .map(({ path, message }) => `  ${path || "(document)"}: ${message}`);
    const more = issues.length > MAX_TOLD ? [`  and ${issues.length - MAX_TOLD} more`] : [];
    super("import", [`This is no ${what} that can be imported:`, ...told, ...more].join("\n"));
    this.issues = issues;
  }
}

export const MAX_ISSUES = 100;

/** What is wrong with a part of a document. Nothing of what was parsed is kept: a document is as large as it is. */
export function issuesOf(schema: z.ZodType, value: unknown, path: string): ImportIssue[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  return result.error.issues.map((issue) => ({
    path: path + issue.path.map((step) => `/${String(step)}`).join(""),
    message: issue.message,
  }));
}
