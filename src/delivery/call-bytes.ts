/** Memory of a call that waits, estimated: a bound of bytes is none when a result of a megabyte counts like an empty one. */

/** Of a call that says little, with its share of the lane. */
const CALL_BYTES = 600;

export function callBytes(body: object): number {
  return Math.max(CALL_BYTES, bytesOf(body));
}

/** Texts take two bytes a character at most. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return value.length * 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 16;
  for (const [name, member] of Object.entries(value)) bytes += name.length * 2 + bytesOf(member);
  return bytes;
}
