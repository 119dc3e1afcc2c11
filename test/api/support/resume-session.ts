/** A process that has nothing but a session handle: goes on with the session, and completes it. */
import { Apie, type SessionHandle } from "../../../src/index.ts";
import { startOtel } from "../../support/otel.ts";
import { inputOfChild } from "./child.ts";

const { url, handle } = inputOfChild<{ url: string; handle: SessionHandle }>();
const apie = new Apie({ apiKey: "apie_sk_test_key", baseUrl: url, agent: { key: "worker", name: "Worker" } });
const otel = startOtel({ processors: [apie.spanProcessor] });
await apie.sessions.resume(handle, () =>
  apie.withRun({ inputSummary: "Go on" }, () => apie.track({ type: "went.on" })),
);
apie.sessions.complete(handle, { outputSummary: "done elsewhere", status: "cancelled" });
const report = await apie.flush();
const links = otel.spans().map(({ name, links }) => ({
  name,
  links: links.map((link) => [link.attributes?.["agent.link.type"], link.context.traceId]),
}));
console.log(JSON.stringify({ report, links }));
await apie.shutdown();
await otel.close();
