/** Made-up secrets, one of each form that is recognised; put together here so that no scanner takes them for real ones. */
const hex = (length: number): string => "0123456789abcdef".repeat(16).slice(0, length);
const word = (length: number): string => "aB3dE6gH9jK2mN5pQ8sT1vW4xY7z".repeat(10).slice(0, length);
const base64 = (text: string): string => Buffer.from(text).toString("base64url");

const JWT = [base64('{"alg":"HS256","typ":"JWT"}'), base64('{"sub":"1234567890"}'), word(43)].join(".");
const JWE = [base64('{"alg":"dir","enc":"A256GCM"}'), "", word(16), word(40), word(22)].join(".");
const pem = (kind: string): string =>
  `-----BEGIN ${kind}-----\nMIIEpAIBAAKCAQEA${word(48)}\n${word(64)}\n-----END ${kind}-----`;

export const SECRETS: Readonly<Record<string, string>> = {
  "Bearer credential": `Bearer ${word(32)}`,
  "bearer credential of letters": "bearer abcdefghijklmnop",
  "Basic credential": `Basic ${Buffer.from("aladdin:open sesame").toString("base64")}`,
  "JSON Web Token": JWT,
  "encrypted JSON Web Token": JWE,
  OpenAI: `sk-${word(48)}`,
  "OpenAI project": `sk-proj-${word(40)}-${word(20)}`,
  Anthropic: `sk-ant-api03-${word(40)}`,
  OpenRouter: `sk-or-v1-${hex(64)}`,
  "Langfuse secret": "sk-lf-12345678-1234-1234-1234-123456789abc",
  "Langfuse public": "pk-lf-12345678-1234-1234-1234-123456789abc",
  "Stripe live": `sk_live_${word(24)}`,
  "Stripe restricted": `rk_test_${word(24)}`,
  "Stripe webhook": `whsec_${word(32)}`,
  ElevenLabs: `sk_${hex(48)}`,
  "Apie test": `apie_sk_test_${word(16)}`,
  Apie: `apie_sk_${word(24)}`,
  "renamed vendor": `other_sk_${word(24)}`,
  "AWS key": "AKIAIOSFODNN7EXAMPLE",
  "AWS session key": "ASIAIOSFODNN7EXAMPLE",
  "Google API": `AIza${word(35)}`,
  "Google OAuth": `ya29.${word(60)}`,
  "Google client": `GOCSPX-${word(28)}`,
  "GitHub classic": `ghp_${word(36)}`,
  "GitHub app": `ghs_${word(36)}`,
  "GitHub fine-grained": `github_pat_${word(22)}_${word(59)}`,
  GitLab: `glpat-${word(20)}`,
  "GitLab runner": `glrt-${word(20)}`,
  "Slack bot": `xoxb-1234567890-1234567890-${word(24)}`,
  "Slack app": `xapp-1-A0B1C2D3E4F-1234567890-${hex(64)}`,
  "Slack webhook": `https://hooks.slack.com/services/T00000000/B00000000/${word(24)}`,
  Telegram: `1234567890:AA${word(33)}`,
  npm: `npm_${word(36)}`,
  PyPI: `pypi-AgEIcHlwaS5vcmc${word(60)}`,
  "Hugging Face": `hf_${word(34)}`,
  Replicate: `r8_${word(37)}`,
  SendGrid: `SG.${word(22)}.${word(43)}`,
  LangSmith: `lsv2_pt_${hex(32)}_${hex(10)}`,
  xAI: `xai-${word(80)}`,
  Groq: `gsk_${word(52)}`,
  Perplexity: `pplx-${word(48)}`,
  NVIDIA: `nvapi-${word(64)}`,
  Tavily: `tvly-${word(32)}`,
  Pinecone: `pcsk_${word(40)}`,
  Linear: `lin_api_${word(40)}`,
  Notion: `ntn_${word(43)}`,
  "Notion, older": `secret_${word(43)}`,
  Figma: `figd_${word(40)}`,
  Supabase: `sbp_${hex(40)}`,
  PostHog: `phx_${word(43)}`,
  DigitalOcean: `dop_v1_${hex(64)}`,
  Databricks: `dapi${hex(32)}`,
  Sentry: `sntrys_${word(60)}`,
  Vault: `hvs.${word(24)}`,
  Shopify: `shpat_${hex(32)}`,
  Atlassian: `ATATT3xFfGF0${word(60)}`,
  Docker: `dckr_pat_${word(27)}`,
  Twilio: `SK${hex(32)}`,
  Mailgun: `key-${hex(32)}`,
  "RSA key": pem("RSA PRIVATE KEY"),
  "PKCS 8 key": pem("PRIVATE KEY"),
  "OpenSSH key": pem("OPENSSH PRIVATE KEY"),
  "PGP key": pem("PGP PRIVATE KEY BLOCK"),
  "key that was cut off": pem("EC PRIVATE KEY").slice(0, 90),
  "age key": `AGE-SECRET-KEY-1${word(58).toUpperCase()}`,
};

/** The part of each that must never be seen: all but what names its kind. */
export function coreOf(secret: string): string {
  const line = secret.split("\n")[1] ?? secret;
  return line.slice(-Math.min(16, line.length));
}
