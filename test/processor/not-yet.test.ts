import { expect, test } from "vitest";
import { Apie } from "../../src/index.ts";

const base = { apiKey: "k", baseUrl: "http://127.0.0.1:9", agent: { key: "a", name: "A" } };

test.each([["queueStoragePath", { queueStoragePath: "/tmp/queue" }, "kept in memory only"]])(
  "%s is told to have no effect",
  async (name, options, instead) => {
    const told: string[] = [];
    const apie = new Apie({ ...base, ...options, onError: (error) => told.push(error.message) });
    expect(told.filter((message) => message.includes(name))).toEqual([expect.stringContaining(instead)]);
    await apie.shutdown();
  },
);

test("nothing is told of options that work", async () => {
  const told: string[] = [];
  const apie = new Apie({
    ...base,
    boundary: { autoInferFromToolNames: true },
    onError: (error) => told.push(error.message),
  });
  expect(told).toEqual([]);
  await apie.shutdown();
});
