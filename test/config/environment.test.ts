import { afterEach, expect, test, vi } from "vitest";
import { optionsFromEnvironment, resolveConfig, slug } from "../../src/config/index.ts";
import { ENOUGH, problemsOf } from "./support.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("key, address, agent and the switch of OpenTelemetry", () => {
  expect(
    optionsFromEnvironment({
      APIE_API_KEY: " key ",
      APIE_BASE_URL: "https://api.example",
      OTEL_SERVICE_NAME: "Support Desk",
      OTEL_SDK_DISABLED: "TRUE",
    }),
  ).toEqual({
    apiKey: "key",
    baseUrl: "https://api.example",
    agent: { key: "support-desk", name: "Support Desk" },
    enabled: false,
  });
});

test("empty variables count as not set, and only true disables", () => {
  const empty = { APIE_API_KEY: "", APIE_BASE_URL: "  ", OTEL_SERVICE_NAME: "", OTEL_SDK_DISABLED: "" };
  expect(optionsFromEnvironment(empty)).toEqual({});
  for (const value of ["false", "1", "yes"]) {
    expect(optionsFromEnvironment({ OTEL_SDK_DISABLED: value })).toEqual({});
  }
});

test("a service name of which no key can be made gives no agent", () => {
  expect(optionsFromEnvironment({ OTEL_SERVICE_NAME: "!!!" })).toEqual({});
});

test("the environment of the process is read when none is given", () => {
  vi.stubEnv("APIE_API_KEY", "from-process");
  vi.stubEnv("APIE_BASE_URL", "https://process.example");
  vi.stubEnv("OTEL_SERVICE_NAME", "svc");
  expect(resolveConfig()).toMatchObject({ apiKey: "from-process", agent: { key: "svc", name: "svc" } });
});

test("OTEL_SDK_DISABLED gives way to what is written", () => {
  const disabled = { OTEL_SDK_DISABLED: "true" };
  expect(resolveConfig(ENOUGH, {}, disabled).enabled).toBe(false);
  expect(resolveConfig({ ...ENOUGH, enabled: true }, {}, disabled).enabled).toBe(true);
});

test("a bad value is laid at the door of its variable, unless code or file gave it", () => {
  const { agent, apiKey } = ENOUGH;
  const env = { APIE_BASE_URL: "nowhere" };
  expect(problemsOf(() => resolveConfig({ agent, apiKey }, {}, env)).baseUrl).toMatch(
    /^expected an http\(s\) address.*\(set by APIE_BASE_URL\)$/,
  );
  const inline = { agent, apiKey, baseUrl: "elsewhere" };
  expect(problemsOf(() => resolveConfig(inline, {}, env)).baseUrl).not.toContain("APIE_BASE_URL");
});

test.each([
  ["Support Orchestrator", "support-orchestrator"],
  ["  --Über Agent_2 (beta)--", "uber-agent-2-beta"],
  ["checkout", "checkout"],
  ["サポート 係", "サポート-係"],
  ["हिन्दी सेवा", "हिन्दी-सेवा"],
  ["…", ""],
])("the key of %s is %s", (name, key) => {
  expect(slug(name)).toBe(key);
});
