/** Reading request bodies: media type, size (also of what a compressed body inflates to), JSON. */
import type { Transform } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import type { z } from "zod";
import { entryOf } from "../members.ts";
import type { Services } from "../services.ts";
import type { BodyShare } from "./body-budget.ts";
import { Refusal } from "./refusal.ts";
import type { AppContext } from "./route.ts";
import { parse, unknownFields } from "./validate.ts";

/** Deeper nesting than any client sends; it would overflow the stack of code that walks it. */
const MAX_DEPTH = 200;

const INFLATE = { chunkSize: 256 * 1024 };

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(INFLATE),
  "x-gzip": () => createGunzip(INFLATE),
  deflate: () => createInflate(INFLATE),
};

/** The media type without its parameters, in lower case; empty when absent. */
export function mediaType(c: AppContext): string {
  return (c.req.header("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

const tooLarge = (maxBytes: number): Refusal =>
  new Refusal(413, "body_too_large", `The body is larger than ${maxBytes} bytes`);

async function collect(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  share: BodyShare,
): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    share.take(chunk.byteLength);
    all.push(chunk);
  }
  return all.length === 1 && all[0] !== undefined ? all[0] : Buffer.concat(all);
}

/** A client that hangs up while it sends is no failure of this server. */
async function readRaw(c: AppContext, maxBytes: number, share: BodyShare): Promise<Uint8Array> {
  if (Number(c.req.header("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  try {
    // Left open when it is refused half-way: the connection still has the answer to carry.
    return await collect(c.env.incoming.iterator({ destroyOnReturn: false }), maxBytes, share);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "incomplete_body", `The body did not arrive whole: ${(error as Error).message}`);
  }
}

async function inflated(
  raw: Uint8Array,
  encoding: string,
  maxBytes: number,
  share: BodyShare,
): Promise<Uint8Array> {
  const decoder = entryOf(DECODERS, encoding)?.();
  if (decoder === undefined) return raw;
  decoder.end(raw);
  try {
    return await collect(decoder, maxBytes, share);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "invalid_encoding", `The body is not ${encoding}: ${(error as Error).message}`);
  }
}

/**
 * Reads the body, inflated, and makes something of its bytes, which count as long as that takes.
 * @throws Refusal 413, 415, 400, 503
 */
export async function readBody<T>(
  c: AppContext,
  { bodies }: Services,
  maxBytes: number,
  make: (bytes: Uint8Array) => T,
): Promise<T> {
  const encoding = (c.req.header("content-encoding") ?? "identity").trim().toLowerCase();
  if (encoding !== "identity" && entryOf(DECODERS, encoding) === undefined) {
    throw new Refusal(
      415,
      "unsupported_encoding",
      `content-encoding ${encoding} is not supported; use gzip or deflate`,
    );
  }
  const share = bodies.open();
  try {
    return make(await inflated(await readRaw(c, maxBytes, share), encoding, maxBytes, share));
  } finally {
    share.close();
  }
}

/** Whether arrays and objects of the JSON text nest deeper than allowed; strings are skipped. */
function nestsTooDeep(json: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index++) {
    const code = json.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** @throws Refusal 400 */
export function decodeText(bytes: Uint8Array, maxDepth: number): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(400, "invalid_json", "The body is not UTF-8");
  }
  if (nestsTooDeep(text, maxDepth)) {
    throw new Refusal(400, "invalid_json", `The body nests deeper than ${maxDepth} levels`);
  }
  return text;
}

function jsonOf(bytes: Uint8Array): unknown {
  const text = decodeText(bytes, MAX_DEPTH);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "invalid_json", `The body is not JSON: ${(error as Error).message}`);
  }
}

/** The JSON body. @throws Refusal 413, 415, 400, 503 */
export async function readJson(c: AppContext, services: Services): Promise<unknown> {
  const type = mediaType(c);
  if (type !== "application/json") {
    throw new Refusal(
      415,
      "unsupported_media_type",
      `content-type must be application/json, not ${type || "absent"}`,
    );
  }
  return readBody(c, services, services.settings.maxBodyBytes, jsonOf);
}

/** A JSON body that fits the schema, and warnings for fields the schema does not know. @throws Refusal */
export async function readObject<T extends z.ZodObject>(
  c: AppContext,
  services: Services,
  schema: T,
): Promise<{ body: z.output<T>; warnings: string[] }> {
  const value = await readJson(c, services);
  const body = parse(schema, value);
  return { body, warnings: unknownFields(schema, value as object, "ignored") };
}

/** `warnings` only when there are some. */
export const withWarnings = <T extends object>(
  answer: T,
  warnings: readonly string[],
): T & { warnings?: readonly string[] } => (warnings.length === 0 ? answer : { ...answer, warnings });
