import type { Registry } from "../../registry.ts";
import { code, page, table } from "./markdown.ts";

/** `enums.md`: the values of our enumerations. */
export function enumsPage(registry: Registry): string {
  const sections = [...registry.attributes.values()].flatMap(({ key, brief, members }) => {
    if (members === undefined) return [];
    const rows = members.map(({ value, brief: meaning, stability }) => [code(value), meaning, stability]);
    return [`## ${code(key)}\n\n${brief}\n\n${table(["Value", "Meaning", "Stability"], rows)}`];
  });
  return page("Enumerations", ...sections);
}
