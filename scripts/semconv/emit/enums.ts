import { constantCase, typeName } from "../constants.ts";
import type { Registry } from "../registry.ts";
import { CODE_HEADER, deprecationText, docComment } from "./text.ts";

interface EnumMember {
  id: string;
  value: string;
  comment: (string | undefined)[];
}

/** `enums.ts`: for each enumeration an object of its values, the list of them, and their union type. */
export function emitEnums(registry: Registry): string {
  const own = [...registry.attributes.values()].flatMap(({ key, members }) => {
    if (members === undefined) return [];
    const entries = members.map(({ id, value, brief, note, deprecated }): EnumMember => {
      const old = deprecationText(deprecated);
      return { id, value, comment: [brief, note, old === undefined ? undefined : `@deprecated ${old}`] };
    });
    return [enumeration(key, "Values", entries)];
  });
  const upstream = [...registry.upstream.values()].flatMap(({ key, values }) => {
    if (values === undefined) return [];
    const entries = values.map((value): EnumMember => ({ id: value, value, comment: [] }));
    return [enumeration(key, "Well-known values", entries)];
  });
  return `${[CODE_HEADER, ...own, ...upstream].join("\n\n")}\n`;
}

function enumeration(key: string, noun: string, members: readonly EnumMember[]): string {
  const name = constantCase(key);
  const fields = members.map(({ id, value, comment }) => {
    const above = comment.length === 0 ? "" : `${docComment(...comment)}\n`;
    return `${above}${constantCase(id)}: ${JSON.stringify(value)},`;
  });
  return [
    `${docComment(`${noun} of \`${key}\`.`)}\nexport const ${name} = {\n${fields.join("\n")}\n} as const;`,
    `export type ${typeName(key)} = (typeof ${name})[keyof typeof ${name}];`,
    `${docComment(`${noun} of \`${key}\`, in the registry's order.`)}\nexport const ${name}_VALUES = [${members
      .map(({ value }) => JSON.stringify(value))
      .join(", ")}] as const;`,
  ].join("\n\n");
}
