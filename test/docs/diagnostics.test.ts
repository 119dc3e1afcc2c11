/** docs/diagnostics.md: its tables are those of the code, and its example does what it says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CHECKS } from "../../src/diagnostics/doctor/index.ts";
import { DURATION_METRIC, OBSERVED_METRICS } from "../../src/diagnostics/metrics/definitions.ts";
import { Apie } from "../../src/index.ts";
import { ROOT } from "../package/support.ts";
import { codeWords, tableOf } from "../readme/support/readme.ts";

const PAGE = readFileSync(join(ROOT, "docs/diagnostics.md"), "utf8");
const below = (heading: string): string => PAGE.slice(PAGE.indexOf(`\n## ${heading}\n`));

describe("the doctor", () => {
  const text = below("The doctor");

  test("the table has every check, in their order", () => {
    const named = tableOf(text).flatMap(([check]) => codeWords(check ?? ""));
    expect(named).toEqual(Object.values(CHECKS).flat());
  });

  test("it names every field of the report", async () => {
    const report = await new Apie({ enabled: false, agent: { key: "a", name: "A" } }).doctor();
    const fields = Object.keys(report).filter((field) => !["ok", "findings"].includes(field));
    const [, listed = ""] = /fields of the vendor's SDK: (.*)$/m.exec(text) ?? [];
    expect(codeWords(listed)).toEqual(fields);
  });
});

test("the table of metrics has every metric, with its instrument, unit and description", () => {
  const rows = tableOf(below("Metrics")).map(([name, instrument, unit, description]) => ({
    name: codeWords(name ?? "")[0],
    instrument,
    unit: codeWords(unit ?? "")[0],
    description,
  }));
  const defined = [...OBSERVED_METRICS, DURATION_METRIC].map(({ name, instrument, unit, description }) => ({
    name,
    instrument,
    unit,
    description,
  }));
  expect(rows).toEqual(defined);
});
