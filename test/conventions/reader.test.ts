/** How conventions are asked: in order, without harm to the span, and at little cost for spans of others. */
import { describe, expect, test } from "vitest";
import { CONVENTIONS, ConventionReader } from "../../src/conventions/index.ts";
import type { Convention } from "../../src/model/convention.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { span, told } from "./recorded.ts";

const reader = new ConventionReader();

describe("of several conventions on one span", () => {
  const both = {
    "agent.operation.name": "llm_call",
    "mcp.method.name": "tools/call",
    "gen_ai.operation.name": "execute_tool",
    "ai.operationId": "ai.toolCall",
  };

  test("the first that knows it decides: ours, MCP, GenAI, AI SDK", () => {
    const order = ["apie", "otel-mcp", "otel-gen-ai", "ai-sdk"];
    expect(CONVENTIONS.map(({ name }) => name).filter((name) => order.includes(name))).toEqual(order);
    const left: Record<string, unknown> = { ...both };
    for (const [index, key] of Object.keys(both).entries()) {
      expect(reader.read(span({ attributes: left }), "end")?.convention).toBe(order[index]);
      delete left[key];
    }
    expect(reader.read(span({ attributes: left }), "end")).toBeUndefined();
  });

  test("a value one does not know leaves the span to the next", () => {
    const attributes = { ...both, "agent.operation.name": "unheard_of" };
    expect(reader.read(span({ attributes }), "end")?.convention).toBe("otel-mcp");
  });

  test("the user's own are asked first, and for content too", () => {
    const mine: Convention = {
      name: "mine",
      read: ({ name, phase }) =>
        name === "mine" ? { kind: "step", convention: "mine", stage: phase } : undefined,
      content: () => ({ input: '{"a":1}' }),
      mayTurnOut: ({ scope }) => scope === "my-agents",
    };
    const own = new ConventionReader([mine]);
    const named = span({ name: "mine", attributes: both });
    const activity = own.read(named, "start");
    expect(activity).toMatchObject({ kind: "step", convention: "mine", stage: "start" });
    expect(activity && own.content(named, "end", activity)).toMatchObject({ input: { a: 1 } });
    expect(own.read(span({ attributes: both }), "end")?.convention).toBe("apie");
    expect(own.mayTurnOut(span({ instrumentationScope: { name: "my-agents" } }))).toBe(true);
    expect(own.mayTurnOut(span({ instrumentationLibrary: { name: "my-agents" } }))).toBe(true);
    expect(own.mayTurnOut(span({}))).toBe(false);
    expect(reader.mayTurnOut(span({ instrumentationScope: { name: "my-agents" } }))).toBe(false);
  });

  test("one of the user's that throws is told, and costs only what it would have given", () => {
    const told: unknown[] = [];
    const mistake = new Error("a mistake");
    const fail = (): never => {
      throw mistake;
    };
    const broken: Convention = { name: "broken", read: fail, mayTurnOut: fail };
    const half: Convention = {
      name: "half",
      read: ({ name }) => (name === "mine" ? { kind: "step", convention: "half" } : undefined),
      content: fail,
    };
    const own = new ConventionReader([broken, half], { onFailure: (error) => told.push(error) });
    const mine = own.read(span({ name: "mine" }), "end");
    expect(mine).toMatchObject({ kind: "step", convention: "half" });
    expect(mine && own.content(span({ name: "mine" }), "end", mine)).toBeUndefined();
    expect(own.mayTurnOut(span({}))).toBe(false);
    expect(own.read(span({ attributes: both }), "end")?.convention).toBe("apie");
    expect(told).toEqual([mistake, mistake, mistake, mistake]);
  });
});

