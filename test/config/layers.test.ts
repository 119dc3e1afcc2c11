import { describe, expect, test } from "vitest";
import { type ApieOptions, DEFAULTS, mergeLayers, resolveConfig, VERSION } from "../../src/config/index.ts";
import { ENOUGH, problemsOf, resolved } from "./support.ts";

test("inline wins over the file, the file over the environment, all over the defaults", () => {
  const config = resolveConfig(
    { apiKey: "inline", flushIntervalMs: 100 },
    { apiKey: "file", baseUrl: "https://file.example", flushIntervalMs: 200, maxBatchSize: 7 },
    { APIE_API_KEY: "env", APIE_BASE_URL: "https://env.example", OTEL_SERVICE_NAME: "Checkout" },
  );
  expect(config).toMatchObject({
    apiKey: "inline",
    baseUrl: "https://file.example",
    agent: { key: "checkout", name: "Checkout" },
    flushIntervalMs: 100,
    maxBatchSize: 7,
    timeout: DEFAULTS.timeout,
  });
});

test("objects are merged key by key, lists are replaced", () => {
  const config = resolveConfig(
    { agent: { name: "Inline" } as never, runtime: { environment: "production" }, redactKeys: ["b"] },
    {
      ...ENOUGH,
      agent: { key: "file", name: "File", team: "platform" },
      runtime: { environment: "staging", framework: "langgraph" },
      redactKeys: ["a"],
      headers: { "x-a": "1" },
    },
    { OTEL_SERVICE_NAME: "From Env" },
  );
  expect(config.agent).toEqual({ key: "file", name: "Inline", team: "platform" });
  expect(config.runtime).toEqual({ environment: "production", framework: "langgraph" });
  expect(config.redactKeys).toEqual(["b"]);
  expect(config.headers).toEqual({ "x-a": "1" });
});

test("undefined never hides a lower layer; null is a value, and a wrong one", () => {
  const config = resolveConfig({ apiKey: undefined, agent: undefined, timeout: undefined }, ENOUGH, {});
  expect(config).toMatchObject({ ...ENOUGH, timeout: DEFAULTS.timeout });
  expect(problemsOf(() => resolveConfig({ apiKey: null } as never, ENOUGH, {}))).toEqual({
    apiKey: "expected the API key",
  });
});

test("objects of a class, functions and expressions are handed on, not merged or copied", () => {
  class Provider {
    getTracer(): object {
      return this;
    }
  }
  const tracerProvider = new Provider();
  const redact = (event: Record<string, unknown>) => event;
  const config = resolveConfig({ tracerProvider }, { ...ENOUGH, redact, redactDenyPatterns: [/x/y] }, {});
  expect(config.tracerProvider).toBe(tracerProvider);
  expect(config.redact).toBe(redact);
  expect(config.redactDenyPatterns).toEqual([/x/y]);
});

test("a prototype cannot be smuggled in", () => {
  const layer = JSON.parse('{"__proto__": {"enabled": false, "polluted": true}}') as ApieOptions;
  const merged = mergeLayers({}, layer);
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
  expect(merged.enabled).toBeUndefined();
  expect("polluted" in {}).toBe(false);
  expect(problemsOf(() => resolveConfig(ENOUGH, layer, {}))).toHaveProperty("__proto__");
});

test("layers that are no objects of options are refused as a whole", () => {
  const refused = "expected an object of options";
  for (const layer of [null, [], "options", 5, new Map(), () => ({})]) {
    expect(problemsOf(() => resolveConfig(layer as never, {}, {}))).toEqual({ options: refused });
    expect(problemsOf(() => resolveConfig({}, layer as never, {}))).toEqual({ "config file": refused });
  }
});

test("the result does not change with what was given, nor can it be changed", () => {
  const options = { ...ENOUGH, agent: { ...ENOUGH.agent }, redactKeys: ["a"] };
  const config = resolveConfig(options, {}, {});
  options.agent.key = "changed";
  options.redactKeys.push("b");
  expect(config.agent.key).toBe("support");
  expect(config.redactKeys).toEqual(["a"]);
  expect(() => Object.assign(config, { apiKey: "other" })).toThrow(TypeError);
});

test("texts around the key and the address are trimmed, slashes at the end go", () => {
  expect(
    resolved({
      apiKey: "key\n",
      baseUrl: " https://api.example/apie// ",
      agent: { key: " a ", name: " A " },
    }),
  ).toMatchObject({ apiKey: "key", baseUrl: "https://api.example/apie", agent: { key: "a", name: "A" } });
});

test("language and SDK version are ours unless given", () => {
  expect(resolved({})).toMatchObject({ language: "typescript", sdkVersion: VERSION });
  expect(resolved({ runtime: { language: "coffeescript", sdkVersion: "9" } })).toMatchObject({
    language: "coffeescript",
    sdkVersion: "9",
  });
});

describe("what is required", () => {
  test("is told with the ways to give it", () => {
    expect(problemsOf(() => resolveConfig({}, {}, {}))).toEqual({
      agent: 'required: give { key: "support", name: "Support" } or set OTEL_SERVICE_NAME',
      apiKey: "required: give it or set APIE_API_KEY; { enabled: false } needs none",
      baseUrl: 'required: give e.g. "https://api.apie.sh" or set APIE_BASE_URL',
    });
  });

  test("is the agent alone while disabled; an empty key or address then does no harm", () => {
    const { agent } = ENOUGH;
    expect(resolveConfig({ enabled: false, agent }, {}, {})).toMatchObject({ apiKey: "", baseUrl: "" });
    expect(resolveConfig({ enabled: false, agent, apiKey: "", baseUrl: "" }, {}, {})).toMatchObject({
      enabled: false,
      apiKey: "",
      baseUrl: "",
    });
    expect(Object.keys(problemsOf(() => resolveConfig({ enabled: false }, {}, {})))).toEqual(["agent"]);
    // A wrong one is wrong all the same.
    expect(
      Object.keys(problemsOf(() => resolveConfig({ enabled: false, agent, baseUrl: "nowhere" }, {}, {}))),
    ).toEqual(["baseUrl"]);
  });
});
