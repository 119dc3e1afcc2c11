import { randomUUID } from "node:crypto";

/** UUID of version 7 (RFC 9562 §5.7): time first, so that ids sort by when they were made. */
export function uuidv7(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
