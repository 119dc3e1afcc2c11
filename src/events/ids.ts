/**
 * Ids of what has no id of its own: UUIDs of version 5 (RFC 9562 §5.5), made of what identifies it, so that a retry, a replayed
 * spool or a second import creates nothing twice.
 */
import { createHash, hash } from "node:crypto";

/** The namespace UUID 61706965-2d6f-7465-6c2f-6576656e7473: sixteen ASCII bytes, so that it can lead a text to hash. */
const NAMESPACE = "apie-otel/events";

/** 40 digits, of the text within our namespace. */
export const sha1 =
  typeof hash === "function"
    ? (text: string): string => hash("sha1", NAMESPACE + text, "hex")
    : (text: string): string => createHash("sha1").update(NAMESPACE).update(text).digest("hex");

const VARIANT = ["8", "9", "a", "b"] as const;

/** @returns the UUID of version 5 of this name, the same on every machine. */
export function nameUuid(name: string): string {
  const hex = sha1(name);
  const variant = VARIANT[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Id of the index-th run that is rooted at a span of another library. */
export function runIdOf(traceId: string, spanId: string, index = 0): string {
  return nameUuid(`run:${traceId}${spanId}${index}`);
}
