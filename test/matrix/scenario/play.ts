/** Plays checks in this process, each with servers of its own, and fails if anything goes unhandled meanwhile. */
import assert from "node:assert/strict";
import type * as Library from "../../../src/index.ts";
import { RecordingApie } from "../../support/recording-apie.ts";
import { CHECKS } from "./checks.ts";
import { type Load, loadOtel } from "./otel.ts";
import { OtlpSink } from "./otlp-sink.ts";
import type { Check } from "./setting.ts";

export async function play(load: Load, checks: Readonly<Record<string, Check>> = CHECKS): Promise<void> {
  const unhandled: unknown[] = [];
  for (const name of ["unhandledRejection", "uncaughtException", "warning"])
    process.on(name, (what: unknown) => void unhandled.push(what));
  const otel = await loadOtel(load);
  const library = (await load("apie-otel")) as typeof Library;
  for (const [name, check] of Object.entries(checks)) {
    const told = await RecordingApie.start();
    const sink = await OtlpSink.start();
    try {
      await check({ load, otel, library, told, sink });
    } catch (error) {
      throw new Error(`check "${name}" on SDK ${otel.line}.x failed`, { cause: error });
    } finally {
      await told.close();
      await sink.close();
    }
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
  console.log(`${Object.keys(checks).length} checks on SDK ${otel.line}.x, Node ${process.versions.node}`);
}
