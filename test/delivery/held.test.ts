/** Calls of a kind that Apie refuses wait in a full queue: what waits costs nothing while it is held back, and holds up nothing. */
import { expect, test } from "vitest";
import { until } from "../support/until.ts";
import { meanwhile, pass, run, type Sender, session, settled, start, stopClock } from "./support.ts";

const MANY = 20_000;
const MORE = 200;

/** CPU, in ms, of telling Apie of more runs, each in a turn of its own. */
async function costOfMore({ delivery }: Sender, tell: (key: string) => void): Promise<number> {
  await settled();
  const before = process.cpuUsage();
  for (let index = 0; index < MORE; index += 1) {
    tell(`more${index}`);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  expect(delivery.heldBecause).toContain("HTTP 403");
  return (user + system) / 1_000;
}

// Several ms for each where all that waits is looked at in each step.
const LITTLE_MS = MORE * 1.5;

test("openings", async () => {
  const sender = await start();
  const { server, delivery } = sender;
  server.fail("/v1/runs", { status: 403 });
  for (let index = 0; index < MANY; index += 1) delivery.open(run(`r${index}`));
  await until("the refusal", () => delivery.heldBecause);
  const open = (key: string): void => delivery.open(run(key));
  expect(await costOfMore(sender, open)).toBeLessThan(LITTLE_MS);
  // Those under way when the first was refused, and none of all that came later.
  expect(server.to("/v1/runs").length).toBeLessThanOrEqual(8);
  const other = session("s");
  delivery.open(other);
  delivery.complete(other, { status: "completed" });
  await until("a session", () => other.completed);
});

test("completions", async () => {
  const sender = await start();
  const { server, delivery } = sender;
  server.fail(/\/complete$/, { status: 403 });
  const end = (key: string): void => {
    const lane = run(key, { knownId: `run_${key}` });
    delivery.open(lane);
    delivery.complete(lane, { status: "completed" });
  };
  for (let index = 0; index < MANY; index += 1) end(`r${index}`);
  await until("the refusal", () => delivery.heldBecause);
  expect(await costOfMore(sender, end)).toBeLessThan(LITTLE_MS);
  expect(server.to(/\/complete$/).length).toBeLessThanOrEqual(8);
});

test("what was held back is tried again in its time, all of it", async () => {
  stopClock();
  const { server, delivery } = await start();
  const mend = server.fail("/v1/runs", { status: 403 });
  const lanes = Array.from({ length: 40 }, (_, index) => run(`r${index}`));
  for (const lane of lanes) delivery.open(lane);
  await meanwhile("the refusal", () => delivery.heldBecause);
  await settled();
  const asked = server.to("/v1/runs").length;
  await pass(14_000);
  expect(server.to("/v1/runs")).toHaveLength(asked);
  mend();
  await pass(3_000);
  await meanwhile("all are open", () => lanes.every(({ state }) => state === "open"));
  expect(delivery.heldBecause).toBeUndefined();
});
