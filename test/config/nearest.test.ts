import { expect, test } from "vitest";
import { nearest } from "../../src/config/index.ts";

const NAMES = ["apiKey", "baseUrl", "redactKeys", "redactAllowPaths", "mode", "model", "timeout"];

test.each([
  ["apiKey", "apiKey"],
  ["API_KEY", "apiKey"],
  ["apKey", "apiKey"],
  ["paiKey", "apiKey"],
  ["apiKeyy", "apiKey"],
  ["apiKez", "apiKey"],
  ["mod", "mode"],
  ["modell", "model"],
  ["redactPaths", undefined],
  ["redactAllowedPaths", "redactAllowPaths"],
  ["tool", undefined],
  ["", undefined],
  ["---", undefined],
])("%s is nearest to %s", (given, expected) => {
  expect(nearest(given, NAMES)).toBe(expected);
});

test("of two as near the first is taken, and none of none", () => {
  expect(nearest("ab", ["aa", "bb"])).toBe("aa");
  expect(nearest("apiKey", [])).toBeUndefined();
});
