/** The code in docs/ compiles as it stands. That of docs/conventions.md is other libraries' for the most part, and has a test of its own. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../package/support.ts";
import { complaintsOf, scratchFolder } from "./support.ts";

const PAGES = readdirSync(join(ROOT, "docs")).filter(
  (name) => name.endsWith(".md") && name !== "conventions.md",
);

const snippetsIn = (page: string): string[] =>
  [...readFileSync(join(ROOT, "docs", page), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, code]) => code ?? "",
  );

/** What the reader has. */
const SUPPLIED = `
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { Apie } from "apie-otel";
import type { z } from "zod";
declare global {
  const apie: Apie;
  const agent: { key: string; name: string };
  const chat: { id: string };
  function answer(question: unknown): Promise<string>;
  function respond(request: Request): Promise<Response>;
  const exporter: SpanExporter;
  const stream: AsyncIterable<Record<string, unknown>>;
  const events: Record<string, unknown>[];
  function runDocument(): Promise<unknown>;
  const table: {
    read(key: string): Promise<string | undefined>;
    insert(key: string, value: string, ttlMs: number): Promise<boolean>;
    prolong(key: string, ttlMs: number): Promise<boolean>;
    remove(key: string): Promise<void>;
  };
  const client: Client;
  const title: string;
  function handle(request: IncomingMessage, response: ServerResponse): void;
  const server: McpServer;
  const config: { inputSchema: { title: z.ZodString } };
  function find(args: { title: string }): Promise<{ content: { type: "text"; text: string }[] }>;
}
`;
const PLATFORM = `
declare module "@vercel/functions" {
  export function waitUntil(promise: Promise<unknown>): void;
}
`;

let folder: string;
beforeAll(() => {
  folder = scratchFolder();
});
afterAll(() => rmSync(folder, { recursive: true }));

test("every snippet compiles", async () => {
  const snippets = PAGES.flatMap((page) =>
    snippetsIn(page).map((code, index): [string, string] => [
      `${page.replace(".md", "")}-${index}.mts`,
      `${code}\nexport {};\n`,
    ]),
  );
  expect(snippets.length).toBeGreaterThan(15);
  const files = Object.fromEntries(snippets);
  const supplied = { "supplied.d.mts": SUPPLIED, "platform.d.ts": PLATFORM };
  const complaints = await complaintsOf(folder, { ...files, ...supplied });
  // What a snippet ends with is the reader's to use.
  expect(complaints.filter((line) => !line.includes("is declared but its value is never read"))).toEqual([]);
  const broken = { "delivery-0.mts": (files["delivery-0.mts"] ?? "").replace("outcome !==", "verdict !==") };
  expect(await complaintsOf(folder, { ...broken, ...supplied })).toEqual([
    expect.stringContaining("verdict"),
  ]);
}, 120_000);
