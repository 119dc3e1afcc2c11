/** Finds what to examine: the client of a config file, or what an instrumentation file of the service sets up. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type DoctorOptions,
  type DoctorReport,
  type Finding,
  liveProcessors,
  processorsOf,
  registeredProvider,
} from "../../diagnostics/index.ts";
import { ApieConfigError, ApieError, reasonOf } from "../../model/errors.ts";
import { configuredClient } from "../shared/configured.ts";

export interface Asked {
  /** Config file; default: the one of the working directory, if there is one. */
  readonly config?: string | undefined;
  /** Files or packages of the service to load first, in this order. */
  readonly import: readonly string[];
  readonly timeoutMs: number;
}

/** What there is to tell; only findings when there was nothing to examine. */
export type Examination = Pick<DoctorReport, "ok" | "findings"> & Partial<DoctorReport>;

interface Examined {
  doctor(options: DoctorOptions): Promise<DoctorReport>;
}

/** An instrumentation that starts in the background may need a moment. */
const STARTING_MS = 1_000;
const LOOK_AGAIN_MS = 20;

export async function examine({ config, import: imports, timeoutMs }: Asked): Promise<Examination> {
  try {
    for (const one of imports) await load(one);
    const found = imports.length === 0 ? undefined : await processorOfService();
    if (found !== undefined) return await found.doctor({ timeoutMs });
    const { client, storage } = await configuredClient(config);
    // Loaded, and nothing of ours in it: then the provider is what there is to look at.
    const report = await client.doctor({ timeoutMs, outsideService: imports.length === 0 });
    return storage === undefined ? report : withStorage(report, storage);
  } catch (error) {
    const findings = unexaminable(error);
    return { ok: false, findings };
  }
}

async function load(name: string): Promise<void> {
  const path = resolve(name);
  try {
    await import(existsSync(path) ? pathToFileURL(path).href : packageOfService(name));
  } catch (cause) {
    throw new ApieError("import_failed", `--import ${name}: ${reasonOf(cause)}`, { cause });
  }
}

/** As the service in the working directory would find it. */
function packageOfService(name: string): string {
  try {
    return pathToFileURL(createRequire(join(process.cwd(), "noop.js")).resolve(name)).href;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND")
      throw new Error(`there is no file ${resolve(name)}, and no package of that name`);
    // One that can only be imported.
    return name;
  }
}

/** The processor in the provider in use, else one that was made and is in none. */
async function processorOfService(): Promise<Examined | undefined> {
  const until = performance.now() + STARTING_MS;
  while (liveProcessors().length === 0 && performance.now() < until)
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
  const live = liveProcessors() as (object & Examined)[];
  const inUse = processorsOf(registeredProvider()) ?? [];
  return live.find((processor) => inUse.includes(processor)) ?? live[0];
}

function withStorage(report: DoctorReport, path: string): DoctorReport {
  const before = report.findings.find(({ check }) => check === "storage");
  const now: Finding = {
    check: "storage",
    level: "ok",
    message: `what waits is kept in ${path}, by the service; it was not opened here`,
  };
  return {
    ...report,
    findings: report.findings.map((one) => (one === before ? now : one)),
    queueStoragePath: path,
    trustWarnings: report.trustWarnings.filter((message) => message !== before?.message),
  };
}

function unexaminable(error: unknown): Finding[] {
  if (error instanceof ApieConfigError)
    return error.issues.map(({ path, message }) => ({
      check: "configuration",
      level: "error",
      message: `${path}: ${message}`,
      remedy: "correct it in apie.config.*, in the options in code, or in the environment",
    }));
  if (error instanceof ApieError && error.code === "import_failed")
    return [
      {
        check: "configuration",
        level: "error",
        message: error.message,
        remedy: "give the file your service starts with: --import ./instrumentation.mjs",
      },
    ];
  throw error;
}
