import { describe, expect, test } from "vitest";
import { checkRegistry } from "../../../scripts/semconv/load.ts";
import { formatProblem } from "../../../scripts/semconv/problem.ts";
import { readSources } from "../../../scripts/semconv/sources.ts";
import { smallRegistry } from "../small-registry.ts";
import { ATTRIBUTES, MANIFEST, SPANS, UPSTREAM } from "./bad-registry.ts";

describe("the checker accepts", () => {
  test("the project's registry", () => {
    expect(checkRegistry(readSources()).problems.map(formatProblem)).toEqual([]);
  });

  test("the small registry the bad ones are made from", () => {
    expect(checkRegistry(smallRegistry()).problems.map(formatProblem)).toEqual([]);
  });

  test("a deprecated attribute no span refers to any more", () => {
    const { problems } = checkRegistry(
      smallRegistry(
        [SPANS, "      - { ref: agent.run.sources, requirement_level: recommended }\n", ""],
        [
          ATTRIBUTES,
          "    examples: [[a, b]]\n",
          "    examples: [[a, b]]\n    deprecated: { reason: obsoleted, note: Gone. }\n",
        ],
      ),
    );
    expect(problems.map(formatProblem)).toEqual([]);
  });
});

describe("a problem", () => {
  test("names file, line, key and fix", () => {
    const sources = smallRegistry([ATTRIBUTES, "examples: [3]", "examples: [three]"]);
    const lines = sources.model[0]?.text.split("\n") ?? [];
    const line = lines.indexOf("  - key: agent.run.turns") + 1;
    expect(checkRegistry(sources).problems.map(formatProblem)).toEqual([
      `semconv/model/attributes.yaml:${line}: agent.run.turns: example "three" is not of type int. Fix: correct it, or quote it where text is meant.`,
    ]);
  });

  test("is an alias that leads nowhere, or an empty file", () => {
    const { problems } = checkRegistry(smallRegistry([ATTRIBUTES, "examples: [3]", "examples: *three"]));
    expect(problems).toMatchObject([
      { file: ATTRIBUTES, subject: "YAML", message: expect.stringContaining("three") },
    ]);
    const empty = { ...smallRegistry(), model: [{ path: SPANS, text: "" }] };
    expect(checkRegistry(empty).problems).toMatchObject([{ file: SPANS, subject: "file" }]);
  });

  test("is reported once for a missing field, however many rules need it", () => {
    const { problems } = checkRegistry(smallRegistry([ATTRIBUTES, "    brief: Key of the agent.\n", ""]));
    expect(problems).toHaveLength(1);
  });

  test("is a dependency and a source that differ in version, on both sides", () => {
    const { problems } = checkRegistry(smallRegistry([MANIFEST, "upstream/1.0.0", "upstream/1.1.0"]));
    expect(problems.map(({ file, subject }) => [file, subject])).toEqual([
      [MANIFEST, "https://example.com/schemas/upstream/1.1.0"],
      [UPSTREAM, "up"],
    ]);
  });
});
