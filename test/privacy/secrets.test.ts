/** PII leaks past the mask, the other half: secrets are replaced in every field of every convention and call, content or not. */
import { context, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import type { ApieOptions } from "../../src/index.ts";
import { coreOf, SECRETS } from "../events/redaction/samples.ts";
import { cleanup } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";
import { ALL_CONTENT_KEYS } from "./support/content-keys.ts";
import { SPANS, type SpanExtras, type SpanSample, spanOf } from "./support/spans.ts";
import { shown, type Watched, watch } from "./support/watch.ts";

const CUT_OFF = "key that was cut off";
const forms = Object.entries(SECRETS).filter(([name]) => name !== CUT_OFF);

/** In names of hosts and tables secrets would be changed beyond recognition; of these forms letters and digits are all there is. */
const NAMED = ["OpenAI", "GitHub classic", "Apie", "AWS key", "JSON Web Token", "Slack bot"].map(
  (name) => SECRETS[name] as string,
);

const sampleOf = (what: string): SpanSample => SPANS.find((sample) => sample.what === what) as SpanSample;
const CHAT = sampleOf("otel-gen-ai: chat");
const AGENT = sampleOf("otel-gen-ai: invoke_agent");

const escaped = (text: string): string =>
  [...text].map((letter) => `\\u00${letter.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
const inAddress = (text: string): string =>
  [...text].map((letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");

/** How a secret stands in a text. */
const WRITINGS: Readonly<Record<string, (secret: string) => string>> = {
  alone: (secret) => secret,
  "among words": (secret) => `use ${secret} here`,
  "after a word": (secret) => `user_${secret}`,
  "after a dash": (secret) => `key-${secret}`,
  "in JSON": (secret) => JSON.stringify({ note: secret }),
  "in JSON in JSON": (secret) => JSON.stringify({ a: JSON.stringify([JSON.stringify({ b: secret })]) }),
  "as a member's name": (secret) => JSON.stringify({ [secret]: 1 }),
  "in an address": (secret) => `https://api.example/?q=${encodeURIComponent(secret)}&x=1`,
  "escaped in an address": (secret) => `https://api.example/${inAddress(secret)}`,
  "escaped in JSON": (secret) => `{"note":"${escaped(secret)}"}`,
  "escaped among words": (secret) => `it is ${escaped(secret)} now`,
  "in base64": (secret) => Buffer.from(`the key is ${secret}`).toString("base64"),
  "in base64 for addresses": (secret) => Buffer.from(`{"key":"${secret}"}`).toString("base64url"),
};

/** The parts of secrets that are found in a text, in whatever case. */
function found(all: string, secrets: readonly string[] = Object.values(SECRETS)): string[] {
  const lower = all.toLowerCase();
  return secrets.filter((secret) => lower.includes(inJson(coreOf(secret)).toLowerCase()));
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

async function tell({ apie, flush }: Watched, samples: readonly [SpanSample, SpanExtras][]): Promise<void> {
  for (const [sample, extras] of samples) {
    const span = spanOf(sample, extras);
    apie.spanProcessor.onStart({ ...span, ended: false, status: { code: 0 }, events: [] }, ROOT_CONTEXT);
    apie.spanProcessor.onEnd(span);
  }
  await flush();
}

const MODES: readonly (readonly [string, ApieOptions])[] = [
  ["with content", { captureContent: true, touchedResources: ["http", "database"] }],
  ["without content", { captureContent: false, touchedResources: ["http", "database"] }],
];

/** Words a span is recognised by. */
const IS_KIND =
  /^(?:agent\.operation\.name|gen_ai\.operation\.name|mcp\.method\.name|ai\.operationId|openinference\.span\.kind|traceloop\.span\.kind|llm\.request\.type|langfuse\.observation\.type|mastra\.span\.type|db\.system\.name|http\.request\.method)$/;

/** Further keys that name things; all of them are read somewhere. */
const NAMES = [
  "agent.key agent.name agent.version agent.framework.name agent.role agent.run.id agent.run.parent.id agent.run.trigger",
  "agent.run.status agent.run.input.summary agent.run.output.summary agent.revision.id agent.session.id agent.session.kind",
  "agent.session.input.summary agent.session.output.summary agent.step.key agent.step.name agent.step.type agent.tool.provider",
  "agent.action.type agent.action.name agent.resource.type agent.resource.id agent.resource.provider agent.resource.environment",
  "agent.mcp.server.name agent.mcp.server.version agent.handoff.id agent.handoff.type agent.handoff.reason",
  "agent.handoff.source.key agent.handoff.source.name agent.handoff.target.key agent.handoff.target.name",
  "agent.guardrail.name agent.guardrail.target agent.guardrail.reason agent.guardrail.decision.id agent.approval.id",
  "agent.approval.reason agent.event.type agent.llm.purpose agent.llm.prompt_hash agent.llm.cost.currency agent.error.id",
  "error.type gen_ai.agent.name gen_ai.agent.id gen_ai.agent.version gen_ai.workflow.name gen_ai.conversation.id",
  "gen_ai.request.model gen_ai.response.model gen_ai.response.id gen_ai.provider.name gen_ai.system gen_ai.tool.name",
  "gen_ai.tool.type gen_ai.tool.call.id gen_ai.data_source.id session.id mcp.session.id server.address",
  "ai.telemetry.functionId ai.model.id ai.model.provider ai.response.id ai.response.model ai.response.finishReason",
  "ai.toolCall.name ai.toolCall.id ai.telemetry.metadata.sessionId llm.model_name llm.provider llm.system tool.name tool.id",
  "llm.finish_reason agent.name graph.node.id graph.node.name embedding.model_name traceloop.entity.name",
  "traceloop.entity.path traceloop.entity.version traceloop.association.properties.session_id gen_ai.guardrail.name",
  "langfuse.session.id langfuse.version langfuse.observation.model.name mastra.metadata.threadId",
  "mastra.mcp_tool_call.server_name db.namespace db.collection.name db.operation.name url.template",
].flatMap((line) => line.split(" "));

describe.each(MODES)("spans of every convention, %s", (_mode, options) => {
  test.each(Object.entries(WRITINGS))("in every attribute, %s", async (_how, write) => {
    const watched = await watch(options);
    let next = 0;
    const secret = (): string => {
      next += 1;
      return NAMED[next % NAMED.length] as string;
    };
    const samples = SPANS.map((sample): [SpanSample, SpanExtras] => {
      const keys = [...Object.keys(sample.attributes), ...NAMES, ...ALL_CONTENT_KEYS].filter(
        (key) => !IS_KIND.test(key),
      );
      const planted = Object.fromEntries(keys.map((key) => [key, write(secret())]));
      return [
        { ...sample, name: `${sample.name} ${write(secret())}` },
        {
          attributes: { ...planted, [write(secret())]: 1 },
          status: { code: 2, message: write(secret()) },
          events: [
            { name: write(secret()), attributes: { [write(secret())]: write(secret()) } },
            {
              name: "exception",
              attributes: {
                "exception.type": write(secret()),
                "exception.message": write(secret()),
                "exception.stacktrace": `at ${write(secret())}`,
              },
            },
          ],
          links: [
            {
              context: { traceId: write(secret()), spanId: write(secret()) },
              attributes: { [write(secret())]: write(secret()) },
            },
          ],
          resource: { "deployment.environment.name": write(secret()), [write(secret())]: write(secret()) },
        },
      ];
    });
    await tell(watched, samples);
    expect(watched.server.events.length).toBeGreaterThan(SPANS.length);
    expect(watched.everything()).toContain("[REDACTED");
    expect(found(watched.everything(), NAMED)).toEqual([]);
  });

  test("a secret of every form, as a name of each kind of work", async () => {
    const watched = await watch(options);
    await tell(
      watched,
      forms.map(([, secret]) => [
        { ...CHAT, name: `chat ${secret}`, scope: secret },
        {
          attributes: {
            "gen_ai.request.model": secret,
            "gen_ai.provider.name": secret,
            "gen_ai.response.id": `id_${secret}`,
            "gen_ai.conversation.id": secret,
            "gen_ai.input.messages": JSON.stringify([{ role: "user", content: secret }]),
          },
        },
      ]),
    );
    expect(found(watched.everything())).toEqual([]);
  });

  test("trace and span ids of spans made by hand", async () => {
    const watched = await watch(options);
    const [secret = ""] = NAMED;
    watched.apie.spanProcessor.onEnd(spanOf(CHAT, {}, { traceId: secret, spanId: secret }));
    await watched.flush();
    expect(watched.server.events.length).toBe(2);
    expect(found(watched.everything(), [secret])).toEqual([]);
  });
});

// ---- our own API -----------------------------------------------------------------------------------------------

const [OPENAI = "", GITHUB = "", APIE = "", AWS = ""] = NAMED;

describe.each(MODES)("our own API, %s", (_mode, mode) => {
  const own: ApieOptions = {
    ...mode,
    agent: { key: OPENAI, name: GITHUB, purpose: APIE, owner: AWS, team: OPENAI, description: GITHUB },
    agents: [{ key: APIE, name: AWS }],
    runtime: { environment: OPENAI, framework: GITHUB },
    model: { provider: OPENAI, name: GITHUB },
    version: { version: APIE, framework: AWS, modelProvider: OPENAI, modelName: GITHUB },
    source: { gitSha: OPENAI, deploymentId: GITHUB },
    promptHash: APIE,
    tools: [{ name: OPENAI, provider: GITHUB, actionTypes: [APIE], resourceTypes: [AWS] }],
    capabilities: [{ tool: { name: OPENAI, provider: GITHUB }, actions: [APIE, AWS] }],
    baggage: { read: true, write: true },
  };

  test("registration, ids, sessions, baggage, events of odd types", async () => {
    const watched = await watch(own);
    const { apie } = watched;
    const otel = startOtel({
      processors: [apie.spanProcessor],
      resource: { "deployment.environment": APIE },
    });
    cleanup(() => otel.close());
    const refused: unknown[] = [];
    const quietly = (work: Promise<unknown>): Promise<unknown> =>
      work.catch((error: unknown) => refused.push(error));
    const odd = {
      text: `with ${OPENAI}`,
      map: new Map([[GITHUB, new Set([APIE])]]),
      [AWS]: { deep: [[[{ bytes: Buffer.from(OPENAI), error: new Error(GITHUB) }]]] },
      date: new Date(0),
      regexp: new RegExp(APIE),
      boxed: Object(AWS),
      big: 5n,
      toJSON: undefined,
      own: { toJSON: () => ({ [OPENAI]: GITHUB }) },
    };
    await apie.withRun({ sessionId: OPENAI, metadata: odd, inputSummary: JSON.stringify({ k: APIE }) }, () =>
      apie.withChildRun({ parentRunId: GITHUB, agentKey: APIE, agentName: AWS, role: OPENAI }, () => {
        apie.track({ type: OPENAI, payload: odd, runId: APIE, sessionId: AWS });
        apie.trackApprovalRequested({ approvalId: OPENAI, reason: GITHUB });
        apie.trackApprovalResolved({ approvalId: OPENAI, status: "approved", resolvedBy: GITHUB });
        apie.trackHandoffRequested({ handoffId: APIE, targetAgentId: AWS, targetRunId: OPENAI });
        apie.captureError({ error: Object.assign(new Error(OPENAI), { name: GITHUB, code: APIE }) });
        apie.captureError({ error: OPENAI });
      }),
    );
    await apie.withRun({ conversationId: OPENAI } as never, () => apie.track({ type: "in a conversation" }));
    apie.sessions.resume({ id: OPENAI, apieId: GITHUB }, () => apie.track({ type: "resumed" }));
    apie.sessions.complete({ id: APIE, apieId: AWS }, { outputSummary: OPENAI, metadata: odd });
    const baggage = propagation.createBaggage({
      "agent.run.id": { value: OPENAI },
      "apie.run.id": { value: GITHUB },
      "agent.session.id": { value: APIE },
      "apie.session.id": { value: AWS },
    });
    const headers: string[] = [];
    await context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () =>
      apie.withRun({}, () => headers.push(shown(apie.propagation.headers("https://other.example")))),
    );
    await quietly(
      apie.capabilities.declare([{ tool: { name: OPENAI }, [GITHUB]: { [APIE]: AWS } } as never]),
    );
    await quietly(apie.tools.define({ name: OPENAI, inputSchema: { [GITHUB]: APIE } } as never));
    await quietly(apie.validateEvents([{ type: OPENAI, agentKey: GITHUB, metadata: odd }]));
    await quietly(apie.sendTestEvent());
    trace.getTracer(OPENAI).startSpan(GITHUB).end();
    await watched.flush();
    // What others wrote is theirs; what we wrote into OTLP is checked like what we sent.
    const ours = otel
      .spans()
      .filter(({ instrumentationScope }) => instrumentationScope.name === "apie-otel")
      .map(({ name, attributes, events, links, status }) => ({ name, attributes, events, links, status }));
    expect(ours.length).toBeGreaterThan(10);
    expect(watched.server.requests.length).toBeGreaterThan(8);
    const all = [
      watched.everything(),
      JSON.stringify(ours),
      headers.join("\n"),
      refused.map(shown).join("\n"),
    ];
    expect(found(all.join("\n"), NAMED)).toEqual([]);
  });
});

// ---- identity --------------------------------------------------------------------------------------------------

describe("identity that is replaced", () => {
  const other = `sk-${"Zz9".repeat(16)}`;
  const sessionsOf = ({ server }: Watched) =>
    server
      .to("/v1/sessions")
      .map(({ body }) => (body as { metadata: Record<string, unknown> }).metadata.session_id);

  test("stays apart: two sessions named by secrets are two, and each is one", async () => {
    const watched = await watch();
    const of = (id: string): [SpanSample, SpanExtras] => [
      AGENT,
      { attributes: { "gen_ai.conversation.id": id } },
    ];
    await tell(watched, [of(OPENAI), of(other), of(OPENAI), of(`about ${OPENAI}`)]);
    const ids = sessionsOf(watched);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/\[REDACTED:[\da-f]{12}\]/);
    expect(watched.server.to(/\/sessions\/[^/]+\/runs$/)).toHaveLength(4);
  });

  test("is the same in every client of one key, and nobody else's", async () => {
    const told: unknown[] = [];
    for (const apiKey of ["a key of one workspace", "a key of one workspace", "that of another"]) {
      const watched = await watch({ apiKey });
      await tell(watched, [[AGENT, { attributes: { "session.id": OPENAI } }]]);
      told.push(...sessionsOf(watched));
    }
    expect(told[0]).toBe(told[1]);
    expect(told[0]).not.toBe(told[2]);
  });

  test("of an agent is the same at registration, on its runs and in its events", async () => {
    const watched = await watch({ agent: { key: OPENAI, name: "Support" } });
    await tell(watched, [[CHAT, {}]]);
    const identify = watched.server.to("/v1/agents/identify")[0]?.body as { agent: { key: string } };
    const run = watched.server.to("/v1/runs")[0]?.body as { agent_key: string };
    const keys = [
      identify.agent.key,
      run.agent_key,
      ...watched.server.events.map(({ agent_key }) => agent_key),
    ];
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^\[REDACTED:[\da-f]{12}\]$/);
  });
});

