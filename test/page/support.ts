/** A real browser, a real local Apie, and the page between them. Screenshots go to `.artifacts/page`. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type LocalApie, type LocalApieOptions, startLocalApie } from "../../src/local/index.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ARTIFACTS = join(ROOT, ".artifacts/page");

const PLACES = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const CHROMIUM = PLACES.find((path) => path !== undefined && existsSync(path));

/** Where these tests must run, a missing browser is a failure. */
export const HAS_BROWSER = CHROMIUM !== undefined || process.env.REQUIRE_CHROMIUM === "1";
if (CHROMIUM === undefined) {
  console.warn(
    "No Chromium was found, so the tests of the page are skipped. Get one with: apt-get install chromium\n" +
      "(or name one that is there: CHROMIUM_PATH=/path/to/chromium)",
  );
}

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser: Browser | undefined;
let home: string | undefined;
const contexts: BrowserContext[] = [];
const servers: LocalApie[] = [];

/** To be called by a file of tests that open pages. */
export function useBrowser(): void {
  beforeAll(async () => {
    if (CHROMIUM === undefined)
      throw new Error("no Chromium: apt-get install chromium, or set CHROMIUM_PATH");
    if (!existsSync(join(ROOT, "dist/page/index.html"))) {
      throw new Error("the page is not built: run `npm run build` first");
    }
    mkdirSync(ARTIFACTS, { recursive: true });
    home = mkdtempSync(join(tmpdir(), "apie-otel-browser-"));
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: FLAGS,
      env: { ...process.env, HOME: home },
      timeout: 60_000,
    });
  }, 90_000);
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  afterAll(async () => {
    await browser?.close();
    if (home !== undefined) rmSync(home, { recursive: true, force: true });
  });
}

export async function startServer(options?: LocalApieOptions): Promise<LocalApie> {
  const server = await startLocalApie({
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  servers.push(server);
  return server;
}

export interface Opened {
  readonly page: Page;
  /** Whatever the browser complained of: scripts that failed, what the page's policy refused, dialogs. */
  readonly complaints: string[];
  /** Addresses that were asked for. */
  readonly requests: string[];
}

export type Look = Parameters<Browser["newContext"]>[0];

/** Opens an address of the page in a window of its own. */
export async function open(server: { url: string }, path: string, look: Look = {}): Promise<Opened> {
  if (browser === undefined) throw new Error("useBrowser() was not called");
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    locale: "en-GB",
    ...look,
  });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const opened: Opened = { page, complaints: [], requests: [] };
  page.on("pageerror", (error) => opened.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") opened.complaints.push(message.text());
  });
  page.on("dialog", (dialog) => {
    opened.complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => opened.requests.push(request.url()));
  await page.goto(server.url + path);
  return opened;
}

/** What the browser says it did while something is done, as the trace viewers of its tools read it. */
export async function traceOf(page: Page, act: () => Promise<unknown>): Promise<TraceEvent[]> {
  if (browser === undefined) throw new Error("useBrowser() was not called");
  await browser.startTracing(page, { categories: ["toplevel"] });
  let trace: Buffer;
  try {
    await act();
  } finally {
    trace = await browser.stopTracing();
  }
  return (JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }).traceEvents;
}

export interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Time by the clock in µs. */
  readonly dur?: number;
  /** Processor time in µs. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

export const screenshot = (page: Page, name: string): Promise<unknown> =>
  page.screenshot({ path: join(ARTIFACTS, `${name}.png`) });
