import { type Attributes, type Link, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import {
  AGENT_LINK_TYPE,
  AGENT_OPERATION_NAME,
  AGENT_RUN_STATUS,
  ATTR_AGENT_ERROR_ID,
  ATTR_AGENT_KEY,
  ATTR_AGENT_LINK_TYPE,
  ATTR_AGENT_LLM_COST_AMOUNT,
  ATTR_AGENT_MCP_SERVER_NAME,
  ATTR_AGENT_METADATA,
  ATTR_AGENT_NAME,
  ATTR_AGENT_OPERATION_NAME,
  ATTR_AGENT_RUN_ID,
  ATTR_AGENT_RUN_OUTPUT_TYPE,
  ATTR_AGENT_RUN_SOURCES,
  ATTR_AGENT_RUN_STATUS,
  ATTR_AGENT_RUN_USAGE_INPUT_TOKENS,
  ATTR_AGENT_SESSION_ID,
  ATTR_AGENT_TOOL_RISK_LEVEL,
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_MCP_METHOD_NAME,
  ATTR_SESSION_ID,
  checkSpan,
  type ObservedSpan,
  SCHEMA_URL,
} from "../../src/semconv/index.ts";
import { record } from "./recorded-spans.ts";

const RUN_AT_START: Attributes = {
  [ATTR_AGENT_OPERATION_NAME]: AGENT_OPERATION_NAME.RUN,
  [ATTR_GEN_AI_OPERATION_NAME]: "invoke_agent",
  [ATTR_AGENT_KEY]: "support",
  [ATTR_AGENT_NAME]: "Support",
  [ATTR_GEN_AI_AGENT_NAME]: "Support",
  [ATTR_AGENT_RUN_ID]: "r1",
  [ATTR_AGENT_SESSION_ID]: "s1",
  [ATTR_GEN_AI_CONVERSATION_ID]: "s1",
  [ATTR_SESSION_ID]: "s1",
};

const SESSION_LINK: Link = {
  context: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 },
  attributes: { [ATTR_AGENT_LINK_TYPE]: AGENT_LINK_TYPE.SESSION },
};

interface RunOptions {
  name?: string;
  kind?: SpanKind;
  links?: Link[];
  /** Attributes at start, over the good ones; `undefined` leaves one out. */
  start?: Record<string, unknown>;
  /** Written before the span ends. */
  write?: (span: Span) => void;
}

/** A run span as the convention wants it, with one thing changed. */
function run({
  name = "invoke_agent Support",
  kind,
  links = [SESSION_LINK],
  start,
  write,
}: RunOptions = {}): ObservedSpan {
  const attributes = { ...RUN_AT_START, ...start } as Attributes;
  return record(name, { ...(kind === undefined ? {} : { kind }), links, attributes }, (span) => {
    span.setAttribute(ATTR_AGENT_RUN_STATUS, AGENT_RUN_STATUS.COMPLETED);
    write?.(span);
  });
}

/** Findings in short: their code and what they are about. */
function findings(span: ObservedSpan): string[] {
  return checkSpan(span).map(({ code, key }) => (key === undefined ? code : `${code} ${key}`));
}

describe("a run as the convention wants it", () => {
  test("conforms", () => {
    expect(checkSpan(run())).toEqual([]);
  });

  test("conforms when it is told what it is inside", () => {
    expect(checkSpan({ ...run(), inside: { run: true, session: true } })).toEqual([]);
  });

  test("conforms when it failed and says how", () => {
    const failed = run({
      write: (span) => {
        span.setAttributes({
          [ATTR_AGENT_RUN_STATUS]: AGENT_RUN_STATUS.FAILED,
          [ATTR_ERROR_TYPE]: "TypeError",
          [ATTR_AGENT_ERROR_ID]: "e1",
        });
        span.setStatus({ code: SpanStatusCode.ERROR });
      },
    });
    expect(checkSpan(failed)).toEqual([]);
  });

  test("may carry attributes of others", () => {
    expect(
      checkSpan(run({ start: { "http.route": "/tickets", "agentless.thing": 1, "app.agent.x": true } })),
    ).toEqual([]);
  });

  test("keeps a session.id it found on the span", () => {
    expect(checkSpan(run({ start: { [ATTR_SESSION_ID]: "of-the-browser" } }))).toEqual([]);
  });

  test("is named by its key when it has no name", () => {
    const nameless = { [ATTR_AGENT_NAME]: undefined, [ATTR_GEN_AI_AGENT_NAME]: undefined };
    expect(checkSpan(run({ name: "invoke_agent support", start: nameless }))).toEqual([]);
  });

  test("is checked under the schema URL its tracer names", () => {
    expect(run()).toMatchObject({ schemaUrl: SCHEMA_URL });
  });
});

