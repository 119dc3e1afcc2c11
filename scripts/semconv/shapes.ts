/**
 * Shapes of the registry's files: the part of Weaver's `definition/2` format this registry uses, as zod schemas.
 * Weaver allows more; what is not here is refused, so that nothing in the model is silently without effect.
 */
import { z } from "zod";

const text = z.string().trim().min(1, "must not be empty");
const key = z.string().min(1);
const STABILITIES = ["development", "alpha", "beta", "release_candidate", "stable"] as const;
const stability = z.enum(STABILITIES);

/** Types of our own attributes. No `any` and no template: what is not flat goes into a JSON string. */
const VALUE_TYPES = [
  "string",
  "int",
  "double",
  "boolean",
  "string[]",
  "int[]",
  "double[]",
  "boolean[]",
] as const;
const SPAN_KINDS = ["internal", "server", "client", "producer", "consumer"] as const;

/** Parses a value with a schema chosen by its form, and reports that schema's own errors. */
function parseAs<S extends z.ZodType>(schema: S, value: unknown, context: z.core.$RefinementCtx): z.infer<S> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  context.issues.push(...(result.error.issues as z.core.$ZodRawIssue[]));
  return z.NEVER;
}

/** A field that is either a word or a map. */
function wordOrMap<W extends z.ZodType, M extends z.ZodType>(word: W, map: M) {
  return z.unknown().transform((value, context): z.infer<W> | z.infer<M> => {
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMap ? parseAs(map, value, context) : parseAs(word, value, context);
  });
}

const deprecated = z.discriminatedUnion("reason", [
  z.strictObject({ reason: z.literal("renamed"), renamed_to: key, note: text.optional() }),
  z.strictObject({ reason: z.literal("obsoleted"), note: text }),
  z.strictObject({ reason: z.literal("uncategorized"), note: text }),
]);

const member = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9_]*$/, "must be lower case with underscores"),
  value: z.string({ error: (issue) => (issue.input === undefined ? undefined : "must be text") }).min(1),
  brief: text,
  stability,
  note: text.optional(),
  deprecated: deprecated.optional(),
});

/** A condition a program can check; the same fields as `Condition` in src/semconv/types.ts. */
const when = z
  .strictObject({
    status: z.enum(["error", "not_error"]).optional(),
    inside: z.enum(["run", "session"]).optional(),
    present: key.optional(),
    absent: key.optional(),
    attribute: key.optional(),
    in: z.array(z.string()).min(1).optional(),
  })
  .refine((condition) => Object.keys(condition).length > 0, "must say when")
  .refine(
    (condition) => (condition.attribute === undefined) === (condition.in === undefined),
    "`attribute` and `in` go together",
  );

const basicLevel = z.enum(["required", "recommended", "opt_in"]);
const levelWithText = z
  .strictObject({
    conditionally_required: text.optional(),
    recommended: text.optional(),
    opt_in: text.optional(),
  })
  .refine((level) => Object.keys(level).length === 1, "must have exactly one entry");
const requirementLevel = wordOrMap(basicLevel, levelWithText);

const attribute = z.strictObject({
  key,
  type: wordOrMap(z.enum(VALUE_TYPES), z.strictObject({ members: z.array(member).min(1) })),
  brief: text,
  note: text.optional(),
  examples: z.array(z.unknown()).min(1).optional(),
  stability,
  deprecated: deprecated.optional(),
  annotations: z
    .strictObject({
      content: z.literal(true).optional(),
      unit: z.literal("s").optional(),
      format: z.literal("json_object").optional(),
      mirrors: z
        .array(z.strictObject({ key, value: z.enum(["same", "mapped", "any"]) }))
        .min(1)
        .optional(),
    })
    .optional(),
});

const referenceFields = {
  ref: key,
  requirement_level: requirementLevel.optional(),
  brief: text.optional(),
  note: text.optional(),
  annotations: z
    .strictObject({ when: when.optional(), values: z.array(z.string()).min(1).optional() })
    .optional(),
};
const groupReference = z.strictObject(referenceFields);
const groupInclusion = z.strictObject({ ref_group: key });
const spanReference = z.strictObject({ ...referenceFields, sampling_relevant: z.boolean().optional() });

const groupAttributes = { id: key, attributes: z.array(groupReference).min(1) };
const group = z.discriminatedUnion("visibility", [
  z.strictObject({ visibility: z.literal("internal"), ...groupAttributes }),
  z.strictObject({
    visibility: z.literal("public"),
    ...groupAttributes,
    brief: text,
    stability,
    note: text.optional(),
  }),
]);

const link = z.strictObject({
  type: key,
  requirement_level: requirementLevel,
  when: when.optional(),
});

const span = z.strictObject({
  type: key,
  kind: z.enum(SPAN_KINDS),
  name: z.strictObject({ note: text }),
  brief: text,
  note: text.optional(),
  stability,
  deprecated: deprecated.optional(),
  attributes: z
    .array(
      z.unknown().transform((value, context) => {
        const isGroup = typeof value === "object" && value !== null && "ref_group" in value;
        return isGroup ? parseAs(groupInclusion, value, context) : parseAs(spanReference, value, context);
      }),
    )
    .min(1),
  annotations: z
    .strictObject({
      instant: z.literal(true).optional(),
      other_kinds: z.array(z.enum(SPAN_KINDS)).min(1).optional(),
      links: z.array(link).min(1).optional(),
    })
    .optional(),
});

export const modelFile = z.strictObject({
  file_format: z.literal("definition/2"),
  attributes: z.array(attribute).min(1).optional(),
  attribute_groups: z.array(group).min(1).optional(),
  spans: z.array(span).min(1).optional(),
});

const schemaUrl = z
  .string()
  .regex(
    /^https:\/\/[^/\s]+\/[^\s]*\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/,
    "must be https://host/path/MAJOR.MINOR.PATCH",
  );

export const manifestFile = z.strictObject({
  schema_url: schemaUrl,
  description: text.optional(),
  stability,
  dependencies: z.array(z.strictObject({ schema_url: schemaUrl, registry_path: text.optional() })).min(1),
});

export const upstreamFile = z.strictObject({
  sources: z.record(
    z.string(),
    z.strictObject({ schema_url: schemaUrl, repository: z.url(), revision: text }),
  ),
  attributes: z
    .array(
      z.strictObject({
        key,
        type: z.enum([...VALUE_TYPES, "any"]),
        source: key,
        stability,
        brief: text,
        values: z.array(z.string()).min(1).optional(),
        content: z.literal(true).optional(),
      }),
    )
    .min(1),
});

export type ModelFile = z.infer<typeof modelFile>;
export type ManifestFile = z.infer<typeof manifestFile>;
export type UpstreamFile = z.infer<typeof upstreamFile>;
export type AttributeEntry = z.infer<typeof attribute>;
export type GroupEntry = z.infer<typeof group>;
export type SpanEntry = z.infer<typeof span>;
export type LevelEntry = z.infer<typeof requirementLevel>;
