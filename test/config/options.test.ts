import { describe, expect, test } from "vitest";
import type { ApieOptions } from "../../src/config/index.ts";
import { ApieConfigError } from "../../src/model/errors.ts";
import { problemsOf, resolved } from "./support.ts";

interface Cases {
  good: readonly unknown[];
  /** Value, the field that is to be named (the option itself when left out), and what is to be said of it. */
  bad: readonly (readonly [value: unknown, message: string | RegExp, path?: string])[];
}

const A_FLAG = "expected true or false";
const A_TEXT = "expected text";
const A_FUNCTION = /^expected a function/;

const flag: Cases = {
  good: [true, false],
  bad: [
    ["true", A_FLAG],
    [1, A_FLAG],
    [null, A_FLAG],
  ],
};
const texts: Cases = {
  good: [[], ["a", "b"]],
  bad: [
    ["a", "expected a list of texts"],
    [["a", 5], A_TEXT, "1"],
  ],
};
const hook: Cases = {
  good: [() => undefined],
  bad: [
    ["f", A_FUNCTION],
    [{}, A_FUNCTION],
    [null, A_FUNCTION],
  ],
};

function oneOf(...values: string[]): Cases {
  const message = `expected one of ${values.map((value) => `"${value}"`).join(", ")}`;
  return {
    good: values,
    bad: [
      ["other", message],
      [true, message],
      [null, message],
    ],
  };
}

function whole(min: number, max: number, unit: string): Cases {
  const message = `expected a whole number of ${unit} from ${min} to ${max}`;
  const bad = [min - 1, max + 1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY, String(min), null];
  return { good: [min, max], bad: bad.map((value) => [value, message] as const) };
}

