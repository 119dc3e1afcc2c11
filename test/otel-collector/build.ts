/** Has the Collector built before the tests. Where that cannot be done, they are skipped, with the reason. */
import type { TestProject } from "vitest/node";
import { buildCollector, CannotBuild } from "../../scripts/otel-collector/build.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of its binary; empty where it cannot be built. */
    collector: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide("collector", await binary());
}

async function binary(): Promise<string> {
  try {
    return await buildCollector((step) => console.log(`OpenTelemetry Collector: ${step}`));
  } catch (error) {
    if (!(error instanceof CannotBuild)) throw error;
    console.warn(`SKIPPED: the OpenTelemetry Collector cannot be built here.\n${error.message}`);
    return "";
  }
}
