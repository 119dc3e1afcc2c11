/** Secrets that are recognised by the name before them, inside of texts. */
import { describe, expect, test } from "vitest";
import { Redactor } from "../../../src/events/index.ts";

const redactor = new Redactor();

describe("values of secret names in a text", () => {
  test.each<[text: string, redacted: string]>([
    // Environments, query strings, connection strings
    ["DB_PASSWORD=hunter2 DB_HOST=db", "DB_PASSWORD=[REDACTED] DB_HOST=db"],
    ["export OPENAI_API_KEY=abc", "export OPENAI_API_KEY=[REDACTED]"],
    ["Server=db;User Id=sa;Password=letmein;", "Server=db;User Id=sa;Password=[REDACTED];"],
    ["AccountName=acme;AccountKey=ab+/cd==;Suffix=x", "AccountName=acme;AccountKey=[REDACTED];Suffix=x"],
    ["/cb?state=1&access_token=abc&x=2", "/cb?state=1&access_token=[REDACTED]&x=2"],
    // Quoted, in any style
    ['{"password": "hunter2", "user": "bob"}', '{"password":"[REDACTED]","user":"bob"}'],
    ['cut off {"user":"bob","password":"hunter2 and mo', 'cut off {"user":"bob","password":"[REDACTED]'],
    ["{'apiKey': 'abc def'}", "{'apiKey': '[REDACTED]'}"],
    ['client_secret => "a\\"b"', 'client_secret => "[REDACTED]"'],
    ["token := `abc`", "token := `[REDACTED]`"],
    ['said {\\"password\\":\\"hunter2\\",\\"n\\":1}', 'said {\\"password\\":\\"[REDACTED]\\",\\"n\\":1}'],
    ['x {\\\\\\"token\\\\\\":\\\\\\"abc\\\\\\"}', 'x {\\\\\\"token\\\\\\":\\\\\\"[REDACTED]\\\\\\"}'],
    // Headers and commands
    ["Authorization: Bearer abc.def", "Authorization: [REDACTED]"],
    ["authorization: token ghx", "authorization: [REDACTED]"],
    [
      "Authorization: AWS4-HMAC-SHA256 Credential=a, Signature=b\nHost: x",
      "Authorization: [REDACTED]\nHost: x",
    ],
    ["Cookie: sid=abc; theme=dark\r\nAccept: */*", "Cookie: [REDACTED]\r\nAccept: */*"],
    ["curl -H 'X-Api-Key: a1b2c3d4' https://a.example", "curl -H 'X-Api-Key: [REDACTED]' https://a.example"],
    ["mysql --user root --password letmein app", "mysql --user root --password [REDACTED] app"],
    ["tool --api-key=abc --verbose", "tool --api-key=[REDACTED] --verbose"],
    // YAML, INI, .env: a value with a line to itself
    ["db:\n  password: letmein\n  host: db", "db:\n  password: [REDACTED]\n  host: db"],
    ["- secret: opensesame\r\n", "- secret: [REDACTED]\r\n"],
    ["password = letmein", "password = [REDACTED]"],
    // Prose: what is no word
    ["my password is hunter2, thanks", "my password is [REDACTED], thanks"],
    ["The API key: a1b2c3d4e5 works", "The API key: [REDACTED] works"],
    ["Your verification code is 123456.", "Your verification code is [REDACTED]"],
    ["password:hunter2", "password:[REDACTED]"],
    // Several
    ["user=bob password=a token=b", "user=bob password=[REDACTED] token=[REDACTED]"],
  ])("%s", (text, redacted) => {
    expect(redactor.text(text)).toBe(redacted);
    expect(redactor.text(redacted)).toBe(redacted);
  });
});

describe("what only looks like it stays", () => {
  test.each([
    "The secret: always be kind to people",
    "Password: must have at least eight characters",
    "The token is valid",
    "Authorization: required for all endpoints",
    "cookie: we use cookies",
    "secretary: Bob Smith42",
    "tokenizer=cl100k_base",
    "max_tokens=512 temperature=0.7",
    "tokens: 1024, token: 42",
    "password: string;",
    "token?: string",
    "password: required",
    "const token = await getToken();",
    "const apiKey = process.env.OPENAI_API_KEY;",
    "api_key=os.environ['KEY']",
    "login(user=user, password=password, token=get_token())",
    "PASSWORD=$DB_PASSWORD",
    "PWD=/home/app OLDPWD=~/x",
    "key: value",
    "code: 404, status=200",
    "auth:login",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "password=",
    "password=true",
    "token: null",
    '{"password":""}',
    '{"token_count": 5, "max_tokens": "512"}',
    '{"input_tokens":12,"output_tokens":3}',
  ])("%s", (text) => {
    expect(redactor.text(text)).toBe(text);
  });
});

describe("JSON in a text follows the rules of members", () => {
  test("nested, in JSON again, with lists and objects as values", () => {
    const text = JSON.stringify({
      a: [{ cookies: ["a=b", "c=d"] }],
      credentials: { user: "u", pass: "p" },
      body: JSON.stringify({ apiKey: "k", n: 1, inner: JSON.stringify({ token: "t" }) }),
      input_tokens: 5,
    });
    expect(JSON.parse(redactor.text(text))).toEqual({
      a: [{ cookies: "[REDACTED]" }],
      credentials: "[REDACTED]",
      body: JSON.stringify({ apiKey: "[REDACTED]", n: 1, inner: JSON.stringify({ token: "[REDACTED]" }) }),
      input_tokens: 5,
    });
  });

  test("is left letter by letter where it holds none", () => {
    const text = '{ "tokens" : 5,\n  "big": 12345678901234567890, "big": 1e400 }';
    expect(redactor.text(text)).toBe(text);
  });

  test("too deep to be walked is looked through as text", () => {
    const text = `${'{"a":'.repeat(20_000)}{"password":"hunter2"}${"}".repeat(20_000)}`;
    expect(redactor.text(text)).toBe(text.replace("hunter2", "[REDACTED]"));
  });
});
