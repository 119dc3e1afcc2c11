/** One import at a time has a state file, however the others name it, and whatever became of the one before. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../src/cli/failure.ts";
import { StateFile } from "../../../src/cli/import/state.ts";
import { StateLock } from "../../../src/cli/import/state-lock.ts";
import { AgentOsServer } from "../../imports/servers/agent-os.ts";
import { fixture, type Json } from "../../imports/support.ts";
import { startServer } from "../../support/client.ts";
import { until } from "../../support/until.ts";
import { runCli } from "../support.ts";

const RUN: Json = fixture("agno/agent-run-tools");
const KNOWN = { runs: { r: { apieId: "run_1" } }, sessions: {} };

const folder = (): string => mkdtempSync(join(tmpdir(), "apie-state-"));

test("while one import goes on another ends at once, sends nothing, and says what to do; one that was killed is followed", async () => {
  const [server, apie] = [await new AgentOsServer().listen(), await startServer()];
  server.store({ ...RUN, session_id: "s" });
  const place = folder();
  const state = join(place, "import.json");
  const args = ["import", "agno", "--base-url", server.url, "--session", "s", "--state"];
  const env = { APIE_API_KEY: "key", APIE_BASE_URL: apie.url };
  const first = runCli([...args, state, "--follow"], { env });
  await until("something is known", () => existsSync(state), 15_000);
  const link = join(place, "link.json");
  symlinkSync(state, link);
  for (const name of [state, link]) {
    const second = runCli([...args, name], { env });
    expect(await second.ended).toBe(EXIT.usage);
    expect(second.stderr()).toContain(`${name} is in use by another import (process ${first.child.pid} on `);
    expect(second.stderr()).toContain(`remove ${state}.lock`);
  }
  expect(apie.to(/\/identify$/)).toHaveLength(1);
  first.child.kill("SIGKILL");
  await first.ended;
  writeFileSync(`${state}.part`, "half of a sta");
  const third = runCli([...args, link, "--json"], { env });
  expect(await third.ended).toBe(EXIT.ok);
  expect(JSON.parse(third.stdout())).toMatchObject({ runs: 0, unchanged: 1 });
  expect(readdirSync(place).sort()).toEqual(["import.json", "link.json"]);
  expect(apie.to(/\/runs$/)).toHaveLength(1);
}, 40_000);

test("what one workspace has is not taken for what another has", async () => {
  const state = join(folder(), "import.json");
  const of = async <T>(workspace: string | undefined, act: (file: StateFile) => Promise<T>): Promise<T> => {
    const lock = await StateLock.take(state);
    try {
      return await act(new StateFile(lock, "https://apie.test", () => Promise.resolve(workspace)));
    } finally {
      await lock.release();
    }
  };
  const read = (file: StateFile) => file.read();
  await of("ws_staging", async (file) => {
    expect(await file.read()).toBeUndefined();
    await file.write(KNOWN);
  });
  await expect(of("ws_live", read)).rejects.toThrow(
    /holds what workspace ws_staging of https:\/\/apie\.test has, and the key is of workspace ws_live: name another --state/,
  );
  // An Apie that does not answer does not say of which it is.
  await of(undefined, async (file) => {
    const known = await file.read();
    expect(known).toEqual(KNOWN);
    if (known !== undefined) await file.write(known);
  });
  await expect(of("ws_live", read)).rejects.toThrow();
  expect(await of("ws_staging", read)).toEqual(KNOWN);
});

describe("a state that is had", () => {
  const another = { token: "t", pid: 1, host: "another-host", since: "2026-01-01T00:00:00.000Z" };
  const ended = (lock: string): void => utimesSync(lock, new Date(0), new Date(0));

  test.each([
    ["on another host", JSON.stringify(another), /\(process 1 on another-host, since 2026/],
    ["by one that is only beginning", "", /by another import: wait/],
    ["by what is not ours", '{"pid":"x"}', /by another import: wait/],
  ])(
    "%s is left alone while signs come, and followed when none has come for long",
    async (_how, text, said) => {
      const state = join(folder(), "import.json");
      writeFileSync(`${state}.lock`, text);
      await expect(StateLock.take(state)).rejects.toThrow(said);
      expect(readFileSync(`${state}.lock`, "utf8")).toBe(text);
      ended(`${state}.lock`);
      const lock = await StateLock.take(state);
      await new StateFile(lock, "there").write(KNOWN);
      expect(await new StateFile(lock, "there").read()).toEqual(KNOWN);
      await lock.release();
      expect(readdirSync(join(state, ".."))).toEqual(["import.json"]);
    },
  );

  test("is followed by one of many only", async () => {
    const state = join(folder(), "import.json");
    for (let round = 0; round < 20; round += 1) {
      writeFileSync(`${state}.lock`, JSON.stringify(another));
      ended(`${state}.lock`);
      const taken = await Promise.allSettled(Array.from({ length: 6 }, () => StateLock.take(state)));
      const locks = taken.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      const owning = await Promise.allSettled(locks.map((lock) => lock.check()));
      expect(owning.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const lock of locks) await lock.release();
    }
  });

  test("and was taken over is not written any more", async () => {
    const state = join(folder(), "import.json");
    const lock = await StateLock.take(state);
    const file = new StateFile(lock, "there");
    await file.write(KNOWN);
    writeFileSync(`${state}.lock`, JSON.stringify(another));
    await expect(file.write({ runs: {}, sessions: {} })).rejects.toThrow(/taken over by another import/);
    expect(await file.read()).toEqual(KNOWN);
    await lock.release();
    expect(readdirSync(join(state, "..")).sort()).toEqual(["import.json", "import.json.lock"]);
  });

  test("in a folder that is not there is told before anything is sent", async () => {
    await expect(StateLock.take(join(folder(), "no", "import.json"))).rejects.toThrow(
      /^Cannot write .*import\.json: ENOENT/,
    );
  });
});
