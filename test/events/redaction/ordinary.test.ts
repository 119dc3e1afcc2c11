/** What agents say all day long holds no secret, and must come out as it went in. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { EVENT_TYPES, finishEvent, Redactor } from "../../../src/events/index.ts";
import { EXAMPLES } from "../examples.ts";

const redactor = new Redactor();

const NAMES = `
gpt-4o-mini gpt-4o-mini-2024-07-18 gpt-5 o3-mini o1-preview-2024-09-12 claude-3-5-sonnet-20241022 claude-sonnet-4-5
gemini-2.5-pro-preview-05-06 models/text-embedding-004 text-embedding-3-small mistral-large-latest deepseek-r1-distill-qwen-32b
meta-llama/Llama-3.3-70B-Instruct-Turbo llama3.2:3b-instruct-q4_K_M us.anthropic.claude-3-7-sonnet-20250219-v1:0
accounts/fireworks/models/mixtral-8x22b-instruct command-r-plus-08-2024 grok-4-fast-reasoning kimi-k2-0905-preview
openai.chat aws.bedrock azure.ai.openai gcp.vertex_ai x_ai vercel-ai langgraph openai-agents crewai scikit-learn sk-learn
get_weather search_web handoff_to_billing transfer_to_agent get_token count_tokens reset_password list_secrets get_api_key
secrets.rotate auth.login auth:login vault.read_secret tokenizer.encode basic_search bearer_check create_cookie
zendesk.search github.merge_pr internal-cicd.deploy mcp__github__create_pull_request filesystem/read_file
risk-assessment-agent-orchestrator task-planner-and-executor-v2 desk-research-assistant-beta brisk-walk-planner-agent
support-ops-orchestrator triage-ticket validate-production-rollout-readiness asia-pacific-region-manager
code_repository work_item database_record secret file shell_command observability_event knowledge_base
agent.tool.called agent.llm.completed custom.event invoice.sent session_start invoke_agent execute_tool
chatcmpl-BXk2pQ8sT1vW4xY7zAbCdEfGhIj msg_01XFDUDYJgAACzvnptvVoYEL resp_68af12cd34ef5678ab90cd12ef34 call_fake0001
toolu_01A09q90qw90lq917835lq9 run_mcp_0a1b2c3d4e5f ses_9f8e7d6c agt_123 ver_42 hof_7 appr_123 dec_9 thread_abc123 asst_xyz789
req_011CSHoEeqs5C35K2UUqR7Fy file-BK7bzQj3FfZFXr7DbL6xJwfo batch_req_123 ft:gpt-4o-mini:acme::9xYz
SUP-123 CVE-2024-12345 RFC-9562 ISO-8601 ABC-9000 JIRA-1/2 refs/heads/main v1.2.3-beta.4+build.5 sha256:9bf3aa
application/json text/event-stream;charset=utf-8 en-US Europe/Berlin 2026-07-02T10:11:12.123456+00:00 12:34:56 127.0.0.1:4319
[::1]:8080 db.internal.example:5432 node:internal/process/task_queues file:///app/src/index.ts:12:34 C:\\Users\\bob\\app
`
  .trim()
  .split(/\s+/);

const SENTENCES = [
  "Investigate the error rate spike in checkout after the 14:30 deploy.",
  "The model used 812 input tokens and 96 output tokens; max_tokens was 1024.",
  "Please explain the basic principles of token-based authentication.",
  "Basic understanding of bearer tokens and basic authentication is required.",
  "Use bearer authentication, then refresh the session.",
  "The secretary kept the secret; nobody knows the password policy.",
  "Reset your password: follow the link in the e-mail we sent you.",
  "Secret: none of the tools were allowed to run in production.",
  "How do API keys work? A key identifies the caller; a secret proves it.",
  "Rotate the credentials before Friday, and tell the on-call engineer.",
  "Cookies: we bake them at 180 degrees for 12 minutes.",
  "The keyboard shortcut is Ctrl+Shift+P; the access code was not needed.",
  "Authorization is handled by the gateway; authentication by the identity provider.",
  "I summarised https://docs.example/guides/auth?lang=en#tokens and https://a.example/users/42?tab=keys.",
  "Contact me@example.com or see git@github.com:acme/api.git for details.",
  "Weather in Lisbon: 21 °C, wind 12 km/h; tomorrow: 19 °C.",
  "TypeError: Cannot read properties of undefined (reading 'token') at parse (/app/src/auth.ts:12:7)",
  "Der Schlüssel liegt unter der Matte. 密码必须至少八个字符。 Пароль обязателен.",
  "for (const token of tokens) { total += token.length; } // count tokens",
  "interface Login { user: string; password: string; token?: string }",
  "SELECT id, password_hash FROM users WHERE api_key IS NOT NULL ORDER BY token_count DESC",
  "const client = new OpenAI({ apiKey: process.env.OPENAI_API_KEY });",
  "- [x] add tests\n- [ ] write docs\n- [ ] deploy: production",
  "| step | status |\n| --- | --- |\n| plan | done |\n| key results | open |",
  "name: deploy\non: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4",
  '{"city": "Lisbon", "tempC": 21, "usage": {"input_tokens": 12, "output_tokens": 3}, "finish_reason": "stop"}',
  '[{"role":"user","parts":[{"type":"text","content":"What is a JWT?"}]}]',
];

/** As good as random, and the same in every run. */
const digest = (algorithm: string, seed: unknown, encoding: "hex" | "base64" | "base64url"): string =>
  createHash(algorithm).update(String(seed)).digest(encoding);

