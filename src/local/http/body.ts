/** Reading request bodies: media type, size (also of what a compressed body inflates to), JSON. */
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import type { z } from "zod";
import { Refusal } from "./refusal.ts";
import type { AppContext } from "./route.ts";
import { parse, unknownFields } from "./validate.ts";

/** Deeper nesting than any client sends; it would overflow the stack of code that walks it. */
const MAX_DEPTH = 200;

const DECODERS: Readonly<
  Record<string, (data: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
};

/** The media type without its parameters, in lower case; empty when absent. */
export function mediaType(c: AppContext): string {
  return (c.req.header("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

const tooLarge = (maxBytes: number): Refusal =>
  new Refusal(413, "body_too_large", `The body is larger than ${maxBytes} bytes`);

async function collect(c: AppContext, maxBytes: number): Promise<Uint8Array> {
  const declared = c.req.header("content-length");
  if (declared !== undefined) {
    if (Number(declared) > maxBytes) throw tooLarge(maxBytes);
    return new Uint8Array(await c.req.arrayBuffer());
  }
  const reader = c.req.raw.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    size += value.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(value);
  }
}

/** A client that hangs up while it sends is no failure of this server. */
async function readRaw(c: AppContext, maxBytes: number): Promise<Uint8Array> {
  try {
    return await collect(c, maxBytes);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "incomplete_body", `The body did not arrive whole: ${(error as Error).message}`);
  }
}

/** The body's bytes, inflated. @throws Refusal 413, 415, 400 */
export async function readBody(c: AppContext, maxBytes: number): Promise<Uint8Array> {
  const encoding = (c.req.header("content-encoding") ?? "identity").trim().toLowerCase();
  const decode = DECODERS[encoding];
  if (decode === undefined && encoding !== "identity") {
    throw new Refusal(
      415,
      "unsupported_encoding",
      `content-encoding ${encoding} is not supported; use gzip or deflate`,
    );
  }
  const raw = await readRaw(c, maxBytes);
  if (decode === undefined) return raw;
  try {
    return await decode(raw, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new Refusal(400, "invalid_encoding", `The body is not ${encoding}: ${(error as Error).message}`);
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

/** The JSON body. @throws Refusal 413, 415, 400 */
export async function readJson(c: AppContext, maxBytes: number): Promise<unknown> {
  const type = mediaType(c);
  if (type !== "application/json") {
    throw new Refusal(
      415,
      "unsupported_media_type",
      `content-type must be application/json, not ${type || "absent"}`,
    );
  }
  const text = decodeText(await readBody(c, maxBytes), MAX_DEPTH);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, "invalid_json", `The body is not JSON: ${(error as Error).message}`);
  }
}

/** A JSON body that fits the schema, and warnings for fields the schema does not know. @throws Refusal */
export async function readObject<T extends z.ZodObject>(
  c: AppContext,
  schema: T,
  maxBytes: number,
): Promise<{ body: z.output<T>; warnings: string[] }> {
  const value = await readJson(c, maxBytes);
  const body = parse(schema, value);
  return { body, warnings: unknownFields(schema, value as object, "ignored") };
}

/** `warnings` only when there are some. */
export const withWarnings = <T extends object>(
  answer: T,
  warnings: readonly string[],
): T & { warnings?: readonly string[] } => (warnings.length === 0 ? answer : { ...answer, warnings });