/** An object whose members are all optional texts. */
function optionalTexts(...names: string[]): Cases {
  return {
    good: [{}, Object.fromEntries(names.map((name) => [name, "x"]))],
    bad: [
      ["x", /^expected \{/],
      [[], /^expected \{/],
      ...names.map((name) => [{ [name]: 5 }, A_TEXT, name] as const),
    ],
  };
}

const done = async (): Promise<boolean> => true;
const store = { get: async () => undefined, setIfAbsent: done, touch: done, delete: done };
const DAY = 86_400_000;
const MINUTE = 60_000;

const OPTIONS: Record<keyof ApieOptions, Cases> = {
  apiKey: {
    good: ["apie_sk_1"],
    bad: [
      [5, "expected the API key"],
      ["", "expected the API key"],
      [" \n", "expected the API key"],
      ["key\r\nx-injected: 1", /^expected text that an HTTP header can carry: no line breaks/],
      ["ключ", /^expected text that an HTTP header can carry: no line breaks/],
    ],
  },
  baseUrl: {
    good: ["http://127.0.0.1:4319", "https://api.example/apie"],
    bad: [
      ["", /^expected the address of Apie, e.g. "https:/],
      [5, /^expected the address of Apie/],
      ["api.example", /^expected an http\(s\) address/],
      ["ftp://api.example", /^expected an http\(s\) address/],
      ["javascript:alert(1)", /^expected an http\(s\) address/],
      ["https://user:pass@api.example", "expected an address without user and password"],
      ["https://api.example/?x=1", "expected an address without ? and #"],
      ["https://api.example/#x", "expected an address without ? and #"],
    ],
  },
  enabled: flag,
  agent: {
    good: [
      { key: "a", name: "A" },
      { key: "a", name: "A", purpose: "p", owner: "o@example.com", team: "t", description: "d" },
    ],
    bad: [
      ["support", 'expected { key: "support", name: "Support" }'],
      [null, 'expected { key: "support", name: "Support" }'],
      [{ name: "A" }, /^expected a stable key of the agent/, "key"],
      [{ key: " ", name: "A" }, /^expected a stable key of the agent/, "key"],
      [{ key: "a".repeat(257), name: "A" }, "expected at most 256 characters", "key"],
      [{ key: "a" }, /^expected the agent's display name/, "name"],
      [{ key: "a", name: "A", team: 5 }, A_TEXT, "team"],
    ],
  },
  runtime: optionalTexts("environment", "framework", "language", "sdkVersion"),
  model: optionalTexts("provider", "name"),
  version: optionalTexts("version", "framework", "modelProvider", "modelName"),
  source: optionalTexts("gitSha", "deploymentId"),
  promptHash: { good: ["sha256:1"], bad: [[5, A_TEXT]] },
  mode: oneOf("monitor", "enforce"),
  guardFailureMode: oneOf("fail_open", "fail_closed", "throw"),
  approvalTimeoutMs: whole(0, 7 * DAY, "ms"),
  capabilities: {
    good: [
      [],
      [{ tool: { name: "search" } }],
      [
        {
          tool: { name: "search", provider: "zendesk" },
          actions: ["read"],
          resources: ["work_item"],
          environments: ["production"],
          riskLevel: "low",
        },
      ],
    ],
    bad: [
      [{}, "expected a list of capabilities"],
      [["search"], /^expected a capability, e.g./, "0"],
      [[{}], 'expected { name: "search" }', "0.tool"],
      [[{ tool: {} }], "expected the tool's name", "0.tool.name"],
      [[{ tool: { name: "x" }, actions: "read" }], "expected a list of texts", "0.actions"],
      [[{ tool: { name: "x" }, riskLevel: "huge" }], /^expected one of "low"/, "0.riskLevel"],
    ],
  },
  tools: {
    good: [
      [{ name: "search" }],
      [
        {
          name: "search",
          provider: "zendesk",
          description: "Finds tickets",
          inputSchema: { type: "object" },
          actionTypes: ["read"],
          resourceTypes: ["work_item"],
          environments: ["production"],
          riskLevel: "critical",
        },
      ],
    ],
    bad: [
      ["search", "expected a list of tools"],
      [[5], /^expected a tool, e.g./, "0"],
      [[{ name: "" }], "expected the tool's name", "0.name"],
      [[{ name: "x", riskLevel: 3 }], /^expected one of "low"/, "0.riskLevel"],
    ],
  },
  boundary: {
    good: [
      {},
      { warnOnUndeclaredTools: true, warnOnUnknownResourceTypes: false, autoInferFromToolNames: true },
    ],
    bad: [
      [true, /^expected \{/],
      [{ warnOnUndeclaredTools: "yes" }, A_FLAG, "warnOnUndeclaredTools"],
    ],
  },
  flushIntervalMs: whole(10, 10 * MINUTE, "ms"),
  maxBatchSize: whole(1, 10_000, "events"),
  maxQueueSize: whole(1, 10_000_000, "events"),
  retryAttempts: whole(1, 100, "attempts"),
  retryBaseDelayMs: whole(1, MINUTE, "ms"),
  queueStoragePath: {
    good: ["./queue"],
    bad: [
      ["", "expected a file or folder"],
      [5, "expected a file or folder"],
    ],
  },
  queueDropPolicy: oneOf("drop_oldest", "drop_newest"),
  queueIdempotencyKey: hook,
  onError: {
    good: ["silent", "warn", "throw", () => undefined],
    bad: [
      ["log", 'expected "silent", "warn", "throw" or a function (error) => void'],
      [null, 'expected "silent", "warn", "throw" or a function (error) => void'],
    ],
  },
  redact: hook,
  redactKeys: texts,
  redactAllowPaths: texts,
  redactDenyPatterns: {
    good: [[], ["internal-\\d+", "/acme/i", /acme/u, /acme/gy]],
    bad: [
      ["x", "expected a list of regular expressions"],
      [[5], "expected text or a regular expression", "0"],
      [["fine", "("], /^expected a valid regular expression: /, "1"],
      [["/x/zz"], /^expected a valid regular expression: /, "0"],
      [["a*"], /^expected an expression that does not match the empty text/, "0"],
      [[""], /^expected an expression that does not match the empty text/, "0"],
    ],
  },
  maxEventPayloadBytes: whole(1_024, 67_108_864, "bytes"),
  timeout: whole(1, 10 * MINUTE, "ms"),
  headers: {
    good: [{}, { "x-tenant": "acme", "User-Agent": "mine/1" }],
    bad: [
      ["x: 1", "expected an object of header names and values"],
      [{ "x tenant": "a" }, "expected a header name", "x tenant"],
      [{ "": "a" }, "expected a header name", ""],
      [{ "x-tenant": 5 }, A_TEXT, "x-tenant"],
      [{ "x-tenant": "a\nb" }, /^expected text that an HTTP header can carry: no line breaks/, "x-tenant"],
      [{ "Content-Length": "5" }, /^expected another header/, "Content-Length"],
      [{ "transfer-encoding": "chunked" }, /^expected another header/, "transfer-encoding"],
    ],
  },
  fetch: hook,
  captureContent: flag,
  runSpans: oneOf("root", "nested"),
  runMarker: flag,
  conventions: {
    good: [[], [{ name: "mine", read: () => undefined }]],
    bad: [
      [{}, "expected a list of conventions"],
      [[{ name: "mine" }], "expected a convention: { name, read(view) }", "0"],
      [[{ name: "", read: () => undefined }], "expected a convention: { name, read(view) }", "0"],
      [[null], "expected a convention: { name, read(view) }", "0"],
    ],
  },
  agents: {
    good: [[], [{ key: "billing", name: "Billing" }]],
    bad: [
      [{}, "expected a list of { key, name }"],
      [["billing"], 'expected { key: "billing", name: "Billing" }', "0"],
      [[{ key: "billing" }], "expected a name", "0.name"],
    ],
  },
  implicitRuns: oneOf("run", "attach", "drop"),
  inferRules: {
    good: [
      [],
      false,
      [{ tool: "refund", action: "update", resource: "payment", riskLevel: "high" }, { tool: /^crm_/ }],
    ],
    bad: [
      [{}, "expected false or a list of rules { tool, action, resource }"],
      [true, "expected false or a list of rules { tool, action, resource }"],
      [["deploy"], 'expected { tool: "deploy", action: "execute", resource: "deployment_event" }', "0"],
      [[{ tool: "" }], "expected a word of a tool's name", "0.tool"],
      [
        [{ tool: "deploy", riskLevel: "huge" }],
        'expected one of "low", "medium", "high", "critical"',
        "0.riskLevel",
      ],
    ],
  },
  touchedResources: {
    good: [
      [],
      ["http", "database"],
      [
        {
          attribute: "messaging.system",
          value: /kafka/,
          resource: "queue",
          id: ["messaging.destination.name"],
        },
      ],
    ],
    bad: [
      [true, 'expected a list of "http", "database" or { attribute: "messaging.system", resource: "queue" }'],
      [["ftp"], 'expected "http", "database" or { attribute: "messaging.system", resource: "queue" }', "0"],
    ],
  },
  idleTimeoutMs: whole(10, DAY, "ms"),
  maxBatchBytes: whole(4_096, 67_108_864, "bytes"),
  maxQueueBytes: whole(65_536, 4_294_967_296, "bytes"),
  queueStorageMaxBytes: whole(1_048_576, 1_099_511_627_776, "bytes"),
  maxConcurrentBatches: whole(1, 64, "POSTs"),
  flushTimeoutMs: whole(1, 10 * MINUTE, "ms"),
  shutdownTimeoutMs: whole(1, 10 * MINUTE, "ms"),
  guardTimeoutMs: whole(1, 10 * MINUTE, "ms"),
  sessionStore: {
    good: [store, { ...store, ttlMs: 1_000 }],
    bad: [
      [
        {},
        "expected a session store, e.g. redisSessionStore(client); it lacks get(), setIfAbsent(), touch(), delete()",
      ],
      [{ ...store, touch: undefined }, /it lacks touch\(\)$/],
      ["redis://localhost", /^expected a session store/],
      [null, /^expected a session store/],
      [{ ...store, ttlMs: 999 }, "expected a whole number of ms from 1000 to 604800000", "ttlMs"],
      [{ ...store, ttlMs: "1h" }, "expected a whole number of ms from 1000 to 604800000", "ttlMs"],
    ],
  },
  baggage: {
    good: [{}, { read: true, write: true }, { write: ["api.example", "*.example.com"] }],
    bad: [
      [true, /^expected \{ read: true/],
      [{ read: "yes" }, A_FLAG, "read"],
      [{ write: "api.example" }, "expected true, false or a list of host names", "write"],
    ],
  },
  onDrop: hook,
  tracerProvider: {
    good: [{ getTracer: () => ({}) }],
    bad: [
      [{}, "expected a TracerProvider (an object with getTracer)"],
      [null, /^expected a TracerProvider/],
    ],
  },
  transport: hook,
  forwardTo: {
    good: [{ onStart: () => undefined, onEnd: () => undefined }],
    bad: [
      [{}, /^expected a SpanProcessor/],
      [null, /^expected a SpanProcessor/],
    ],
  },
  waitUntil: hook,
  apieIdsOnSpans: flag,
};

describe.each(Object.entries(OPTIONS))("%s", (option, { good, bad }) => {
  test("takes good values as they are", () => {
    expect(good.length).toBeGreaterThan(0);
    for (const value of good) expect(resolved({ [option]: value })).toHaveProperty(option, value);
  });

  test("names a bad value and what would be right", () => {
    for (const [value, message, below] of bad) {
      const path = below === undefined ? option : `${option}.${below}`;
      const problems = problemsOf(() => resolved({ [option]: value }));
      expect(Object.keys(problems), String(value)).toEqual([path]);
      if (typeof message === "string") expect(problems[path]).toBe(message);
      else expect(problems[path]).toMatch(message);
    }
  });
});

test("every problem is told at once, in one error", () => {
  const wrong = {
    apiKey: 5,
    baseUrl: "nowhere",
    agent: { key: "" },
    mode: "loud",
    retryAttempts: 0,
    headers: { "bad name": "x", "x-ok": "fine" },
    tools: [{ name: "ok" }, {}, { name: "x", riskLevel: "no" }],
    unheardOf: 1,
  };
  const error = problem(() => resolved(wrong));
  expect(error.code).toBe("config");
  expect(error.issues.map(({ path }) => path).sort()).toEqual([
    "agent.key",
    "agent.name",
    "apiKey",
    "baseUrl",
    "headers.bad name",
    "mode",
    "retryAttempts",
    "tools.1.name",
    "tools.2.riskLevel",
    "unheardOf",
  ]);
  for (const { path, message } of error.issues) expect(error.message).toContain(`  ${path}: ${message}`);
});

test("no problem repeats the value it is about: it may be a secret", () => {
  const canary = "canary-7261";
  const wrong = { apiKey: `${canary}\n.`, baseUrl: `ftp://${canary}`, headers: { "x-key": `${canary}\n.` } };
  expect(problem(() => resolved(wrong)).message).not.toContain(canary);
});

describe("unknown options", () => {
  test.each([
    ["apikey", "apiKey"],
    ["api_key", "apiKey"],
    ["baseURL", "baseUrl"],
    ["flushInterval", "flushIntervalMs"],
    ["captureContents", "captureContent"],
    ["redactkey", "redactKeys"],
    ["environment", "runtime.environment"],
    ["gitSha", "source.gitSha"],
  ])("%s: did you mean %s?", (given, meant) => {
    expect(problemsOf(() => resolved({ [given]: "x" }))).toEqual({
      [given]: `unknown option; did you mean ${meant}?`,
    });
  });

  test("inside of objects and lists", () => {
    const problems = problemsOf(() =>
      resolved({
        runtime: { enviroment: "production" },
        tools: [{ name: "search", risk_level: "low" }],
        capabilities: [{ tool: { name: "search", providr: "x" } }],
      }),
    );
    expect(problems).toEqual({
      "runtime.enviroment": "unknown option; did you mean runtime.environment?",
      "tools.0.risk_level": "unknown option; did you mean tools.0.riskLevel?",
      "capabilities.0.tool.providr": "unknown option; did you mean capabilities.0.tool.provider?",
    });
  });

  test.each(["somethingElse", "x", "", "__proto__", "constructor", "z".repeat(10_000)])(
    "%s is like none, so the table is pointed to",
    (given) => {
      const error = problem(() => resolved(JSON.parse(`{"${given}": 1}`)));
      const message = "unknown option; see the configuration table of the README";
      expect(error.issues).toEqual([{ path: given, message }]);
    },
  );
});

function problem(resolve: () => unknown): ApieConfigError {
  try {
    resolve();
  } catch (error) {
    expect(error).toBeInstanceOf(ApieConfigError);
    return error as ApieConfigError;
  }
  throw new Error("nothing was thrown");
}
