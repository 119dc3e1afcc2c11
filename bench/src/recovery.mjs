/**
 * The queue on disk after a crash: a process fills its file while Apie is away and is killed; the next one sends what it finds.
 * `node src/recovery.mjs [events]`, 100,000 by default. Prints one JSON line.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { Apie } from "../../dist/index.mjs";
import { llmSpan, SPANS_PER_RUN, startRun } from "./shapes.mjs";

const [mode = "100000", url, path, events] = process.argv.slice(2);
const turn = () => new Promise((resolve) => setImmediate(resolve));

const clientOf = (problems) =>
  new Apie({
    apiKey: "key",
    baseUrl: url,
    agent: { key: "bench", name: "Bench" },
    queueStoragePath: path,
    onError: (error) => problems.push(error.message),
    flushTimeoutMs: 600_000,
  });

/** A model call makes two events. */
async function fill() {
  const apie = clientOf([]);
  const tracer = new BasicTracerProvider({ spanProcessors: [apie.spanProcessor] }).getTracer("bench");
  for (let made = 0; made < Number(events); made += 2 * SPANS_PER_RUN) {
    const { root, parent } = startRun(tracer);
    for (let spans = 0; spans < SPANS_PER_RUN; spans += 1) llmSpan(tracer, parent);
    root.end();
    await turn();
  }
  for (;;) {
    const { storage, events: counted, spansInFlight } = apie.queueDiagnostics();
    if (spansInFlight === 0 && counted.pending >= Number(events) && storage.unsaved === 0) break;
    await turn();
  }
  process.send(apie.queueDiagnostics());
  await new Promise(() => setInterval(() => undefined, 1_000));
}

async function drain() {
  const problems = [];
  const began = performance.now();
  const apie = clientOf(problems);
  const openedMs = performance.now() - began;
  const report = await apie.flush();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage();
  process.send({
    openedMs,
    ms,
    cpuMs: (user + system) / 1_000,
    maxRssMb: process.resourceUsage().maxRSS / 1_024,
    report,
    storage: apie.queueDiagnostics().storage,
    problems,
  });
  await apie.shutdown();
  process.disconnect();
}

const child = (...args) =>
  spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", fileURLToPath(import.meta.url), ...args],
    {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
const told = (process) =>
  new Promise((resolve, reject) => {
    process.once("message", resolve);
    process.once("exit", (code) => reject(new Error(`ended with ${code}`)));
  });

async function measure(count) {
  const seen = new Map();
  let isAway = true;
  let ids = 0;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const answer = (status, body) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      };
      if (isAway) return answer(503, {});
      if (request.url === "/v1/events") {
        for (const { event_id } of JSON.parse(Buffer.concat(chunks)).events)
          seen.set(event_id, (seen.get(event_id) ?? 0) + 1);
        return answer(200, {});
      }
      ids += 1;
      answer(200, { id: `id_${ids}`, agent_id: "agt_1", agent_version_id: "ver_1" });
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  const folder = mkdtempSync(join(tmpdir(), "apie-bench-"));
  const file = join(folder, "queue");
  const filling = child("fill", address, file, String(count));
  const filled = await told(filling);
  const ended = new Promise((resolve) => filling.once("exit", resolve));
  filling.kill("SIGKILL");
  await ended;
  const fileMb = (statSync(file).size + statSync(`${file}-wal`).size) / 1_048_576;
  isAway = false;
  const draining = child("drain", address, file);
  const { openedMs, ms, cpuMs, maxRssMb, report, storage, problems } = await told(draining);
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
  const once = [...seen.values()].filter((times) => times === 1).length;
  console.log(
    JSON.stringify({
      events: filled.events.pending,
      runs: storage.recovered.runs,
      fileMb: Math.round(fileMb),
      deliveredOnce: once,
      deliveredTwice: seen.size - once,
      ok: report.ok,
      openMs: Math.round(openedMs),
      seconds: Math.round(ms) / 1_000,
      eventsPerSecond: Math.round(seen.size / (ms / 1_000)),
      cpuMicrosecondsPerEvent: Math.round((cpuMs * 1_000) / seen.size),
      maxRssMb: Math.round(maxRssMb),
      problems,
    }),
  );
}

if (mode === "fill") await fill();
else if (mode === "drain") await drain();
else await measure(Number(mode));
