/** Memory of plain data, roughly: a bound of bytes is none when a result of a megabyte counts like an empty one. */
export function plainBytes(value: unknown): number {
  // Texts take two bytes a character at most.
  if (typeof value === "string") return value.length * 2;
  if (typeof value !== "object" || value === null) return 8;
  let bytes = 16;
  for (const key of Object.keys(value)) {
    bytes += key.length * 2 + plainBytes((value as Record<string, unknown>)[key]);
  }
  return bytes;
}
