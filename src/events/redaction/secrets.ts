/** Secrets that can be recognised by their form, wherever they stand. */

export const REDACTED = "[REDACTED]";

/** What follows the word bearer in prose. */
const NO_BEARER =
  "auth|authentication|authorization|bonds?|certificates?|checks?|cheques?|credentials?|format|header|instruments?|scheme|securit(?:y|ies)|shares?|strings?|tokens?";

/**
 * Each form with an expression that every text of the form matches: most texts are let through by one pass over all of these.
 * Forms take time linear in the text: what they repeat cannot begin a match of its own.
 */
const FORMS: readonly (readonly [lead: string, form: RegExp, isSecret?: (match: string) => boolean])[] = [
  // Authorization values
  ["bearer\\s", new RegExp(`\\bbearer\\s{1,4}(?!(?:${NO_BEARER})\\b)[\\w.~+/=-]{8,}`, "gi")],
  ["basic\\s", /\bbasic\s{1,4}[A-Za-z0-9+/_-]{4,}={0,2}/gi, isBasicCredential],
  // JSON Web Tokens, signed and encrypted
  ["eyJ", /(?<![\w-])eyJ[\w-]{6,}(?:\.[\w-]*){2,4}/g],
  // OpenAI, Anthropic, Langfuse, OpenRouter, … (but not the package sk-learn)
  ["[spr]k-", /\b[spr]k-(?!learn\b)[A-Za-z0-9][\w-]{14,}/g],
  // Stripe, ElevenLabs
  ["[spr]k_|whsec_", /\b(?:[spr]k_(?:live|test)_\w{8,}|sk_[0-9a-f]{40,}|whsec_\w{16,})/g],
  // Apie, and others that name themselves first: apie_sk_…, github_pat_…, dckr_pat_…
  ["_(?:sk|pat)_", /\b[a-z]{2,12}_(?:sk|pat)_[\w-]{6,}/g],
  // AWS, Google
  ["AKIA|ASIA", /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g],
  ["AIza|ya29\\.|GOCSPX-", /\b(?:AIza[\w-]{30,}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,})/g],
  // GitHub, GitLab
  ["gh[pousr]_", /\bgh[pousr]_[A-Za-z0-9]{20,}/g],
  ["gl[a-z]{2,4}-", /\bgl(?:pat|dt|rt|ptt|cbt|imt|ft|soat|agent)-[\w-]{16,}/g],
  // Slack, Telegram
  ["xox[a-z]-|xapp-", /\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}/g],
  ["hooks\\.slack", /(?<=hooks\.slack\.com\/(?:services|workflows|triggers)\/)[\w/-]+/g],
  [":AA", /\b\d{8,10}:AA[\w-]{33}/g],
  // Package registries, platforms, model providers
  ["npm_|hf_|r8_|pypi-", /\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{40,}|(?<![\w-])(?:hf|r8)_[A-Za-z0-9]{20,}/g],
  ["xai|gsk|pplx|nvapi|tvly|pcsk", /\b(?:xai|gsk|pplx|nvapi|tvly|pcsk)[-_][\w-]{20,}/g],
  ["lsv2_|lin_api_|figd_|ntn_|sbp_|phx_", /\b(?:lsv2_[a-z]{2}|lin_api|figd|ntn|sbp|phx)_[\w-]{20,}/g],
  ["dop_v1_|dapi[0-9a-f]|sntry", /\b(?:dop_v1_[a-f0-9]{32,}|dapi[0-9a-f]{32,}|sntry[su]_[\w+/=-]{20,})/g],
  ["SG\\.|hv[bsr]\\.", /\b(?:SG\.[\w-]{16,}\.[\w-]{16,}|hv[bsr]\.[\w-]{20,})/g],
  [
    "shp[a-z]{2}_|ATATT|secret_",
    /\b(?:shp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}|ATATT[\w=-]{20,}|secret_[A-Za-z0-9]{30,})/g,
  ],
  ["SK[0-9a-f]{32}|key-[0-9a-f]{32}", /\b(?:SK|key-)[0-9a-f]{32}\b/g],
  // Private keys; what was cut off has no end
  [
    "PRIVATE KEY|AGE-SECRET",
    /-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)|AGE-SECRET-KEY-1[0-9A-Z]{20,}/g,
  ],
  // user:password@ of addresses; a password may hold an @ of its own
  [":\\/\\/[^\\s/]*@", /(?<=:\/\/)[^\s/?#@:]*:[^\s/?#]*(?=@)/g],
  // Keys and signatures in addresses; tokens and passwords there are assignments
  [
    "[?&][\\w-]*(?:key|auth|sig|signature|credential)=",
    /(?<=[?&](?:key|auth|sig|signature|x-(?:amz|goog)-(?:signature|credential))=)[^\s&#"'<>]+/gi,
  ],
];

/** Signs that a text holds one of the forms. */
export const FORM_SIGNS = FORMS.map(([lead]) => lead).join("|");

export function replaceForms(text: string): string {
  let replaced = text;
  for (const [, form, isSecret] of FORMS) {
    replaced =
      isSecret === undefined
        ? replaced.replace(form, REDACTED)
        : replaced.replace(form, (match) => (isSecret(match) ? REDACTED : match));
  }
  return replaced;
}

/** `basic understanding` looks like a credential until it is decoded: there must be a colon in readable text. */
function isBasicCredential(match: string): boolean {
  const encoded = match.slice("basic".length).trim();
  return /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(Buffer.from(encoded, "base64").toString("latin1"));
}
