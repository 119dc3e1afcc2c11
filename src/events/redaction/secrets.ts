/** Secrets that can be recognised by their form, wherever they stand. */

export const REDACTED = "[REDACTED]";

/** What follows the word bearer in prose. */
const NO_BEARER =
  "auth|authentication|authorization|bonds?|certificates?|checks?|cheques?|credentials?|format|header|instruments?|scheme|securit(?:y|ies)|shares?|strings?|tokens?";

/** Where a name may begin: after anything but a letter or a digit, so that `user_sk-…` and `id:ghp_…` are found too. */
const START = "(?<![A-Za-z0-9])";

const form = (source: string, flags = "g"): RegExp => new RegExp(START + source, flags);

/**
 * Each form with an expression that every text of the form matches: most texts are let through by one pass over all of these.
 * Forms take time linear in the text: what they repeat cannot begin a match of its own.
 */
const FORMS: readonly (readonly [lead: string, form: RegExp, replace?: (match: string) => string])[] = [
  // Authorization values
  ["bearer\\s", form(`bearer\\s{1,4}(?!(?:${NO_BEARER})\\b)[\\w.~+/=-]{8,}`, "gi")],
  ["basic\\s", form("basic\\s{1,4}[A-Za-z0-9+/_-]{4,}={0,2}", "gi"), withoutBasicCredential],
  // JSON Web Tokens, signed and encrypted
  ["eyJ", /(?<![\w.-])[\w.-]{9,}/g, withoutWebToken],
  // OpenAI, Anthropic, Langfuse, OpenRouter, … (but not the package sk-learn); Mapbox
  ["[spr]k-", form("c?[spr]k-(?!learn\\b)[A-Za-z0-9][\\w-]{14,}")],
  ["eyJ", form("[sp]k\\.eyJ[\\w-]{6,}\\.[\\w-]{8,}")],
  // Stripe, ElevenLabs
  ["[spr]k_|whsec_", form("(?:[spr]k_(?:live|test)_\\w{8,}|sk_[0-9a-f]{40,}|whsec_\\w{16,})")],
  // Apie, and others that name themselves first: apie_sk_…, github_pat_…, dckr_pat_…
  ["_(?:sk|pat)_", form("[a-z]{2,12}_(?:sk|pat)_[\\w-]{6,}")],
  // AWS: ids of keys, keys of Bedrock, session tokens
  ["AKIA|ASIA|ABIA|ACCA", form("(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\\b")],
  [
    "ABSK|IQoJb3JpZ2lu|FwoGZXIvYXdz",
    form("(?:ABSK[A-Za-z0-9+/]{60,}|(?:IQoJb3JpZ2lu|FwoGZXIvYXdz)[A-Za-z0-9+/]{60,})={0,2}"),
  ],
  // Google
  ["AIza|ya29\\.|GOCSPX-", form("(?:AIza[\\w-]{30,}|ya29\\.[\\w-]{20,}|GOCSPX-[\\w-]{20,})")],
  ["1\\/\\/0", form("1//0[\\w-]{30,}")],
  // Azure: secrets of applications, keys of accounts and of OpenAI
  ["Q~", form("[\\w~.-]{3}[78]Q~[\\w~.-]{31,34}")],
  [
    "JQQJ9|ACDb|APIM|AIoT|Az(?:Se|Ca|Fu)|\\+A(?:Ba|MC|St|Sb|Eh|CR)",
    /(?<![A-Za-z0-9])[A-Za-z0-9+/]{30,80}(?:JQQJ9|ACDb|APIM|AIoT|Az(?:Se|Ca|Fu)|\+A(?:Ba|MC|St|Sb|Eh|CR))[A-Za-z0-9+/]{5,40}={0,2}/g,
  ],
  // GitHub, GitLab, Bitbucket
  ["gh[pousr]_", form("gh[pousr]_[A-Za-z0-9]{20,}")],
  ["gl[a-z]{2,5}-", form("gl(?:pat|dt|rt|ptt|cbt|imt|ft|soat|agent)-[\\w-]{16,}")],
  ["ATBB|ATCTT|ATATT", form("(?:ATBB[A-Za-z0-9]{24,}|AT(?:CTT|ATT)[\\w=-]{20,})")],
  // Slack, Discord, Teams, Telegram
  ["xox[a-z]-|xapp-", form("(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}")],
  ["hooks\\.slack", /(?<=hooks\.slack\.com\/(?:services|workflows|triggers)\/)[\w/-]+/g],
  ["api\\/webhooks", /(?<=discord(?:app)?\.com\/api\/webhooks\/)[\w/-]+/g],
  ["webhook\\.office", /(?<=webhook\.office\.com\/webhookb2\/)[\w/@-]+/g],
  [":AA", form("\\d{8,10}:AA[\\w-]{33}")],
  // Package registries, platforms, model providers
  [
    "npm_|hf_|r8_|pypi-|rubygems_",
    form("(?:npm_[A-Za-z0-9]{30,}|pypi-[\\w-]{40,}|(?:hf|r8)_[A-Za-z0-9]{20,}|rubygems_[0-9a-f]{40,})"),
  ],
  ["xai|gsk|pplx|nvapi|tvly|pcsk", form("(?:xai|gsk|pplx|nvapi|tvly|pcsk)[-_][\\w-]{20,}")],
  [
    "lsv2_|lin_api_|figd_|ntn_|sbp_|sb_secret_|phx_",
    form("(?:lsv2_[a-z]{2}|lin_api|figd|ntn|sbp|sb_secret|phx)_[\\w-]{20,}"),
  ],
  [
    "dop_v1_|dapi[0-9a-f]|sntry|e2b_|fc-[0-9a-f]",
    form("(?:(?:dop_v1_|dapi|e2b_)[0-9a-f]{32,}|fc-[0-9a-f]{32}\\b|sntry[su]_[\\w+/=-]{20,})"),
  ],
  [
    "fw_|jina_|nfp_|napi_|glsa_|glc_|CCIPAT_|vc[a-z]_|pscale_",
    form(
      "(?:(?:fw|jina|nfp|napi|vc[a-z])_(?=[A-Za-z]*\\d)[A-Za-z0-9]{20,}|(?:glsa|glc|CCIPAT|pscale_(?:tkn|pw|oauth))_[\\w.+/=-]{24,})",
    ),
  ],
  [
    "NRAK-|PMAK-|HRKU-|CFPAT-|pul-|xkeysib-",
    form("(?:(?:NRAK|PMAK|HRKU|CFPAT)-[\\w-]{20,}|(?:pul|xkeysib)-[0-9a-f]{32,}[\\w-]*)"),
  ],
  [
    "dt0[a-z]\\d|\\.atlasv1\\.",
    form("(?:dt0[a-z]\\d\\d\\.\\w{16,}\\.\\w{32,}|\\w{14}\\.atlasv1\\.[\\w-]{40,})"),
  ],
  [
    "SG\\.|hv[bsr]\\.|dp\\.",
    form("(?:SG\\.[\\w-]{16,}\\.[\\w-]{16,}|hv[bsr]\\.[\\w-]{20,}|dp\\.[a-z]{2,5}\\.[\\w.-]{30,})"),
  ],
  ["sq0[a-z]", form("sq0[a-z]{3}-[\\w-]{22,}")],
  ["shp[a-z]{2}_|secret_", form("(?:shp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}|secret_[A-Za-z0-9]{30,})")],
  ["pat[A-Za-z0-9]{14}\\.", form("pat[A-Za-z0-9]{14}\\.[0-9a-f]{40,}")],
  ["SK[0-9a-f]{32}|key-[0-9a-f]{32}", form("(?:SK|key-)[0-9a-f]{32}\\b")],
  // Private keys; what was cut off has no end
  [
    "PRIVATE KEY|AGE-SECRET",
    /-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)|AGE-SECRET-KEY-1[0-9A-Z]{20,}/g,
  ],
  // And the end of one whose beginning was cut off
  [
    "END [A-Z ]*PRIVATE KEY",
    /(?<![A-Za-z0-9+/=\s\\])[A-Za-z0-9+/=\s\\]*-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----/g,
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
export const FORM_SIGNS = [...new Set(FORMS.map(([lead]) => lead))].join("|");

/** A sign is looked for far faster than the form itself. */
const SIGNED = FORMS.map(([lead, form, replace = () => REDACTED]) => ({
  sign: new RegExp(lead, form.flags.replace("g", "")),
  form,
  replace,
}));

export function replaceForms(text: string): string {
  let replaced = text;
  for (const { sign, form, replace } of SIGNED)
    if (sign.test(replaced)) replaced = replaced.replace(form, replace);
  return replaced;
}

const WEB_TOKEN = /(?<![A-Za-z0-9])eyJ[\w-]{6}/;
/** `{"alg"`, `{"typ"`, … begin the header of a token, also of one that was cut off: then the parts after it are too few. */
const HEADER = /(?<![A-Za-z0-9])eyJ(?:hbGci|0eXAi|raWQi|lbmMi|jdHki|4NXQi)[\w-]{6}/;
/** A signed one has two parts more, an encrypted one four. */
const MAX_PARTS = 5;

/** @param run of the characters of a token: there may be other words around it, with dots between them. */
function withoutWebToken(run: string): string {
  const parts = run.split(".");
  const kept: string[] = [];
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] ?? "";
    const at = part.search(index + 2 < parts.length ? WEB_TOKEN : HEADER);
    kept.push(at < 0 ? part : part.slice(0, at) + REDACTED);
    if (at >= 0) index += MAX_PARTS - 1;
  }
  return kept.join(".");
}

/** `basic understanding` looks like a credential until it is decoded: there must be a colon in readable text. */
function withoutBasicCredential(match: string): string {
  const encoded = match.slice("basic".length).trim();
  const decoded = Buffer.from(encoded, "base64").toString("latin1");
  return /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(decoded) ? REDACTED : match;
}
