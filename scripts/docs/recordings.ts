/** What was recorded (test/fixtures/spans): packages and versions, and the spans as they had ended. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { SpanLike } from "../../src/model/span.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../test/fixtures/spans");

/** Needed to record, and no part of the library. */
const NOT_THE_LIBRARY = /^@opentelemetry\/(?:exporter-.+|sdk-.+|instrumentation)$/;

export interface Recordings {
  folder: string;
  /** Versions by package. */
  packages: ReadonlyMap<string, string>;
  scenarios: number;
  spans: readonly SpanLike[];
}

interface Scenario {
  packages?: Record<string, string>;
}

interface Recorded extends Omit<SpanLike, "instrumentationScope" | "startTime" | "endTime"> {
  scope?: { name: string };
  endSeq: number | null;
}

const read = (...names: string[]): unknown => JSON.parse(readFileSync(path.join(FOLDER, ...names), "utf8"));

function spansOf(folder: string, file: string): SpanLike[] {
  const recorded = read(folder, file) as Recorded[];
  return recorded
    .filter(({ endSeq }) => endSeq !== null)
    .map(({ scope, ...span }) => ({
      ...span,
      instrumentationScope: scope ?? { name: "" },
      startTime: [0, 0],
      endTime: [0, 0],
    }));
}

export function recordings(): Recordings[] {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders
    .map(({ name: folder }) => {
      const scenarios = Object.values(read(folder, "_meta.json") as Record<string, Scenario>);
      const packages = scenarios.flatMap(({ packages = {} }) => Object.entries(packages));
      const files = readdirSync(path.join(FOLDER, folder));
      const readable = files.filter((file) => file.endsWith(".readable.json"));
      return {
        folder,
        packages: new Map(packages.filter(([name]) => !NOT_THE_LIBRARY.test(name)).toSorted()),
        scenarios: files.filter((file) => file.endsWith(".expected.json")).length,
        spans: readable.flatMap((file) => spansOf(folder, file)),
      };
    })
    .toSorted((one, other) => (one.folder < other.folder ? -1 : 1));
}
