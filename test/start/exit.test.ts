/** Telemetry ends with the process, and leaves ending to it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { cleanup, startServer } from "../support/client.ts";
import { NEW_NODE } from "../support/new-node.ts";
import { type Program, startProgram } from "../support/program.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { until } from "../support/until.ts";

const file = (name: string) => fileURLToPath(new URL(`scripts/${name}`, import.meta.url));

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** @param cwd where its config file is, if it has one. */
function service(server: RecordingApie, ending: string, cwd = HERE): Program {
  return startProgram(NEW_NODE, ["--import", file("register.ts"), file("service.ts"), ending], {
    cwd,
    env: {
      APIE_API_KEY: "apie_sk_test",
      APIE_BASE_URL: server.url,
      OTEL_SERVICE_NAME: "desk",
      NODE_NO_WARNINGS: "1",
    },
  });
}

const isCompletion = /^\/v1\/runs\/[^/]+\/complete$/;
const statuses = (server: RecordingApie) =>
  server.to(isCompletion).map(({ body }) => (body as { status: string }).status);

test("when nothing is left to do, everything is sent, and the process ends by itself", async () => {
  const server = await startServer();
  expect(await service(server, "nothing").ended).toEqual({ code: 0, stdout: "ready\n", stderr: "" });
  expect(statuses(server)).toEqual(["completed"]);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s ends a process that does not listen to it as ever, once open runs are closed and sent",
  async (signal) => {
    const server = await startServer();
    const program = service(server, "serve-busy");
    await program.says("ready");
    program.child.kill(signal);
    expect(await program.ended).toEqual({ code: signal, stdout: "ready\n", stderr: "" });
    expect(statuses(server).sort()).toEqual(["completed", "failed"]);
  },
);

test("a second signal does not wait for a dead Apie", async () => {
  const server = await startServer();
  server.fail("/", "hang");
  const program = service(server, "serve-busy");
  await program.says("ready");
  await server.received("/v1/agents/identify");
  // Two at once would be one to the process.
  await until("the end of an impatient user", () => {
    program.child.kill("SIGINT");
    return program.child.signalCode;
  });
  expect(await program.ended).toEqual({ code: "SIGINT", stdout: "ready\n", stderr: "" });
});

test("a signal the application handles is its own: runs it finishes then are told as finished", async () => {
  const server = await startServer();
  const program = service(server, "drain");
  await program.says("ready");
  program.child.kill("SIGTERM");
  await program.says("draining");
  // What was known is sent at once, and the process is left alone.
  await until("the first run", () => statuses(server).length === 1);
  await server.received("/v1/runs", 2);
  program.child.kill("SIGUSR2");
  expect(await program.ended).toEqual({ code: 0, stdout: "ready\ndraining\n", stderr: "" });
  expect(statuses(server)).toEqual(["completed", "completed"]);
});

test("a signal handler that exits at once has the last word", async () => {
  const server = await startServer();
  const program = service(server, "exit-on-signal");
  await program.says("ready");
  program.child.kill("SIGTERM");
  expect(await program.ended).toEqual({ code: 7, stdout: "ready\n", stderr: "" });
});

test("a signal handler that takes its time keeps its exit code, and what it did last is told", async () => {
  const server = await startServer();
  const program = service(server, "close-on-signal");
  await program.says("ready");
  program.child.kill("SIGINT");
  expect(await program.ended).toEqual({ code: 4, stdout: "ready\n", stderr: "" });
  expect(statuses(server)).toEqual(["completed", "completed"]);
});

test.each([
  ["exit", 3, /^$/],
  ["throw", 1, /the application's own/],
])("the application's own end stays as it is: %s", async (ending, code, stderr) => {
  const server = await startServer();
  const ended = await service(server, ending).ended;
  expect(ended).toMatchObject({ code, stderr: expect.stringMatching(stderr) });
});

test("a dead Apie does not change how the process ends, and what is lost by it is told", async () => {
  const server = await startServer();
  await server.close();
  const ended = await service(server, "nothing").ended;
  expect(ended).toMatchObject({ code: 0, stdout: "ready\n" });
  const [first, last, ...more] = ended.stderr.trimEnd().split("\n");
  expect(first).toMatch(/^\[apie-otel\] registration: .*ECONNREFUSED/);
  expect(last).toMatch(
    /^\[apie-otel\] the process ended before all of it had reached Apie \(.*ECONNREFUSED.*\); lost: 1 \(events, beginnings and ends of runs and sessions\)$/,
  );
  expect(more).toEqual([]);
});

test("events that the application keeps back are not told as lost by the end", async () => {
  const server = await startServer();
  const folder = await mkdtemp(join(tmpdir(), "apie-exit-"));
  cleanup(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "apie.config.mjs"), "export default { redact: () => undefined };");
  expect(await service(server, "error", folder).ended).toEqual({ code: 0, stdout: "ready\n", stderr: "" });
  expect(statuses(server).sort()).toEqual(["completed", "failed"]);
  expect(server.events).toEqual([]);
});

test("who has been told that the agent is not registered is not kept for as long as Apie asked to be left alone", async () => {
  const server = await startServer();
  server.fail("/v1/agents/identify", { status: 429, headers: { "retry-after": "240" } });
  const { ended } = startProgram(NEW_NODE, [file("ready.ts"), server.url], {
    env: { NODE_NO_WARNINGS: "1" },
  });
  expect(await ended).toEqual({ code: 0, stdout: "http_429\ntimeout\n", stderr: "" });
}, 20_000);
