/**
 * Secrets in another writing: `sk-…` with an escape for its first letter, `Bearer%20…`, or all of it in base64. A text
 * is left as it is unless there is a secret in what it stands for.
 */
import { REDACTED } from "./secrets.ts";

/** Escapes of JSON and JavaScript (also within quoted JSON), and of addresses, for characters that are printed. */
const ESCAPE = /\\{1,8}u00([2-7][0-9a-f])|%(?:25){0,3}([2-7][0-9a-f])/gi;

/**
 * Base64 of printed characters: of each four the first can only be one of a part of the alphabet, which hardly any id or hash
 * keeps to.
 */
const BASE64 = /(?<![\w+/=-])(?:[CDI-Za-f][\w+/-]{3}){6,}[\w+/-]{0,3}={0,2}/g;
const PRINTED = /^[\t\n\r\x20-\x7e]*$/;

/** Signs that a text may hold something in another writing. */
const SIGNS = /\\u00[2-7]|%[2-7][0-9a-fA-F]|(?<![\w+/=-])(?:[CDI-Za-f][\w+/-]{3}){6}/;

export const maybeEncoded = (text: string): boolean => SIGNS.test(text);

/** @param redact replaces the secrets of a text in plain writing. */
export function replaceEncoded(text: string, redact: (plain: string) => string): string {
  const decoded = text.replace(ESCAPE, (_escape, json: string | undefined, address: string | undefined) =>
    String.fromCharCode(Number.parseInt(json ?? address ?? "", 16)),
  );
  // Where something is found it is shown as it was decoded: escapes around it may be part of it.
  const plain = decoded === text ? text : redact(decoded);
  const readable = plain === decoded ? text : plain;
  return readable.replace(BASE64, (run) => {
    const inside = Buffer.from(run, "base64").toString("latin1");
    return PRINTED.test(inside) && redact(inside) !== inside ? REDACTED : run;
  });
}
