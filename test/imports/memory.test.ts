/**
 * What an import holds beyond the parsed document does not grow with it: a batch of runs at a time, and a line for each. Told in
 * heap that is in use after all garbage was collected, in processes of their own. Figures are the benchmark's
 * (`npm --prefix bench run imports`).
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startServer } from "../support/client.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { runProgram } from "../support/program.ts";

const CHILD = fileURLToPath(new URL("../../bench/src/imports-child.mjs", import.meta.url));

interface Figures {
  runs: number;
  spans: number;
  events: number;
  heldBytes: number;
  inputBytes: number;
}

async function held(runs: number, to: string): Promise<Figures> {
  const server = await startServer();
  // It is asked for nothing that has to be remembered here.
  server.rule(({ path }) => {
    server.requests.length = 0;
    return path === "/v1/events" ? { body: {} } : undefined;
  });
  const job = JSON.stringify({ runs, to, heap: true, url: server.url });
  const { code, stdout, stderr } = await runProgram(NEW_NODE, ["--expose-gc", CHILD, job]);
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout.trim()) as Figures;
}

/** Both hold as much as they ever do: a batch is of about twenty of these runs. */
const [FEW, MANY] = [60, 300];

test.each(["nothing", "apie"])(
  "of runs that go to %s",
  async (to) => {
    const few = await held(FEW, to);
    const many = await held(MANY, to);
    expect(many).toMatchObject({ runs: MANY, spans: MANY * 49 + 1, events: to === "apie" ? MANY * 120 : 0 });
    const runBytes = (many.inputBytes - few.inputBytes) / (MANY - FEW);
    expect(runBytes).toBeGreaterThan(20_000);
    // Were the spans of runs that are through held, these would be some hundred runs' worth more.
    expect(many.heldBytes - few.heldBytes).toBeLessThan(40 * runBytes);
    expect(many.heldBytes).toBeLessThan(100 * runBytes);
  },
  60_000,
);
