import { describe, expect, test } from "vitest";
import {
  AGENT_OPERATION_NAME_VALUES,
  ATTRIBUTES,
  CONTENT_ATTRIBUTES,
  checkSpan,
  definitionOf,
  type ObservedSpan,
  SPANS,
  type SpanAttribute,
  type SpanDefinition,
  spanName,
} from "../../src/semconv/index.ts";

const KINDS = ["internal", "server", "client", "producer", "consumer"];

/** Some value of the right type, and one the span allows. */
function sample({ key, values }: SpanAttribute): unknown {
  const known = values ?? ATTRIBUTES[key]?.values;
  if (known !== undefined) return known[0];
  const samples: Record<string, unknown> = {
    string: "x",
    int: 1,
    double: 0.5,
    boolean: true,
    "string[]": ["x"],
  };
  return samples[ATTRIBUTES[key]?.type ?? "string"];
}

/** The least a span of this definition must be: what is required, and what that requires in turn. */
function leastSpan(definition: SpanDefinition): ObservedSpan {
  const attributes: Record<string, unknown> = {};
  for (const attribute of definition.attributes) {
    if (attribute.level === "required") attributes[attribute.key] = sample(attribute);
  }
  for (const attribute of definition.attributes) {
    const { key, when } = attribute;
    if (when?.present !== undefined && when.present in attributes) attributes[key] = attributes[when.present];
    const value = when?.attribute === undefined ? undefined : attributes[when.attribute];
    const isAbsent = when?.absent !== undefined && !(when.absent in attributes);
    if (isAbsent || when?.status === "not_error" || when?.in?.some((other) => other === value))
      attributes[key] ??= sample(attribute);
  }
  const early = new Set(definition.attributes.filter(({ atStart }) => atStart).map(({ key }) => key));
  return {
    name: spanName(definition, attributes) ?? "",
    kind: KINDS.indexOf(definition.kind),
    attributesAtStart: Object.fromEntries(Object.entries(attributes).filter(([key]) => early.has(key))),
    attributesAtEnd: attributes,
    links: definition.links
      .filter(({ level }) => level === "required")
      .map(({ type }) => ({ attributes: { "agent.link.type": type } })),
    status: { code: 0 },
  };
}

function without(span: ObservedSpan, key: string): ObservedSpan {
  const { [key]: _atStart, ...attributesAtStart } = span.attributesAtStart;
  const { [key]: _atEnd, ...attributesAtEnd } = span.attributesAtEnd;
  return { ...span, attributesAtStart, attributesAtEnd };
}

describe.each(SPANS.map((definition) => [definition.operation, definition] as const))(
  "%s",
  (_operation, definition) => {
    const span = leastSpan(definition);

    test("conforms when it has what is required", () => {
      expect(checkSpan(span)).toEqual([]);
    });

    test("does not conform without any one of them", () => {
      // Required where another is not there is required on a span that has only what it must have.
      const required = definition.attributes.filter(
        ({ level, when, key }) =>
          (level === "required" || when?.absent !== undefined) && key !== "agent.operation.name",
      );
      expect(required.length).toBeGreaterThan(0);
      for (const { key } of required) {
        const about = checkSpan(without(span, key)).filter((finding) => finding.key === key);
        expect(about.map(({ code }) => code)).toEqual([expect.stringMatching(/^missing_(attribute|twin)$/)]);
      }
    });

    test("does not conform when one of them comes too late", () => {
      for (const { key } of definition.attributes.filter(
        ({ level, atStart }) => level === "required" && atStart,
      )) {
        const { [key]: _late, ...attributesAtStart } = span.attributesAtStart;
        expect(checkSpan({ ...span, attributesAtStart })).toEqual([
          expect.objectContaining({ code: "missing_at_start", key }),
        ]);
      }
    });

    test("wants the ids of the run and the session it is inside", () => {
      const inside = {
        ...without(without(span, "agent.run.id"), "agent.session.id"),
        inside: { run: true, session: true },
      };
      const missing = checkSpan(inside)
        .filter(({ code }) => code === "missing_attribute")
        .map(({ key }) => key);
      // A session is not part of the run it was opened in.
      const ids = definition.operation.startsWith("session")
        ? ["agent.session.id"]
        : ["agent.run.id", "agent.session.id"];
      expect(missing.sort()).toEqual(ids);
    });

    test("has every kind it may have accepted, and no other", () => {
      const allowed = [definition.kind, ...definition.otherKinds];
      for (const [kind, name] of KINDS.entries()) {
        const codes = checkSpan({ ...span, kind }).map(({ code }) => code);
        expect([name, codes]).toEqual([name, allowed.some((other) => other === name) ? [] : ["wrong_kind"]]);
      }
    });
  },
);

describe("the definitions", () => {
  test("are one for each operation", () => {
    expect(SPANS.map(({ operation }) => operation)).toEqual([...AGENT_OPERATION_NAME_VALUES]);
    expect(definitionOf("run")?.type).toBe("agent.internal.run");
    expect(definitionOf("dance")).toBeUndefined();
  });

  test("lead from the place a run was started at to the run", () => {
    const span = leastSpan(SPANS.find(({ operation }) => operation === "run_start") as SpanDefinition);
    expect(checkSpan({ ...span, links: [] })).toEqual([
      expect.objectContaining({ code: "missing_link", key: "started_run" }),
    ]);
  });

  test("want no content by default", () => {
    const asked = SPANS.flatMap(({ attributes }) => attributes.filter(({ level }) => level !== "opt_in"));
    expect(asked.filter(({ key }) => CONTENT_ATTRIBUTES.includes(key))).toEqual([]);
    expect(CONTENT_ATTRIBUTES).toContain("gen_ai.input.messages");
  });
});

describe("spanName", () => {
  const llm = definitionOf("llm_call") as SpanDefinition;

  test("fills the first template whose attributes are all there", () => {
    const attributes = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5" };
    expect(spanName(llm, attributes)).toBe("chat gpt-5");
    expect(spanName(llm, { ...attributes, "gen_ai.request.model": undefined })).toBe("chat");
  });

  test("takes a value as it is, whatever is in it", () => {
    const attributes = {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "$& {gen_ai.operation.name}",
    };
    expect(spanName(llm, attributes)).toBe("chat $& {gen_ai.operation.name}");
  });

  test("gives none when even the last is incomplete", () => {
    expect(spanName(llm, {})).toBeUndefined();
  });
});