describe("session and user", () => {
  const session = (attributes: Record<string, unknown>) =>
    reader.read(span({ attributes: { "gen_ai.operation.name": "chat", ...attributes } }), "end")?.sessionId;

  test.each([
    "gen_ai.conversation.id",
    "session.id",
    "ai.telemetry.metadata.sessionId",
    "ai.telemetry.metadata.chatId",
    "ai.settings.context.threadId",
    "traceloop.association.properties.session_id",
    "langfuse.session.id",
    "mastra.metadata.threadId",
  ])("are read from %s, also on a span no convention knows", (key) => {
    expect(session({ [key]: "s1" })).toBe("s1");
    expect(reader.sessionHint(span({ attributes: { [key]: "s1" } }))).toBe("s1");
  });

  test.each([
    ['{"thread_id": "t1"}', "t1"],
    ['{"sessionId": 7, "user": "u"}', "7"],
    [{ conversation_id: "c1" }, "c1"],
    ['{"session_id": ""}', undefined],
    ['{"session_id": {}}', undefined],
    ['{"session_id": broken', undefined],
    ["session_id", undefined],
    ['["session_id"]', undefined],
    [5, undefined],
  ])("are read from metadata %j", (metadata, expected) => {
    expect(session({ metadata })).toBe(expected);
  });

  test("the convention's own word goes first", () => {
    const ours = {
      "agent.operation.name": "run",
      "agent.session.id": "ours",
      "session.id": "browser",
      "user.id": "u1",
    };
    expect(reader.read(span({ attributes: ours }), "end")).toMatchObject({ sessionId: "ours", userId: "u1" });
  });

  test("empty ones are none", () => {
    expect(session({ "gen_ai.conversation.id": "", "session.id": "s1" })).toBe("s1");
    expect(session({ "gen_ai.conversation.id": "" })).toBeUndefined();
  });
});

describe("spans are left as they are", () => {
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.finish_reasons": Object.freeze(["stop"]),
  };

  test("frozen ones, and those behind a Proxy that lets nobody write", () => {
    const refuse = (): never => {
      throw new Error("written to");
    };
    const guarded = new Proxy(attributes, { set: refuse, defineProperty: refuse, deleteProperty: refuse });
    for (const given of [Object.freeze({ ...attributes }), guarded]) {
      const one = Object.freeze(span({ attributes: given }));
      const activity = reader.read(one, "end");
      expect(told(activity)).toBe("llm op=chat model=gpt-4o finish=stop");
      if (activity !== undefined) reader.content(one, "end", activity);
    }
  });

  test("made by hand, with members missing", () => {
    const bare = { name: undefined, spanContext: () => ({ traceId: "", spanId: "" }) } as unknown as SpanLike;
    expect(reader.read(bare, "end")).toBeUndefined();
    expect(reader.sessionHint(bare)).toBeUndefined();
    expect(reader.mayTurnOut(bare)).toBe(false);
    const failed = {
      ...bare,
      attributes: { "gen_ai.operation.name": "chat" },
      status: { code: 2 },
    } as SpanLike;
    expect(told(reader.read(failed, "end"))).toBe("llm op=chat error=Error");
    const unset = { ...bare, attributes: { "gen_ai.operation.name": "chat" } } as SpanLike;
    expect(told(reader.read(unset, "end"))).toBe("llm op=chat");
  });
});

test("an HTTP span is let go after a look at the few attributes that would tell, and none is listed", () => {
  let looks = 0;
  const http = {
    "http.request.method": "GET",
    "url.full": "https://a.example/",
    "server.address": "a.example",
    "http.response.status_code": 200,
  };
  const counted = new Proxy<Record<string, unknown>>(http, {
    get(target, key) {
      looks += 1;
      return target[String(key)];
    },
    ownKeys() {
      throw new Error("all attributes were listed");
    },
  });
  const one = span({ name: "GET", kind: 2, attributes: counted, instrumentationScope: { name: "http" } });
  for (const phase of ["start", "end"] as const) {
    looks = 0;
    expect(reader.read(one, phase)).toBeUndefined();
    expect(looks).toBeLessThanOrEqual(2 * CONVENTIONS.length);
  }
});

test("long texts are cut, whole letters only", () => {
  const model = `${"x".repeat(1_023)}😀`;
  const read = reader.read(
    span({ attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": model } }),
    "end",
  );
  expect(read?.llm?.requestModel).toHaveLength(1_024);
  expect(read?.llm?.requestModel?.isWellFormed()).toBe(true);
});
