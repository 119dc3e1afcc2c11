import { isJsonObject, isOfType } from "../../../src/semconv/values.ts";
import { attributeConstant } from "../constants.ts";
import type { ParsedSources } from "../load.ts";
import type { Problem } from "../problem.ts";
import type { AttributeEntry } from "../shapes.ts";

/** Namespaces this registry may define: the convention's own, and the vendor's. */
const NAMESPACES = ["agent", "apie"] as const;
const KEY_PATTERN = new RegExp(`^(${NAMESPACES.join("|")})(\\.[a-z][a-z0-9]*(_[a-z0-9]+)*)+$`);

/** Keys of ours that others use or plan to use with another meaning (README.md, "Collisions"). */
const RESERVED: Readonly<Record<string, string>> = {
  "agent.threat": "OpenTelemetry has a proposal for agent.threat.*",
  "agent.type": "the Elastic Common Schema uses it for the collecting agent",
  "agent.ephemeral_id": "the Elastic Common Schema uses it for the collecting agent",
  "agent.build": "the Elastic Common Schema uses it for the collecting agent",
};

interface Found {
  entry: AttributeEntry;
  file: string;
  line: number | undefined;
}

/** Rules for the definitions of attributes, ours and the pinned ones. */
export function checkAttributes(sources: ParsedSources): Problem[] {
  const own: Found[] = sources.model.flatMap((file) =>
    (file.value.attributes ?? []).map((entry, index) => ({
      entry,
      file: file.path,
      line: file.lineOf(["attributes", index]),
    })),
  );
  const ownKeys = new Set(own.map(({ entry }) => entry.key));
  return [
    ...own.flatMap((found) => checkKey(found)),
    ...own.flatMap((found) => checkMembers(found)),
    ...own.flatMap((found) => checkExamples(found)),
    ...own.flatMap((found) => checkReferences(found, ownKeys, sources)),
    ...checkUpstream(sources, ownKeys),
    ...checkKeysTogether(sources, own),
  ];
}

function checkKey({ entry, file, line }: Found): Problem[] {
  const place = { file, line, subject: entry.key };
  if (!KEY_PATTERN.test(entry.key)) {
    return [
      {
        ...place,
        message: "is no key of this registry",
        fix: `write ${NAMESPACES.map((name) => `${name}.`).join(" or ")} and lower-case words joined by dots and underscores; an upstream key belongs on the pinned list`,
      },
    ];
  }
  const reserved = Object.entries(RESERVED).find(
    ([name]) => entry.key === name || entry.key.startsWith(`${name}.`),
  );
  if (reserved === undefined) return [];
  const [name, reason] = reserved;
  return [{ ...place, message: `lies under ${name}: ${reason}`, fix: "choose another key" }];
}

function checkMembers({ entry, file, line }: Found): Problem[] {
  if (typeof entry.type === "string") return [];
  const members = entry.type.members;
  const twice = (["id", "value"] as const).flatMap((field) =>
    repeated(members.map((member) => member[field])).map((text) => ({ field, text })),
  );
  return twice.map(({ field, text }) => ({
    file,
    line,
    subject: entry.key,
    message: `has two members with the ${field} ${text}`,
    fix: "remove one",
  }));
}

function checkExamples({ entry, file, line }: Found): Problem[] {
  const place = { file, line, subject: entry.key };
  const { type, examples } = entry;
  if (examples === undefined) {
    return [{ ...place, message: "has no examples", fix: "add `examples` with at least one value" }];
  }
  if (typeof type !== "string") {
    const values: unknown[] = type.members.map((member) => member.value);
    return examples
      .filter((example) => !values.includes(example))
      .map((example) => ({
        ...place,
        message: `example ${JSON.stringify(example)} is the value of no member`,
        fix: "use values of its members",
      }));
  }
  const wrong = examples.filter((example) => !isOfType(example, type));
  const problems: Problem[] = wrong.map((example) => ({
    ...place,
    message: `example ${JSON.stringify(example)} is not of type ${type}`,
    fix: type.endsWith("[]") ? "write each example as a list" : "correct it, or quote it where text is meant",
  }));
  if (entry.annotations?.format === "json_object") {
    for (const example of examples.filter((value) => typeof value === "string" && !isJsonObject(value))) {
      problems.push({
        ...place,
        message: `example ${JSON.stringify(example)} is no JSON object`,
        fix: "write the text of a JSON object",
      });
    }
  }
  return problems;
}

