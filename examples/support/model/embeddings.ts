/** POST /v1/embeddings (https://platform.openai.com/docs/api-reference/embeddings): the same vector for the same text. */
import { createHash } from "node:crypto";
import { z } from "zod";

const REQUEST = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string())]),
  dimensions: z.int().min(1).max(4_096).nullish(),
  encoding_format: z.enum(["float", "base64"]).nullish(),
});

const DEFAULT_DIMENSIONS = 8;
const CHARACTERS_PER_TOKEN = 4;

/** A unit vector made of the text's hash. */
function vectorOf(text: string, dimensions: number): number[] {
  const values = Array.from({ length: dimensions }, (_, index) => {
    const hash = createHash("sha256").update(`${index}/${text}`).digest();
    return hash.readUInt32BE(0) / 0x8000_0000 - 1;
  });
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

/** @throws {z.ZodError} */
export function embeddings(body: unknown): unknown {
  const { model, input, dimensions, encoding_format } = REQUEST.parse(body);
  const texts = typeof input === "string" ? [input] : input;
  const tokens = texts.reduce((sum, text) => sum + Math.ceil(text.length / CHARACTERS_PER_TOKEN), 0);
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, dimensions ?? DEFAULT_DIMENSIONS);
    const isBinary = encoding_format === "base64";
    const embedding = isBinary ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : vector;
    return { object: "embedding", index, embedding };
  });
  return { object: "list", data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}
