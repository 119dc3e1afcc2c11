/** Which options there are, and what each may be. */
import { z } from "zod";
import type { Convention } from "../model/convention.ts";
import { denyPatternProblem } from "./deny-pattern.ts";
import {
  address,
  apiKey,
  falseOr,
  flag,
  having,
  headers,
  hook,
  listOf,
  members,
  name,
  oneOf,
  optionalText,
  refusing,
  text,
  texts,
  whole,
} from "./fields.ts";
import { nearest } from "./nearest.ts";
import type { ApieOptions } from "./options.ts";
import { SESSION_STORE_METHODS, type SessionStore } from "./session-store.ts";

const risk = oneOf("low", "medium", "high", "critical").optional();

const agent = members(
  {
    key: name('a stable key of the agent, e.g. "support"'),
    name: name('the agent\'s display name, e.g. "Support"'),
    purpose: optionalText,
    owner: optionalText,
    team: optionalText,
    description: optionalText,
  },
  '{ key: "support", name: "Support" }',
);

const capability = members(
  {
    tool: members({ name: text("the tool's name"), provider: optionalText }, '{ name: "search" }'),
    actions: texts.optional(),
    resources: texts.optional(),
    environments: texts.optional(),
    riskLevel: risk,
  },
  'a capability, e.g. { tool: { name: "search" }, actions: ["read"] }',
);

const tool = members(
  {
    name: text("the tool's name"),
    provider: optionalText,
    description: optionalText,
    inputSchema: z.unknown().optional(),
    actionTypes: texts.optional(),
    resourceTypes: texts.optional(),
    environments: texts.optional(),
    riskLevel: risk,
  },
  'a tool, e.g. { name: "search" }',
);

const pattern = z
  .union([z.string(), z.instanceof(RegExp)], { error: "expected text or a regular expression" })
  .superRefine(refusing(denyPatternProblem));

/** Text, or an expression that is not for replacing secrets. */
const matched = (what: string) =>
  z.union([text(what), z.instanceof(RegExp)], { error: `expected ${what} or a regular expression` });

const inferRule = members(
  {
    tool: matched("a word of a tool's name"),
    action: optionalText,
    resource: optionalText,
    riskLevel: risk,
  },
  '{ tool: "deploy", action: "execute", resource: "deployment_event" }',
);

const RESOURCE_RULE = '"http", "database" or { attribute: "messaging.system", resource: "queue" }';

const resourceRule = z.union(
  [
    oneOf("http", "database"),
    members(
      {
        attribute: text("the name of an attribute"),
        value: z.union([z.string(), z.instanceof(RegExp)]).optional(),
        resource: text("a type of resource"),
        id: texts.optional(),
        action: optionalText,
      },
      RESOURCE_RULE,
    ),
  ],
  { error: `expected ${RESOURCE_RULE}` },
);

const convention = z.custom<Convention>(
  (value) => {
    const { name, read } = (value ?? {}) as { name?: unknown; read?: unknown };
    return typeof name === "string" && name !== "" && typeof read === "function";
  },
  { error: "expected a convention: { name, read(view) }" },
);

const MINUTE = 60_000;

const storeTtl = whole(1_000, 7 * 24 * 60 * MINUTE, "ms");

/** An object of the user's making, kept as it is. */
const sessionStore = z
  .custom<SessionStore>()
  .superRefine((value, context) => {
    const store = (typeof value === "object" && value !== null ? value : {}) as Partial<SessionStore>;
    const missing = SESSION_STORE_METHODS.filter((method) => typeof store[method] !== "function");
    if (missing.length > 0) {
      const message = `expected a session store, e.g. redisSessionStore(client); it lacks ${missing.map((method) => `${method}()`).join(", ")}`;
      context.addIssue({ code: "custom", message });
    }
    const [issue] = storeTtl.safeParse(store.ttlMs).error?.issues ?? [];
    if (issue !== undefined) context.addIssue({ code: "custom", path: ["ttlMs"], message: issue.message });
  })
  .optional();

