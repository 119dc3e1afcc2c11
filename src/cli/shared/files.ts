/** What users name to be read: a file, or standard input; gzipped or not. */
import { createReadStream } from "node:fs";
import { gunzipSync } from "node:zlib";
import { reasonOf } from "../../model/errors.ts";
import { UsageError } from "../failure.ts";

/** Beyond this a file is split by whoever made it. */
const MAX_BYTES = 256 * 1024 * 1024;

/** @param path `-`: standard input. @throws {UsageError} when it cannot be read, or is too large. */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    const bytes = await read(path === "-" ? process.stdin : createReadStream(path));
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes;
  } catch (error) {
    throw new UsageError(`Cannot read ${path === "-" ? "standard input" : path}: ${reasonOf(error)}`, error);
  }
}

/** No more than may be: what is piped in, or a device, may never end. */
async function read(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes: split it`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