function checkReferences(
  { entry, file, line }: Found,
  ownKeys: Set<string>,
  sources: ParsedSources,
): Problem[] {
  const problems: Problem[] = [];
  const place = { file, line, subject: entry.key };
  const upstream = new Set(sources.upstream.value.attributes.map(({ key }) => key));
  for (const { key } of entry.annotations?.mirrors ?? []) {
    if (upstream.has(key)) continue;
    problems.push({
      ...place,
      message: `mirrors ${key}, which is not on the pinned list`,
      fix: `add it to ${sources.upstream.path}`,
    });
  }
  const renamed = entry.deprecated?.reason === "renamed" ? entry.deprecated.renamed_to : undefined;
  if (renamed !== undefined && !ownKeys.has(renamed) && !upstream.has(renamed)) {
    problems.push({
      ...place,
      message: `is renamed to ${renamed}, which is not defined`,
      fix: "define the new key, or correct the name",
    });
  }
  return problems;
}

function checkUpstream({ upstream, manifest }: ParsedSources, ownKeys: Set<string>): Problem[] {
  return upstream.value.attributes.flatMap((entry, index) => {
    const place = { file: upstream.path, line: upstream.lineOf(["attributes", index]), subject: entry.key };
    const problems: Problem[] = [];
    if (!Object.hasOwn(upstream.value.sources, entry.source)) {
      problems.push({
        ...place,
        message: `comes from ${entry.source}, which is not among the sources`,
        fix: `write one of ${Object.keys(upstream.value.sources).join(", ")}`,
      });
    }
    if (ownKeys.has(entry.key)) {
      problems.push({
        ...place,
        message: `is defined by ${manifest.value.schema_url} as well`,
        fix: "remove it here",
      });
    }
    return problems;
  });
}

/** Rules for all keys together: each once, none the namespace of another, none with the constant of another. */
function checkKeysTogether({ upstream }: ParsedSources, own: Found[]): Problem[] {
  const all = [
    ...own.map(({ entry, file, line }) => ({ key: entry.key, file, line })),
    ...upstream.value.attributes.map(({ key }, index) => ({
      key,
      file: upstream.path,
      line: upstream.lineOf(["attributes", index]),
    })),
  ];
  const problems: Problem[] = [];
  const seen = new Map<string, string>();
  const constants = new Map<string, string>();
  for (const { key, file, line } of all) {
    const place = { file, line, subject: key };
    const first = seen.get(key);
    if (first !== undefined) {
      if (file !== upstream.path || first === upstream.path) {
        problems.push({ ...place, message: `is defined in ${first} already`, fix: "remove one of the two" });
      }
      continue;
    }
    seen.set(key, file);
    const other = all.find((candidate) => candidate.key.startsWith(`${key}.`));
    if (other !== undefined) {
      problems.push({
        ...place,
        message: `is a key, and the namespace of ${other.key} as well`,
        fix: "rename one, so that no key is a prefix of another",
      });
    }
    const constant = attributeConstant(key);
    const rival = constants.get(constant);
    if (rival !== undefined) {
      problems.push({
        ...place,
        message: `would have the constant ${constant}, which is that of ${rival}`,
        fix: "rename one",
      });
    }
    constants.set(constant, key);
  }
  return problems;
}

function repeated(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text, index) => texts.indexOf(text) !== index))];
}
