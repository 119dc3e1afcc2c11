import { attributeConstant } from "../constants.ts";
import type { Registry } from "../registry.ts";
import { CODE_HEADER, deprecationText, docComment } from "./text.ts";

/** `attributes.ts`: one constant for each key, ours first, then the upstream keys our spans carry. */
export function emitAttributes(registry: Registry): string {
  const own = registry.attributeSubjects.flatMap(({ title, entries }) => [
    `// ${title}`,
    ...entries.map(({ key, brief, note, unit, content, deprecated }) => {
      const extra = [unit === "s" ? "In seconds." : "", content ? "Content: off by default." : ""]
        .join(" ")
        .trim();
      const old = deprecationText(deprecated);
      return constant(key, [
        `${brief} ${extra}`.trim(),
        note,
        old === undefined ? undefined : `@deprecated ${old}`,
      ]);
    }),
  ]);
  const upstream = [...registry.upstream.values()].map(({ key, brief, content }) =>
    constant(key, [`${brief}${content ? " Content: off by default." : ""}`]),
  );
  return `${[CODE_HEADER, ...own, "// Upstream", ...upstream].join("\n\n")}\n`;
}

function constant(key: string, comment: (string | undefined)[]): string {
  return `${docComment(...comment)}\nexport const ${attributeConstant(key)} = ${JSON.stringify(key)};`;
}
