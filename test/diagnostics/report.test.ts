import { DiagLogLevel, diag } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Reporter } from "../../src/diagnostics/index.ts";
import { ApieError } from "../../src/model/errors.ts";
import { until } from "../support/until.ts";

const problem = new ApieError("http_500", "POST /v1/runs: HTTP 500", { status: 500 });
const printed = vi.spyOn(console, "warn");
const log = {
  error: vi.fn(),
  warn: vi.fn(),
  info: vi.fn(),
  debug: vi.fn(),
  verbose: vi.fn(),
};

beforeEach(() => {
  printed.mockReset().mockImplementation(() => undefined);
  for (const method of Object.values(log)) method.mockReset();
  diag.setLogger(log, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
});

afterEach(() => {
  diag.disable();
});

describe("onError", () => {
  test.each(["warn", "throw"] as const)("%s prints one line", (onError) => {
    new Reporter(onError).problem(problem);
    expect(printed.mock.calls).toEqual([["[apie-otel] POST /v1/runs: HTTP 500"]]);
  });

  test("silent prints nothing", () => {
    new Reporter("silent").problem(problem);
    expect(printed).not.toHaveBeenCalled();
  });

  test("a function gets the error itself, and nothing is printed", () => {
    const onError = vi.fn();
    new Reporter(onError).problem(problem);
    expect(onError.mock.calls).toEqual([[problem]]);
    expect(printed).not.toHaveBeenCalled();
  });

  test("only throw makes flush and shutdown reject", () => {
    const throwing = (["silent", "warn", "throw", () => undefined] as const).filter(
      (onError) => new Reporter(onError).throws,
    );
    expect(throwing).toEqual(["throw"]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("my bug");
      },
    ],
    [
      "rejects later",
      async () => {
        throw new Error("my bug");
      },
    ],
  ])("a function that %s is told to OpenTelemetry's log, and harms nobody", async (_what, onError) => {
    new Reporter(onError as () => void).problem(problem);
    await until("the log", () => log.error.mock.calls.length > 0);
    expect(log.error.mock.calls).toEqual([["apie-otel: onError failed", new Error("my bug")]]);
  });
});

test("OpenTelemetry's log has every problem, whatever onError says", () => {
  for (const onError of ["silent", "warn", "throw", () => undefined] as const)
    new Reporter(onError).problem(problem);
  expect(log.warn.mock.calls).toEqual(Array(4).fill(["apie-otel: POST /v1/runs: HTTP 500"]));
});

test("a log that throws harms nobody", () => {
  for (const method of [log.warn, log.error, printed]) {
    method.mockImplementation(() => {
      throw new Error("the log is full");
    });
  }
  for (const onError of [
    "warn",
    () => {
      throw new Error("and so am I");
    },
  ] as const) {
    new Reporter(onError).problem(problem);
  }
  expect(log.warn).toHaveBeenCalledTimes(2);
  expect(log.error).toHaveBeenCalledTimes(1);
});

test("once tells each kind of problem once", () => {
  const told: string[] = [];
  const reporter = new Reporter((error) => told.push(`${error.code}: ${error.message}`));
  reporter.once("a", "first");
  reporter.once("a", "second");
  reporter.once("b", "third");
  expect(told).toEqual(["a: first", "b: third"]);
  new Reporter((error) => told.push(error.code)).once("a", "first");
  expect(told).toHaveLength(3);
});
