/**
 * The other side of every variant, in a process of its own: takes OTLP (also Langfuse's and Braintrust's) and the Apie
 * protocol, counts what arrives, keeps nothing. `GET /count` tells, `/reset` begins anew; between `/hold` and `/release` runs
 * are not answered for, so that their events wait.
 */
import { createServer } from "node:http";

const count = { spans: 0, events: 0, requests: 0, bytes: 0 };
const ALLOWED = {
  policy_decision: "allow",
  effective_decision: "allow",
  mode: "enforce",
  reason: "No policy",
};
let ids = 0;
let held;

/** Each span of an OTLP JSON body has one of these; cheaper than parsing 2 KB per span. */
const occurrences = (body, needle) => {
  let found = 0;
  for (let at = body.indexOf(needle); at !== -1; at = body.indexOf(needle, at + needle.length)) found += 1;
  return found;
};

const controls = {
  "/count": () => count,
  "/reset": () => Object.assign(count, { spans: 0, events: 0, requests: 0, bytes: 0 }),
  "/hold": () => {
    held = [];
    return {};
  },
  "/release": () => {
    for (const answer of held?.splice(0) ?? []) answer();
    held = undefined;
    return {};
  },
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const answer = (body) => {
      const text = JSON.stringify(body);
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      });
      response.end(text);
    };
    const { url } = request;
    if (url in controls) return answer(controls[url]());
    const body = Buffer.concat(chunks);
    count.requests += 1;
    count.bytes += body.length;
    if (url === "/v1/events") {
      count.events += occurrences(body, '"event_id":"');
      return answer({});
    }
    if (url === "/v1/guardrails/evaluate") return answer(ALLOWED);
    if (url === "/v1/agents/identify") return answer({ agent_id: "agt_1", agent_version_id: "ver_1" });
    ids += 1;
    const opened = { id: `id_${ids}`, status: "running" };
    if (/\/runs$/.test(url)) return held === undefined ? answer(opened) : held.push(() => answer(opened));
    if (url === "/v1/sessions") return answer(opened);
    if (/\/(v1\/)?traces$/.test(url)) count.spans += occurrences(body, '"startTimeUnixNano"');
    return answer({});
  });
});

server.listen(0, "127.0.0.1", () => process.send?.({ port: server.address().port }));
process.on("disconnect", () => process.exit(0));
