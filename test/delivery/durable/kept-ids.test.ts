/** The ids of imported runs: bounded, and of one Apie each. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { KeptIds } from "../../../src/delivery/durable/kept-ids.ts";
import { cleanup } from "../../support/client.ts";
import { folder, HAS_SQLITE } from "./support.ts";

const sqlite = process.getBuiltinModule?.("node:sqlite");

function keptIn(path: string, apie = "https://apie.test", maxItems?: number) {
  if (sqlite === undefined) throw new Error("no node:sqlite");
  const told: string[] = [];
  const kept = new KeptIds({ sqlite, path, apie, maxItems, tell: (message) => told.push(message) });
  cleanup(async () => kept.close());
  return { kept, told };
}

test.runIf(HAS_SQLITE)("those not used for longest are forgotten, and no more are kept than may be", () => {
  const path = join(folder(), "ids");
  const { kept, told } = keptIn(path, undefined, 100);
  for (let index = 0; index < 350; index += 1)
    kept.put("run", `run-${index}`, { apieId: `id-${index}`, note: "{}" });
  const there = Array.from({ length: 350 }, (_, index) => index).filter((index) =>
    kept.get("run", `run-${index}`),
  );
  expect(there.length).toBeLessThanOrEqual(102);
  expect(there.length).toBeGreaterThanOrEqual(98);
  expect(there.at(-1)).toBe(349);
  expect(told).toEqual([]);
});

test.runIf(HAS_SQLITE)("the same key of another kind, or at another Apie, is another one", () => {
  const path = join(folder(), "ids");
  const { kept } = keptIn(path);
  kept.put("run", "a", { apieId: "run_1", note: "n" });
  expect(kept.get("run", "a")).toEqual({ apieId: "run_1", note: "n" });
  expect(kept.get("session", "a")).toBeUndefined();
  expect(keptIn(path, "https://other.test").kept.get("run", "a")).toBeUndefined();
  expect(keptIn(path).kept.get("run", "a")).toEqual({ apieId: "run_1", note: "n" });
});

test.runIf(HAS_SQLITE)("what was noted of one run is not said of the next under the same key", () => {
  const { kept } = keptIn(join(folder(), "ids"));
  kept.put("run", "a", { apieId: "run_1", note: "told" });
  const { createHash } = process.getBuiltinModule("node:crypto");
  const hash = createHash("sha256").update("a").digest("base64url");
  kept.registered(undefined);
  kept.putId("run", hash, "run_1");
  expect(kept.get("run", "a")).toEqual({ apieId: "run_1", note: "told" });
  kept.putId("run", hash, "run_2");
  expect(kept.get("run", "a")).toEqual({ apieId: "run_2", note: undefined });
});

test.runIf(HAS_SQLITE)("what comes before the workspace is known is of that one, and of no other", () => {
  const path = join(folder(), "ids");
  const { kept } = keptIn(path);
  kept.put("run", "a", { apieId: undefined, note: "n" });
  const { createHash } = process.getBuiltinModule("node:crypto");
  kept.putId("run", createHash("sha256").update("b").digest("base64url"), "run_1");
  kept.registered("ws_1");
  expect(kept.get("run", "a")).toBeUndefined();
  expect(kept.get("run", "b")).toEqual({ apieId: "run_1", note: undefined });
  kept.registered("ws_2");
  expect(kept.get("run", "b")).toBeUndefined();
});

test.runIf(HAS_SQLITE)("one holds it at a time", () => {
  const path = join(folder(), "ids");
  const [one, two] = [keptIn(path).kept, keptIn(path).kept];
  const letGo = one.hold();
  expect(letGo).toBeDefined();
  expect(two.hold()).toBeUndefined();
  letGo?.();
  const again = two.hold();
  expect(again).toBeDefined();
  again?.();
});
