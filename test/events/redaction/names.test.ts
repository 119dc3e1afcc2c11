/** Secrets that are recognised by the name of their member, and names that only look like those. */
import { describe, expect, test } from "vitest";
import { Redactor } from "../../../src/events/index.ts";

const redactor = new Redactor();
const CANARY = "canary value";

const redact = (data: Record<string, unknown>): Record<string, unknown> => redactor.value(data, "metadata");

describe("names of secrets", () => {
  // The vendor's list first; then what else applications call them.
  test.each([
    ..."apiKey api_key password token secret authorization access_token refresh_token private_key client_secret".split(
      " ",
    ),
    ..."API_KEY APIKey apikey apiKeys api-key api.key x-api-key X-Api-Key openAIApiKey OPENAI_API_KEY".split(
      " ",
    ),
    ..."userPassword user_password userpassword DB_PASSWORD passwd pwd passphrase pgPassphrase".split(" "),
    ..."passcode passwordHash password2 adminPasswords pg.password".split(" "),
    ..."clientSecret CLIENT_SECRET secrets sharedSecret secretKey secret_access_key webhookSecret secretValue".split(
      " ",
    ),
    ..."Authorization proxy-authorization credential credentials awsCredentials creds".split(" "),
    ..."cookie cookies Cookie set-cookie setCookie sessionCookie".split(" "),
    ..."accessToken idToken authToken bearer_token csrfToken csrf xsrf-token sessionToken mytoken TOKEN".split(
      " ",
    ),
    ..."jwt bearer otp totp cvv cvc verification_code securityCode recovery_codes".split(" "),
    ..."privateKey signing_key encryptionKey accessKeyId account_key masterKey shared_key ssh_key auth_key".split(
      " ",
    ),
    ..."sessionKey subscription-key webhookKey deploy_key licenseKey hmacKey connectionString connection_string".split(
      " ",
    ),
  ])("%s", (name) => {
    expect(redact({ [name]: CANARY })).toEqual({ [name]: "[REDACTED]" });
    expect(redact({ a: [{ [name]: CANARY }] })).toEqual({ a: [{ [name]: "[REDACTED]" }] });
  });

  test.each([
    ..."secretary secretaries secretariat secretion secretly tokenizer tokenize tokenization tokeniser".split(
      " ",
    ),
    ..."keyboard monkey key keys agent_key step_key primaryKey foreign_key public_key publicKeys cacheKey key_name".split(
      " ",
    ),
    ..."idempotency_key partition_key author authors authority authored_by authentication_method oauth_provider".split(
      " ",
    ),
    ..."passenger compass bypass passage pass passed".split(" "),
    ..."model provider usage input output total cache_read cache_write reasoning finish_reason session_id".split(
      " ",
    ),
    ..."code error_code status_code country_code codename barcode connection string cook cooking".split(" "),
    ..."credit accreditation accessibility access apiary api".split(" "),
  ])("%s is none", (name) => {
    expect(redact({ [name]: CANARY })).toEqual({ [name]: CANARY });
  });
});

describe("values under the name of a secret", () => {
  test("are replaced whatever they are", () => {
    for (const value of [CANARY, 12345678, ["a", "b"], { user: "u", pass: "p" }, 5n]) {
      expect(redact({ password: value })).toEqual({ password: "[REDACTED]" });
    }
  });

  test("that are none, or only say that there is one, stay", () => {
    for (const value of [true, false, null, undefined, ""])
      expect(redact({ password: value })).toEqual({ password: value });
    expect(redact({ password_required: true, apiKeyConfigured: false })).toEqual({
      password_required: true,
      apiKeyConfigured: false,
    });
  });
});

describe("counts of tokens", () => {
  const counts = {
    input_tokens: 12,
    outputTokens: 3,
    totalTokens: 15,
    token_count: 15,
    max_tokens: 512,
    maxTokens: "512",
    "gen_ai.usage.input_tokens": 12,
    cached_tokens: 0,
    tokens: 15,
    tokensPerSecond: 41.5,
    token_limit: "4,096",
    tokenUsage: { promptTokens: 12, completionTokens: 3 },
    prompt_tokens_details: { cached_tokens: 4, audio: 0 },
    usage: { input: 12, output: 3, total: 15, cache_read: 4, cache_write: 0, reasoning: 2 },
    token: 7,
  };

  test("survive, as numbers, as text, in objects", () => {
    expect(redact(counts)).toEqual(counts);
    expect(redact({ completion: counts })).toEqual({ completion: counts });
  });

  test("are numbers: texts beside them are not let through", () => {
    expect(
      redact({
        tokens: [CANARY, 5],
        token_usage: { prompt: 5, note: CANARY },
        access_token: { value: CANARY, expires: 3600 },
        token: "12345678",
        auth: { user: CANARY, retries: 2 },
      }),
    ).toEqual({
      tokens: ["[REDACTED]", 5],
      token_usage: { prompt: 5, note: "[REDACTED]" },
      access_token: { value: "[REDACTED]", expires: 3600 },
      token: "[REDACTED]",
      auth: { user: "[REDACTED]", retries: 2 },
    });
  });
});

test("names that are texts of any length are judged, and take no time", () => {
  expect(redact({ [`${"x_".repeat(50_000)}password`]: 1 })).toBeDefined();
  expect(redact({ [`password_${"x".repeat(50_000)}`]: CANARY })).toEqual({
    [`password_${"x".repeat(50_000)}`]: "[REDACTED]",
  });
});

test("__proto__ stays a name", () => {
  const data = JSON.parse('{"__proto__": {"password": "canary"}, "constructor": {"token": "canary"}}');
  const redacted = redact(data);
  expect(JSON.stringify(redacted)).toBe(
    '{"__proto__":{"password":"[REDACTED]"},"constructor":{"token":"[REDACTED]"}}',
  );
  expect(Object.getPrototypeOf(redacted)).toBe(Object.prototype);
});

test("a toJSON of the data's own cannot bring back what was replaced", () => {
  const data = { password: CANARY, toJSON: () => ({ password: CANARY }) };
  expect(JSON.stringify(redact(data))).toBe('{"password":"[REDACTED]"}');
});
