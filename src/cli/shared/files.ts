/** What users name to be read: a file, or standard input; gzipped or not. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { reasonOf } from "../../model/errors.ts";
import { UsageError } from "../failure.ts";

/** Beyond this a file is split by whoever made it. */
const MAX_BYTES = 256 * 1024 * 1024;

/** @param path `-`: standard input. @throws {UsageError} when it cannot be read, or is too large. */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    const bytes = path === "-" ? await buffer(process.stdin) : await readFile(path);
    const plain =
      bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
    if (plain.length > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes: split it`);
    return plain;
  } catch (error) {
    throw new UsageError(`Cannot read ${path === "-" ? "standard input" : path}: ${reasonOf(error)}`, error);
  }
}