const uuid = (seed: unknown): string =>
  digest("md5", seed, "hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

describe("names, models, ids", () => {
  test.each(NAMES)("%s", (name) => {
    expect(redactor.text(name)).toBe(name);
    expect(redactor.text(`call ${name} now`)).toBe(`call ${name} now`);
    expect(redactor.value({ name: [name] }, "metadata")).toEqual({ name: [name] });
  });

  test("a thousand of each kind of hash and id", () => {
    for (let seed = 0; seed < 1_000; seed += 1) {
      const ids = [
        uuid(seed),
        uuid(seed).replaceAll("-", ""),
        uuid(seed).toUpperCase(),
        digest("sha1", seed, "hex"),
        digest("sha256", seed, "hex"),
        digest("sha256", seed, "base64"),
        digest("sha256", seed, "base64url"),
        `00-${digest("md5", seed, "hex")}-${digest("md5", seed, "hex").slice(16)}-01`,
        `chatcmpl-${digest("sha1", seed, "base64url")}`,
        `run_${digest("sha1", seed, "base64url")}`,
      ];
      for (const id of ids) expect(redactor.text(id)).toBe(id);
    }
  });
});

test.each(SENTENCES)("%s", (sentence) => {
  expect(redactor.text(sentence)).toBe(sentence);
});

test("all of it in one text", () => {
  const text = [...SENTENCES, NAMES.join(", ")].join("\n\n");
  expect(redactor.text(text)).toBe(text);
});

test("images and other binary data in base64", () => {
  // Every byte value, so every pair of letters of the alphabet comes about.
  const bytes = Buffer.from(
    Array.from({ length: 48_000 }, (_, index) => (index * index + (index >> 3)) & 0xff),
  );
  for (const encoding of ["base64", "base64url", "hex"] as const) {
    const image = `data:image/png;base64,${bytes.toString(encoding)}`;
    expect(redactor.text(image) === image, encoding).toBe(true);
  }
});

test.each(EVENT_TYPES)("the vendor's %s goes through as it is", (type) => {
  const options = { redactor, maxBytes: 100_000, onHookError: () => undefined };
  expect(JSON.parse(finishEvent(EXAMPLES[type], options)?.json ?? "")).toEqual(EXAMPLES[type]);
});
