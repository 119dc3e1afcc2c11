/**
 * What a guard adds to a tool call, as its caller waits for it: median over calls, one after the other, in one run. In monitor
 * mode that is the work of writing the request, which is not waited for. `post` is a
 * request of the same size to the same server with `node:http` alone, the round trip that enforce mode cannot do without.
 */
import http from "node:http";
import { median } from "../numbers.mjs";

const WARM = 200;

/** As long as a question. */
const BODY = JSON.stringify({
  agent_key: "bench",
  mode: "enforce",
  action: {},
  resource: {},
  padding: "x".repeat(120),
});

function poster(url) {
  const agent = new http.Agent({ keepAlive: true });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(BODY) };
  return () =>
    new Promise((resolve, reject) => {
      const request = http.request(`${url}/v1/guardrails/evaluate`, { method: "POST", agent, headers });
      request.on("error", reject);
      request.on("response", (response) => response.on("end", resolve).resume());
      request.end(BODY);
    });
}

export default async function guard({ job, destination, turn }) {
  const { apie } = destination;
  const tool = {
    tool: { name: "search" },
    action: { type: "read", name: "search" },
    resource: { type: "file" },
  };
  const call = apie === undefined ? poster(job.url) : () => apie.withTool(tool, () => 1);
  const times = [];
  const all = async () => {
    for (let nth = 0; nth < WARM + job.calls; nth += 1) {
      const start = process.hrtime.bigint();
      await call();
      if (nth >= WARM) times.push(Number(process.hrtime.bigint() - start) / 1e3);
      await turn();
    }
  };
  await (apie === undefined ? all() : apie.withRun({}, all));
  await destination.finish();
  return { callUs: median(times) };
}
