/** Memory of a call that waits, estimated. */
import { plainBytes } from "../model/plain-bytes.ts";

/** Of a call that says little, with its share of the lane. */
const CALL_BYTES = 600;

export function callBytes(body: object): number {
  return Math.max(CALL_BYTES, plainBytes(body));
}
