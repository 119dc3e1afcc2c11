import { placeholders } from "../../../src/semconv/names.ts";
import type { Condition } from "../../../src/semconv/types.ts";
import type { ParsedSources } from "../load.ts";
import type { Problem } from "../problem.ts";
import {
  LINK_TYPE_KEY,
  memberValues,
  OPERATION_KEY,
  type Registry,
  type Span,
  type SpanAttribute,
} from "../registry.ts";
import { nameKeys } from "../resolve.ts";

const TYPE_PATTERN = /^agent\.(internal|server|client|producer|consumer)\.[a-z][a-z0-9_]*$/;

/** What a span processor needs in `onStart` to place a span; where a span has them, it has them from its start. */
const ALWAYS_AT_START = [OPERATION_KEY, "agent.key", "agent.run.id", "agent.session.id"];

type Report = (message: string, fix: string) => void;

/** Rules for each span: its identity, its name, its attributes and its links. */
export function checkSpans(sources: ParsedSources, registry: Registry): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const file of sources.model) {
    for (const [index, entry] of (file.value.spans ?? []).entries()) {
      const report: Report = (message, fix) =>
        problems.push({
          file: file.path,
          line: file.lineOf(["spans", index]),
          subject: entry.type,
          message,
          fix,
        });
      if (seen.has(entry.type)) report("is the type of two spans", "rename one");
      seen.add(entry.type);
      const span = registry.spans.find(({ type }) => type === entry.type);
      if (span === undefined) continue;
      checkIdentity(span, registry, report);
      checkName(span, report);
      checkConditions(entry, span, report);
      for (const attribute of span.attributes) checkAttribute(attribute, span, registry, report);
      checkLinks(span, registry, report);
    }
  }
  return problems;
}

function checkIdentity(span: Span, registry: Registry, report: Report): void {
  if (!TYPE_PATTERN.test(span.type)) {
    report("is no span type of this registry", "write agent.{kind}.{name}, all in lower case");
  } else if (span.type.split(".")[1] !== span.kind) {
    report(`names another kind than its own, ${span.kind}`, "make the middle part of the type its kind");
  }
  if (span.otherKinds.includes(span.kind)) {
    report(`lists its own kind ${span.kind} among other_kinds`, "remove it there");
  }
  const operations = memberValues(registry, OPERATION_KEY);
  if (!operations.includes(span.operation)) {
    report(
      `ends in ${span.operation}, which is no value of ${OPERATION_KEY}`,
      "add a member there, or correct the type",
    );
  }
  const operation = span.attributes.find(({ key }) => key === OPERATION_KEY);
  if (operation?.level !== "required") {
    report(`does not require ${OPERATION_KEY}`, "include the group attributes.agent.common");
  }
  for (const { key, atStart } of span.attributes) {
    if (ALWAYS_AT_START.includes(key) && !atStart) {
      report(`does not want ${key} at start`, `add { ref: ${key}, sampling_relevant: true }`);
    }
  }
}

function checkName(span: Span, report: Report): void {
  if (span.nameTemplates.length === 0) {
    report("has no name template", "put the name in backticks in name.note, with attributes in braces");
    return;
  }
  for (const key of nameKeys(span)) {
    const attribute = span.attributes.find((candidate) => candidate.key === key);
    if (attribute === undefined) {
      report(`has ${key} in its name, which is none of its attributes`, "refer to it, or correct the name");
    } else if (!attribute.atStart) {
      report(
        `has ${key} in its name, which is not there at start`,
        "add sampling_relevant: true to the reference",
      );
    }
  }
  const last = span.nameTemplates.at(-1) ?? "";
  const optional = placeholders(last).filter(
    (key) => span.attributes.find((candidate) => candidate.key === key)?.level !== "required",
  );
  if (optional.length > 0) {
    report(
      `has no name for spans without ${optional.join(" and ")}`,
      "end name.note with a template that needs required attributes only",
    );
  }
}

/** `when` and `values` say something only on certain references. */
function checkConditions(
  entry: { attributes: readonly ({ ref_group: string } | RawReference)[] },
  span: Span,
  report: Report,
): void {
  for (const item of entry.attributes) {
    if ("ref_group" in item || item.annotations?.when === undefined) continue;
    const level = span.attributes.find(({ key }) => key === item.ref)?.level;
    if (level !== "conditionally_required") {
      report(
        `says when ${item.ref} is required, but its level is ${level}`,
        "make it conditionally_required",
      );
    }
  }
}

interface RawReference {
  ref: string;
  annotations?: { when?: Condition | undefined } | undefined;
}

function checkAttribute(attribute: SpanAttribute, span: Span, registry: Registry, report: Report): void {
  const { key, level, when, values, twinOf } = attribute;
  const own = registry.attributes.get(key);
  const upstream = registry.upstream.get(key);
  if (level !== "opt_in" && (own?.content === true || upstream?.content === true)) {
    report(
      `wants ${key}, which holds content, by default`,
      "make it opt_in: content is off unless asked for",
    );
  }
  for (const named of [when?.present, when?.absent, when?.attribute]) {
    if (named === undefined || span.attributes.some((candidate) => candidate.key === named)) continue;
    report(
      `makes ${key} depend on ${named}, which is none of its attributes`,
      "refer to it, or correct the key",
    );
  }
  const allowed = own?.members?.map((member) => member.value) ?? upstream?.values;
  for (const value of values ?? []) {
    if (allowed?.includes(value)) continue;
    report(`narrows ${key} to ${value}, which is none of its values`, "add it there, or correct the value");
  }
  if (twinOf?.value === "same" && level !== "required" && when?.present !== twinOf.key) {
    report(
      `has ${key} as the twin of ${twinOf.key}, but does not require it beside that`,
      `make it conditionally_required with annotations: { when: { present: ${twinOf.key} } }`,
    );
  }
}

function checkLinks(span: Span, registry: Registry, report: Report): void {
  const types = memberValues(registry, LINK_TYPE_KEY);
  for (const [index, link] of span.links.entries()) {
    if (!types.includes(link.type)) {
      report(
        `has a link ${link.type}, which is no value of ${LINK_TYPE_KEY}`,
        "add a member there, or correct it",
      );
    }
    if (span.links.findIndex(({ type }) => type === link.type) !== index) {
      report(`lists the link ${link.type} twice`, "remove one");
    }
    if (link.when !== undefined && link.level !== "conditionally_required") {
      report(
        `says when the link ${link.type} is required, but its level is ${link.level}`,
        "make it conditionally_required",
      );
    }
  }
}
