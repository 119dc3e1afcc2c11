const { createServer } = require("node:http");
const { trace } = require("@opentelemetry/api");
const { BasicTracerProvider } = require("@opentelemetry/sdk-trace-base");
const { Apie } = require("apie-otel");

/** Answers as Apie does, as far as one run needs it. */
const paths = [];
const server = createServer((request, response) => {
  paths.push(request.url);
  const id = request.url.endsWith("/runs")
    ? { id: "run_1" }
    : { agent_id: "agt_1", agent_version_id: "ver_1" };
  request
    .resume()
    .on("end", () => response.setHeader("content-type", "application/json").end(JSON.stringify(id)));
});

let apie;
let provider;

beforeAll(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${server.address().port}`;
  apie = new Apie({
    apiKey: "key",
    baseUrl,
    agent: { key: "support", name: "Support" },
    flushIntervalMs: 20,
  });
  provider = new BasicTracerProvider({ spanProcessors: [apie.spanProcessor] });
  trace.setGlobalTracerProvider(provider);
});

afterAll(async () => {
  await provider.shutdown();
  trace.disable();
  server.close();
});

test("a second file has a client and a provider of its own", async () => {
  const answer = apie.withRun({}, () => apie.withTool({ tool: { name: "find" } }, () => 42));
  await expect(answer).resolves.toBe(42);
  const report = await apie.flush();
  expect(report).toMatchObject({ ok: true, runs: { completed: 1 }, events: { delivered: 3 } });
  expect(paths).toEqual(
    expect.arrayContaining(["/v1/agents/identify", "/v1/runs", "/v1/runs/run_1/complete"]),
  );
});
