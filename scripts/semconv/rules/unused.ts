import type { ParsedSources } from "../load.ts";
import type { Problem } from "../problem.ts";
import { LINK_TYPE_KEY, memberValues, OPERATION_KEY, type Registry } from "../registry.ts";

/** Nothing is defined without effect: attributes, groups, pinned keys, operations and link types are all in use. */
export function checkNothingUnused(sources: ParsedSources, registry: Registry): Problem[] {
  const used = usedKeys(sources, registry);
  return [
    ...unusedAttributes(sources, used),
    ...unusedPins(sources, used),
    ...unusedGroups(sources),
    ...unusedMembers(sources, registry),
  ];
}

function usedKeys({ model }: ParsedSources, registry: Registry): Set<string> {
  const onSpans = registry.spans.flatMap(({ attributes }) => attributes.map(({ key }) => key));
  const inPublicGroups = model
    .flatMap((file) => file.value.attribute_groups ?? [])
    .filter(({ visibility }) => visibility === "public")
    .flatMap(({ attributes }) => attributes.map(({ ref }) => ref));
  return new Set([...onSpans, ...inPublicGroups]);
}

function unusedAttributes({ model }: ParsedSources, used: Set<string>): Problem[] {
  return model.flatMap((file) =>
    [...(file.value.attributes ?? []).entries()]
      .filter(([, { key, deprecated }]) => !used.has(key) && deprecated === undefined)
      .map(([index, { key }]) => ({
        file: file.path,
        line: file.lineOf(["attributes", index]),
        subject: key,
        message: "is on no span and in no public group",
        fix: "refer to it from a span, or remove it",
      })),
  );
}

function unusedPins({ upstream }: ParsedSources, used: Set<string>): Problem[] {
  return [...upstream.value.attributes.entries()]
    .filter(([, { key }]) => !used.has(key))
    .map(([index, { key }]) => ({
      file: upstream.path,
      line: upstream.lineOf(["attributes", index]),
      subject: key,
      message: "is pinned, but no span refers to it",
      fix: "remove it from the list",
    }));
}

function unusedGroups({ model }: ParsedSources): Problem[] {
  const included = new Set(
    model
      .flatMap((file) => file.value.spans ?? [])
      .flatMap(({ attributes }) =>
        attributes.map((item) => ("ref_group" in item ? item.ref_group : undefined)),
      ),
  );
  return model.flatMap((file) =>
    [...(file.value.attribute_groups ?? []).entries()]
      .filter(([, { id, visibility }]) => visibility === "internal" && !included.has(id))
      .map(([index, { id }]) => ({
        file: file.path,
        line: file.lineOf(["attribute_groups", index]),
        subject: id,
        message: "is a group no span includes",
        fix: "include it with ref_group, or remove it",
      })),
  );
}

/** Each operation has its span, and each link type a span that carries it. */
function unusedMembers({ model }: ParsedSources, registry: Registry): Problem[] {
  const users: Record<string, string[]> = {
    [OPERATION_KEY]: registry.spans.map(({ operation }) => operation),
    [LINK_TYPE_KEY]: registry.spans.flatMap(({ links }) => links.map(({ type }) => type)),
  };
  return Object.entries(users).flatMap(([key, values]) => {
    const unused = memberValues(registry, key).filter((member) => !values.includes(member));
    return unused.map((member) => ({
      ...definitionOf(key, model),
      subject: key,
      message: `has the member ${member}, which no span uses`,
      fix: "define a span for it, or remove the member",
    }));
  });
}

function definitionOf(key: string, model: ParsedSources["model"]): Pick<Problem, "file" | "line"> {
  for (const file of model) {
    const index = (file.value.attributes ?? []).findIndex((entry) => entry.key === key);
    if (index >= 0) return { file: file.path, line: file.lineOf(["attributes", index]) };
  }
  return { file: "semconv/model" };
}
