/**
 * Model calls, by far the most frequent work: each convention says by tables where the facts are, and all of them give
 * objects of one shape, which is what makes them cheap to read and small to keep.
 */
import type { ModelCallFacts, Usage } from "../model/activity.ts";
import type { AttributesLike } from "../model/span.ts";
import { usage as normalUsage } from "./normalize.ts";
import { type Field, readField } from "./read.ts";

type Fields<Facts> = { readonly [Name in keyof Facts]?: Field<NonNullable<Facts[Name]>> };

export type UsageFields = Fields<Usage>;
export type ModelCallFields = Omit<Fields<ModelCallFacts>, "usage"> & { readonly usage: UsageFields };

const read = <T>(field: Field<T> | undefined, attributes: AttributesLike): T | undefined =>
  field === undefined ? undefined : readField(field, attributes);

/** @returns `undefined` when the span tells no usage. */
export function readUsage(fields: UsageFields, attributes: AttributesLike): Usage | undefined {
  const input = read(fields.input, attributes);
  const output = read(fields.output, attributes);
  const total = read(fields.total, attributes);
  const cacheRead = read(fields.cacheRead, attributes);
  const cacheWrite = read(fields.cacheWrite, attributes);
  const reasoning = read(fields.reasoning, attributes);
  if ((input ?? output ?? total ?? cacheRead ?? cacheWrite ?? reasoning) === undefined) return undefined;
  return normalUsage({ input, output, total, cacheRead, cacheWrite, reasoning });
}

export function readModelCall(fields: ModelCallFields, attributes: AttributesLike): ModelCallFacts {
  return {
    operation: read(fields.operation, attributes),
    provider: read(fields.provider, attributes),
    requestModel: read(fields.requestModel, attributes),
    responseModel: read(fields.responseModel, attributes),
    responseId: read(fields.responseId, attributes),
    finishReason: read(fields.finishReason, attributes),
    stream: read(fields.stream, attributes),
    timeToFirstTokenMs: read(fields.timeToFirstTokenMs, attributes),
    usage: readUsage(fields.usage, attributes),
  };
}