// `satisfies` makes the compiler name an option that stands here or in options.ts only.
export const optionsSchema = z.strictObject({
  apiKey,
  baseUrl: address,
  enabled: flag,
  agent: agent.optional(),
  runtime: members(
    {
      environment: optionalText,
      framework: optionalText,
      language: optionalText,
      sdkVersion: optionalText,
    },
    '{ environment: "production" }',
  ).optional(),
  model: members(
    { provider: optionalText, name: optionalText },
    '{ provider: "openai", name: "gpt-5" }',
  ).optional(),
  version: members(
    {
      version: optionalText,
      framework: optionalText,
      modelProvider: optionalText,
      modelName: optionalText,
    },
    '{ version: "1.4.0" }',
  ).optional(),
  source: members({ gitSha: optionalText, deploymentId: optionalText }, '{ gitSha: "…" }').optional(),
  promptHash: optionalText,
  mode: oneOf("monitor", "enforce").optional(),
  guardFailureMode: oneOf("fail_open", "fail_closed", "throw").optional(),
  approvalTimeoutMs: whole(0, 7 * 24 * 60 * MINUTE, "ms"),
  capabilities: listOf(capability, "capabilities"),
  tools: listOf(tool, "tools"),
  boundary: members(
    {
      warnOnUndeclaredTools: flag,
      warnOnUnknownResourceTypes: flag,
      autoInferFromToolNames: flag,
    },
    "{ warnOnUndeclaredTools: true }",
  ).optional(),
  flushIntervalMs: whole(10, 10 * MINUTE, "ms"),
  maxBatchSize: whole(1, 10_000, "events"),
  maxQueueSize: whole(1, 10_000_000, "events"),
  retryAttempts: whole(1, 100, "attempts"),
  retryBaseDelayMs: whole(1, MINUTE, "ms"),
  queueStoragePath: text("a file or folder").optional(),
  queueDropPolicy: oneOf("drop_oldest", "drop_newest").optional(),
  queueIdempotencyKey: hook("(event) => string | undefined"),
  onError: z
    .union([oneOf("silent", "warn", "throw"), z.custom<unknown>((value) => typeof value === "function")], {
      error: 'expected "silent", "warn", "throw" or a function (error) => void',
    })
    .optional(),
  redact: hook("(event) => event"),
  redactKeys: texts.optional(),
  redactAllowPaths: texts.optional(),
  redactDenyPatterns: listOf(pattern, "regular expressions"),
  maxEventPayloadBytes: whole(1_024, 64 * 1_048_576, "bytes"),
  timeout: whole(1, 10 * MINUTE, "ms"),
  headers: headers.optional(),
  fetch: hook("like the global fetch"),
  captureContent: flag,
  runSpans: oneOf("root", "nested").optional(),
  runMarker: flag,
  conventions: listOf(convention, "conventions"),
  agents: listOf(
    members({ key: name("a key"), name: name("a name") }, '{ key: "billing", name: "Billing" }'),
    "{ key, name }",
  ),
  implicitRuns: oneOf("run", "attach", "drop").optional(),
  inferRules: falseOr(
    z.array(inferRule, { error: "expected false or a list of rules { tool, action, resource }" }),
  ),
  touchedResources: listOf(resourceRule, RESOURCE_RULE),
  idleTimeoutMs: whole(10, 24 * 60 * MINUTE, "ms"),
  maxBatchBytes: whole(4_096, 64 * 1_048_576, "bytes"),
  maxQueueBytes: whole(65_536, 4_294_967_296, "bytes"),
  queueStorageMaxBytes: whole(1_048_576, 1_099_511_627_776, "bytes"),
  maxConcurrentBatches: whole(1, 64, "POSTs"),
  flushTimeoutMs: whole(1, 10 * MINUTE, "ms"),
  shutdownTimeoutMs: whole(1, 10 * MINUTE, "ms"),
  guardTimeoutMs: whole(1, 10 * MINUTE, "ms"),
  sessionStore,
  baggage: members(
    {
      read: flag,
      write: z
        .union([z.boolean(), texts], { error: "expected true, false or a list of host names" })
        .optional(),
    },
    '{ read: true, write: ["*.example.com"] }',
  ).optional(),
  onDrop: hook("(info) => void"),
  tracerProvider: having("getTracer", "a TracerProvider (an object with getTracer)"),
  transport: hook("(request) => Promise<TransportResult>"),
  forwardTo: having("onEnd", "a SpanProcessor (an object with onStart and onEnd)"),
  waitUntil: hook("(promise) => void"),
  apieIdsOnSpans: flag,
} satisfies Record<keyof ApieOptions, z.ZodType>);

/** Options by name, with those below them: `runtime` has `runtime.environment`. */
function namesAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = optionsSchema;
  for (const segment of path) {
    schema = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    if (schema instanceof z.ZodArray) schema = schema.element;
    else if (schema instanceof z.ZodObject) schema = schema.shape[String(segment)];
  }
  schema = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** @returns the option that an unknown one of the object at `path` was likely meant to be, as a dot path. */
export function knownOptionLike(path: readonly PropertyKey[], unknown: string): string | undefined {
  const here = nearest(unknown, namesAt(path));
  if (here !== undefined) return [...path, here].join(".");
  const [above] = namesAt([]).filter((option) => namesAt([option]).includes(unknown));
  return above === undefined ? undefined : `${above}.${unknown}`;
}