// ---- where texts are cut ---------------------------------------------------------------------------------------

/** Rows of characters of a secret, any of which would be half of it; its first ones only tell its kind. */
const piecesOf = (secret: string): string[] =>
  Array.from({ length: Math.max(0, secret.length - 20) }, (_, at) => secret.slice(at + 10, at + 20));

/** One of each structure: what is recognised by its beginning, by its parts, by its length and by its end. */
const CUT = [
  "OpenAI",
  "GitHub fine-grained",
  "AWS key",
  "JSON Web Token",
  "SendGrid",
  "Slack app",
  "Azure storage account",
];

describe("no text is cut so that half of a secret stays", () => {
  test.each(CUT)("%s", async (name) => {
    const secret = SECRETS[name] as string;
    const watched = await watch({ captureContent: true });
    const ends = [3, 16, Math.floor(secret.length / 2), secret.length - 3];
    const samples = ends.flatMap((end) =>
      ["x ", "https://a.example/b/"].flatMap((filling) =>
        [1_024, 16_384].map((limit): [SpanSample, SpanExtras] => {
          const start = filling.repeat(limit).slice(0, limit - end - 1);
          const text = `${start}${filling === "x " ? " " : "/"}${secret}`;
          return [
            CHAT,
            {
              attributes: {
                "gen_ai.request.model": text,
                "gen_ai.conversation.id": text,
                "gen_ai.input.messages": JSON.stringify([{ role: "user", content: text }]),
                "gen_ai.output.messages": text,
              },
              status: { code: 2, message: text },
              events: [
                {
                  name: "exception",
                  attributes: { "exception.message": text, "exception.stacktrace": text },
                },
              ],
            },
          ];
        }),
      ),
    );
    await tell(watched, samples);
    const all = watched.everything();
    expect(piecesOf(secret).filter((piece) => all.includes(piece))).toEqual([]);
  });

  test.each(["RSA key", "JSON Web Token", "OpenAI project"])(
    "%s in the middle of a long text, wherever what is left out ends",
    async (name) => {
      const secret = (SECRETS[name] as string).replace(/\n/g, name === "RSA key" ? "\n" : "");
      const watched = await watch({ captureContent: true });
      const samples = [0, 20, 60, 100, 140].map((shift): [SpanSample, SpanExtras] => {
        // Of a long text the last quarter of what may be kept is its end.
        const end = "and so on ".repeat(1_000).slice(0, 4_096 - shift);
        const text = `${"it began so ".repeat(5_000)}${secret} ${end}`;
        return [
          CHAT,
          { attributes: { "gen_ai.input.messages": JSON.stringify([{ role: "user", content: text }]) } },
        ];
      });
      await tell(watched, samples);
      const all = watched.everything();
      expect(all).toContain("and so on");
      const pieces = piecesOf(secret).filter((piece) => !/[-\n ]|KEY$/.test(piece) && all.includes(piece));
      expect(pieces).toEqual([]);
    },
  );

  test("nor is one in what a server says, in its first line or after it", async () => {
    const watched = await watch({ retryAttempts: 1, flushTimeoutMs: 300 });
    const padding = "a row of words ".repeat(30);
    watched.server.rule(({ path }) =>
      path === "/v1/runs"
        ? { status: 401, body: { error: `${padding.slice(0, 285)} ${OPENAI} ${GITHUB} apie_sk_test_key` } }
        : undefined,
    );
    await tell(watched, [[CHAT, {}]]);
    expect(watched.said()).toContain("HTTP 401");
    expect(watched.said()).not.toMatch(/sk-aB|ghp_|apie_sk_test/);
  });
});

test("an API key of no known form is not shown when a server repeats it", async () => {
  const apiKey = "correct-horse-battery";
  const watched = await watch({ apiKey, retryAttempts: 1, flushTimeoutMs: 300 });
  watched.server.rule(({ headers }) => ({
    status: 401,
    body: { error: `no such key: ${headers.authorization}` },
  }));
  await tell(watched, [[CHAT, {}]]);
  expect(watched.said()).toContain("HTTP 401");
  expect(watched.said()).not.toContain(apiKey);
});