describe("checkSpan finds", () => {
  test("a span of no known operation", () => {
    expect(findings(run({ start: { [ATTR_AGENT_OPERATION_NAME]: "dance" } }))).toEqual([
      "unknown_operation agent.operation.name",
    ]);
    expect(findings(run({ start: { [ATTR_AGENT_OPERATION_NAME]: undefined } }))).toEqual([
      "unknown_operation agent.operation.name",
    ]);
  });

  test("a required attribute that is missing", () => {
    expect(findings(run({ start: { [ATTR_AGENT_RUN_ID]: undefined } }))).toEqual([
      "missing_attribute agent.run.id",
    ]);
  });

  test("an attribute that comes too late", () => {
    const late = run({
      start: { [ATTR_AGENT_RUN_ID]: undefined },
      write: (span) => span.setAttribute(ATTR_AGENT_RUN_ID, "r1"),
    });
    expect(findings(late)).toEqual(["missing_at_start agent.run.id"]);
  });

  test("a recommended attribute that comes too late", () => {
    const late = run({
      name: "invoke_agent Support",
      start: { [ATTR_AGENT_NAME]: undefined, [ATTR_GEN_AI_AGENT_NAME]: undefined },
      write: (span) =>
        span.setAttributes({ [ATTR_AGENT_NAME]: "Support", [ATTR_GEN_AI_AGENT_NAME]: "Support" }),
    });
    expect(findings(late).sort()).toEqual([
      "missing_at_start agent.name",
      "missing_at_start gen_ai.agent.name",
    ]);
  });

  test("an upstream twin that is missing", () => {
    expect(findings(run({ start: { [ATTR_GEN_AI_AGENT_NAME]: undefined } }))).toEqual([
      "missing_twin gen_ai.agent.name",
    ]);
    expect(
      findings(
        run({ start: { [ATTR_GEN_AI_CONVERSATION_ID]: undefined, [ATTR_SESSION_ID]: undefined } }),
      ).sort(),
    ).toEqual(["missing_twin gen_ai.conversation.id", "missing_twin session.id"]);
    expect(findings(run({ start: { [ATTR_GEN_AI_OPERATION_NAME]: undefined } }))).toEqual([
      "missing_twin gen_ai.operation.name",
    ]);
    expect(findings(run({ write: (span) => span.setAttribute(ATTR_AGENT_RUN_OUTPUT_TYPE, "json") }))).toEqual(
      ["missing_twin gen_ai.output.type"],
    );
  });

  test("an upstream twin that says something else", () => {
    expect(findings(run({ start: { [ATTR_GEN_AI_AGENT_NAME]: "Sales" } }))).toEqual([
      "unequal_twin gen_ai.agent.name",
    ]);
    const types = { [ATTR_AGENT_RUN_OUTPUT_TYPE]: "json", [ATTR_GEN_AI_OUTPUT_TYPE]: "text" };
    expect(findings(run({ write: (span) => span.setAttributes(types) }))).toEqual([
      "unequal_twin gen_ai.output.type",
    ]);
  });

  test("attributes of ours that do not exist", () => {
    expect(findings(run({ start: { "agent.mood": "fine", "apie.run.mood": "fine", agent: "x" } }))).toEqual([
      "unknown_attribute agent.mood",
      "unknown_attribute apie.run.mood",
      "unknown_attribute agent",
    ]);
    expect(findings(run({ start: { "agent.threat.detection.rule_id": "r" } }))).toEqual([
      "unknown_attribute agent.threat.detection.rule_id",
    ]);
  });

  test("an attribute of ours that is for other spans, or for links", () => {
    expect(
      findings(run({ start: { [ATTR_AGENT_TOOL_RISK_LEVEL]: "low", [ATTR_AGENT_LINK_TYPE]: "session" } })),
    ).toEqual(["unknown_attribute agent.tool.risk_level", "unknown_attribute agent.link.type"]);
  });

  test("values of a wrong type, ours and upstream's", () => {
    const wrong = run({
      write: (span) =>
        span.setAttributes({
          [ATTR_AGENT_RUN_USAGE_INPUT_TOKENS]: 8.5,
          [ATTR_AGENT_RUN_SOURCES]: "https://example.com",
          [ATTR_AGENT_METADATA]: "[1, 2]",
          [ATTR_GEN_AI_REQUEST_MODEL]: 4,
        }),
    });
    expect(findings(wrong)).toEqual([
      "wrong_type agent.run.usage.input_tokens",
      "wrong_type agent.run.sources",
      "wrong_type agent.metadata",
      "wrong_type gen_ai.request.model",
    ]);
  });

  test("a value the enumeration does not have", () => {
    expect(findings(run({ write: (span) => span.setAttribute(ATTR_AGENT_RUN_STATUS, "done") }))).toEqual([
      "undefined_enum_value agent.run.status",
    ]);
  });

  test("a value this span does not allow", () => {
    expect(findings(run({ write: (span) => span.setAttribute(ATTR_AGENT_RUN_STATUS, "resting") }))).toEqual([
      "undefined_enum_value agent.run.status",
    ]);
    expect(findings(run({ start: { [ATTR_GEN_AI_OPERATION_NAME]: "chat" } }))).toEqual([
      "undefined_enum_value gen_ai.operation.name",
    ]);
  });

  test("a wrong kind", () => {
    expect(findings(run({ kind: SpanKind.SERVER }))).toEqual(["wrong_kind"]);
  });

  test("a wrong name", () => {
    expect(findings(run({ name: "run Support" }))).toEqual(["wrong_name"]);
  });

  test("a status of OK, which OpenTelemetry leaves to the application", () => {
    expect(findings(run({ write: (span) => span.setStatus({ code: SpanStatusCode.OK }) }))).toEqual([
      "wrong_status",
    ]);
  });

  test("a failure without error.type", () => {
    expect(findings(run({ write: (span) => span.setStatus({ code: SpanStatusCode.ERROR }) }))).toEqual([
      "missing_attribute error.type",
    ]);
  });

  test("a link that does not say, or does not know, what it means", () => {
    const { context } = SESSION_LINK;
    expect(findings(run({ links: [{ context }, SESSION_LINK] }))).toEqual([
      "link_without_type agent.link.type",
    ]);
    expect(findings(run({ links: [{ context, attributes: { [ATTR_AGENT_LINK_TYPE]: "cousin" } }] }))).toEqual(
      ["undefined_enum_value agent.link.type"],
    );
  });

  test("a link that is for other spans", () => {
    const { context } = SESSION_LINK;
    const link = { context, attributes: { [ATTR_AGENT_LINK_TYPE]: AGENT_LINK_TYPE.STARTED_RUN } };
    expect(findings(run({ links: [link] }))).toEqual(["unexpected_link started_run"]);
  });

  test("several things at once, each by itself", () => {
    const wrong = run({
      name: "x",
      kind: SpanKind.CLIENT,
      links: [],
      start: { [ATTR_AGENT_KEY]: undefined, "agent.x": 1 },
    });
    expect(findings(wrong)).toEqual([
      "missing_attribute agent.key",
      "unknown_attribute agent.x",
      "wrong_kind",
      "wrong_name",
    ]);
  });
});

