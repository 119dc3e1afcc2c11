/** Looking into JSON of others: what has not the expected type is not there. */

export type Json = Readonly<Record<string, unknown>>;

/** Text that says something: an empty one is none, as everywhere in these sources. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

export function object(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Members of a list that are objects, with their places. */
export function objects(value: unknown): { item: Json; index: number }[] {
  return list(value).flatMap((member, index) => {
    const item = object(member);
    return item === undefined ? [] : [{ item, index }];
  });
}

/** Text as it is, anything else as JSON; `undefined` where there is nothing. */
export function content(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A word for programs, such as the class of an error: a sentence is none, and may be content. */
export function word(value: unknown): string | undefined {
  const said = text(value);
  return said !== undefined && /^[\w.:-]{1,80}$/.test(said) ? said : undefined;
}
