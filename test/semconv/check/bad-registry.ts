import { expect, test } from "vitest";
import { checkRegistry } from "../../../scripts/semconv/load.ts";
import { formatProblem } from "../../../scripts/semconv/problem.ts";
import { type Change, smallRegistry } from "../small-registry.ts";

export const MANIFEST = "semconv/manifest.yaml";
export const ATTRIBUTES = "semconv/model/attributes.yaml";
export const SPANS = "semconv/model/spans.yaml";
export const UPSTREAM = "scripts/semconv/upstream.yaml";

/** The small registry with something wrong in it. */
export interface BadRegistry {
  what: string;
  changes: Change[];
  /** What the one problem is about, and words of its message. */
  problem: { file: string; subject: string; message: string };
}

/** Adds an attribute that the run span refers to. */
export function withAttribute(text: string, reference: string): Change[] {
  return [
    [ATTRIBUTES, "  - key: agent.link.type\n", `${text}\n  - key: agent.link.type\n`],
    [SPANS, "      - { ref: agent.run.sources", `      - ${reference}\n      - { ref: agent.run.sources`],
  ];
}

/** An attribute definition. */
export function attribute(key: string, type = "string", examples = "[x]"): string {
  return `  - key: ${key}
    type: ${type}
    brief: A test.
    examples: ${examples}
    stability: development`;
}

/** One test for each bad registry: it is refused, with a problem that says where, what and what to do. */
export function refuses(cases: readonly BadRegistry[]): void {
  test.each(cases)("$what", ({ changes, problem }) => {
    const { problems, registry } = checkRegistry(smallRegistry(...changes));
    expect(registry).toBeUndefined();
    expect(problems.map(formatProblem)).toContainEqual(expect.stringContaining(problem.message));
    const found = problems.find(
      ({ subject, message }) => subject === problem.subject && message.includes(problem.message),
    );
    expect(found).toMatchObject({
      file: problem.file,
      line: expect.any(Number),
      fix: expect.stringMatching(/\w/),
    });
  });
}