describe("rules that depend on where the span was written", () => {
  const tool = (start: Attributes = {}): ObservedSpan =>
    record("execute_tool search", {
      attributes: {
        [ATTR_AGENT_OPERATION_NAME]: AGENT_OPERATION_NAME.TOOL_CALL,
        [ATTR_GEN_AI_OPERATION_NAME]: "execute_tool",
        [ATTR_AGENT_KEY]: "support",
        [ATTR_GEN_AI_TOOL_NAME]: "search",
        ...start,
      },
    });

  test("are skipped where that is not said", () => {
    expect(checkSpan(tool())).toEqual([]);
  });

  test("do not apply outside", () => {
    expect(checkSpan({ ...tool(), inside: { run: false, session: false } })).toEqual([]);
  });

  test("want the run's and the session's id inside", () => {
    expect(findings({ ...tool(), inside: { run: true } })).toEqual(["missing_attribute agent.run.id"]);
    expect(findings({ ...tool(), inside: { session: true } })).toEqual([
      "missing_attribute agent.session.id",
    ]);
    expect(checkSpan({ ...tool({ [ATTR_AGENT_RUN_ID]: "r1" }), inside: { run: true } })).toEqual([]);
  });
});

describe("rules that depend on other attributes", () => {
  const mcp = (
    method: string,
    name: string,
    start: Attributes = {},
    write?: (span: Span) => void,
  ): ObservedSpan =>
    record(
      name,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          [ATTR_AGENT_OPERATION_NAME]: AGENT_OPERATION_NAME.MCP_REQUEST,
          [ATTR_AGENT_KEY]: "support",
          [ATTR_AGENT_MCP_SERVER_NAME]: "cicd",
          [ATTR_MCP_METHOD_NAME]: method,
          ...start,
        },
      },
      write,
    );

  test("want tool and operation on an MCP tool call only", () => {
    expect(findings(mcp("tools/call", "tools/call"))).toEqual([
      "missing_twin gen_ai.operation.name",
      "missing_attribute gen_ai.tool.name",
    ]);
    const call = { [ATTR_GEN_AI_OPERATION_NAME]: "execute_tool", [ATTR_GEN_AI_TOOL_NAME]: "deploy" };
    expect(checkSpan(mcp("tools/call", "tools/call deploy", call))).toEqual([]);
    expect(checkSpan(mcp("ping", "ping"))).toEqual([]);
  });

  test("want the number of tools on a list of tools that are known", () => {
    const listed = mcp("tools/list", "tools/list", {}, (span) =>
      span.setAttribute("agent.mcp.tool.names", ["deploy"]),
    );
    expect(findings(listed)).toEqual(["missing_attribute agent.mcp.tool.count"]);
    expect(checkSpan(mcp("tools/list", "tools/list"))).toEqual([]);
    const failed = mcp("tools/list", "tools/list", {}, (span) => {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute(ATTR_ERROR_TYPE, "-32601");
    });
    expect(checkSpan(failed)).toEqual([]);
  });

  test("want a currency with an amount", () => {
    const llm = record("chat gpt-5", {
      kind: SpanKind.CLIENT,
      attributes: {
        [ATTR_AGENT_OPERATION_NAME]: AGENT_OPERATION_NAME.LLM_CALL,
        [ATTR_AGENT_KEY]: "support",
        [ATTR_GEN_AI_OPERATION_NAME]: "chat",
        [ATTR_GEN_AI_PROVIDER_NAME]: "openai",
        [ATTR_GEN_AI_REQUEST_MODEL]: "gpt-5",
        [ATTR_AGENT_LLM_COST_AMOUNT]: 0.01,
      },
    });
    expect(findings(llm)).toEqual(["missing_attribute agent.llm.cost.currency"]);
  });
});

describe("checkSpan never throws", () => {
  test.each([
    ["an object without prototype", Object.create(null)],
    ["a symbol", Symbol("x")],
    ["a big integer", 10n],
    ["a function", () => 1],
  ])("on %s as a value", (_what, value) => {
    const span: ObservedSpan = {
      name: "invoke_agent Support",
      attributesAtStart: { ...RUN_AT_START, [ATTR_AGENT_RUN_ID]: value, [ATTR_AGENT_OPERATION_NAME]: "run" },
      attributesAtEnd: { [ATTR_AGENT_RUN_STATUS]: value },
      links: [{ attributes: { [ATTR_AGENT_LINK_TYPE]: value } }],
      status: { code: 0 },
    };
    expect(findings(span)).toEqual([
      "wrong_type agent.run.id",
      "wrong_type agent.run.status",
      "undefined_enum_value agent.link.type",
    ]);
  });

  test("on keys that every object has", () => {
    const span = { ...run(), attributesAtEnd: { ...run().attributesAtEnd, constructor: 1, toString: "x" } };
    expect(findings(span as unknown as ObservedSpan)).toEqual([]);
  });
});
