/**
 * No text takes long: every form is tried on what makes careless expressions go back and forth. The bound is far above what
 * is needed (a few ms each) and far below what a quadratic expression takes for texts of this length (many seconds).
 */
import { describe, expect, test } from "vitest";
import { Redactor } from "../../../src/events/index.ts";
import { coreOf, SECRETS } from "./samples.ts";

const LENGTH = 200_000;
const BOUND_MS = 1_000;

function timed(text: string, redactor = new Redactor({ redactKeys: ["ssn", "credit card"] })): string {
  const start = performance.now();
  const redacted = redactor.text(text);
  expect(performance.now() - start).toBeLessThan(BOUND_MS);
  return redacted;
}

const fill = (part: string): string => part.repeat(Math.ceil(LENGTH / part.length)).slice(0, LENGTH);

describe("beginnings that never become a secret", () => {
  test.each([
    "bearer ",
    "bearer  \t ",
    "basic ",
    "Basic aaaa",
    "eyJ",
    "eyJaaaaaa.",
    "eyJaaaaaa-",
    "eyJ.",
    "sk-",
    "sk-a.",
    "sk_",
    "x_sk_",
    "aaaaaaaaaaaaa_sk_",
    "ya29.",
    "gl-",
    "SG.",
    "SG.aaaaaaaaaaaaaaaa",
    "SG.aaaaaaaaaaaaaaaa.",
    "xox-",
    "hooks.slack.com/services/",
    "1:AA",
    "1234567890:AA",
    "lsv2_pt_",
    "sntrys_",
    "SK0",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN A PRIVATE KEY",
    "PRIVATE KEY-----",
    "://",
    "://a:",
    "://a:b",
    ":a@",
    "?key=&",
    "?a",
    "&x-amz-",
    "password",
    "password ",
    "password:",
    "password: ",
    'password":',
    'password="',
    "password='\"",
    'token:"\\',
    'a:\\"',
    "token:token:",
    "token: a",
    "token:(",
    "authorization: ",
    "authorization:a ",
    "cookie:",
    "--token ",
    "--token --",
    "-token-",
    "a-b-c-",
    "api key ",
    "key: ",
    "is is ",
    "password is ",
    "\\\\\\\\",
    '\\"',
    "[",
    "{",
    '{"a":',
    '["',
    "ssn",
    "s-s-n-",
    "credit   card",
    "c-r-e-d-i-t",
    " ",
    "\n",
    "a",
    "A",
    "0",
    "-",
    "_",
    ".",
    "=",
    "😀",
  ])("%j over and over", (part) => {
    timed(fill(part));
    timed(`password ${fill(part)}`);
    timed(`"token": "${fill(part)}`);
  });
});

test.each(Object.entries(SECRETS))("%s over and over, whole and in pieces", (_name, secret) => {
  const whole = `${secret} `.repeat(Math.ceil(LENGTH / secret.length));
  expect(timed(whole).includes(coreOf(secret))).toBe(false);
  for (const length of [4, 8, 12, 16, 24]) timed(fill(secret.slice(0, length)));
  timed(fill(secret.slice(-16)));
});

test("a secret is found at the end of the longest text", () => {
  const redacted = timed(`${fill("a b ")} password=hunter2 ghp_0123456789abcdefghijABCDEFGHIJ`);
  expect(redacted.endsWith(" password=[REDACTED] [REDACTED]")).toBe(true);
});
