/** Files of processes that have ended, taken over by one whose own disk is full. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { startServer } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { run } from "../support.ts";
import { durable, folder, HAS_SQLITE, saved } from "./support.ts";

test.runIf(HAS_SQLITE)("what goes on later is not taken away with the file it came in", async () => {
  const server = await startServer();
  const path = folder();
  const keys = Array.from({ length: 200 }, (_, index) => `run ${index} ${"x".repeat(900)}`);
  const first = durable(server, path);
  const lanes = keys.map((key) => run(key));
  for (const lane of lanes) first.delivery.open(lane);
  await until("all are open", () => lanes.every(({ id }) => id !== undefined));
  await saved(first);
  await first.delivery.shutdown(1_000);
  const queues = (): string[] => readdirSync(path).filter((name) => name.endsWith(".queue"));
  expect(queues()).toHaveLength(1);

  // Room for the tables, and not for all of that.
  const second = durable(server, path, {}, { maxPages: 20, scanMs: 20 });
  await until("it cannot take them over", () =>
    second.delivery.lastError?.message.includes("cannot be used"),
  );
  await second.delivery.shutdown(100);

  const third = durable(server, path, {}, { scanMs: 20 });
  await until("all of them are known", () =>
    keys.every((key) => third.delivery.kept("run", key)?.id !== undefined),
  );
});
