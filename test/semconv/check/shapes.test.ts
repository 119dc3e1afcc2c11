import { describe } from "vitest";
import { ATTRIBUTES, type BadRegistry, MANIFEST, refuses, SPANS } from "./bad-registry.ts";

const SHAPES: BadRegistry[] = [
  {
    what: "YAML that cannot be parsed",
    changes: [[ATTRIBUTES, "    brief: Id of the run.", "    brief: [Id of the run."]],
    problem: { file: ATTRIBUTES, subject: "YAML", message: "" },
  },
  {
    what: "a key that is there twice in one map",
    changes: [[ATTRIBUTES, "    brief: Id of the run.", "    brief: Id of the run.\n    brief: Again."]],
    problem: { file: ATTRIBUTES, subject: "YAML", message: "must be unique" },
  },
  {
    what: "a file of another format",
    changes: [[ATTRIBUTES, "definition/2", "definition/1"]],
    problem: { file: ATTRIBUTES, subject: "file_format", message: "definition/2" },
  },
  {
    what: "a section the generator does not know",
    changes: [[SPANS, "spans:\n", "metrics: []\nspans:\n"]],
    problem: { file: SPANS, subject: "file", message: "unknown field `metrics`" },
  },
  {
    what: "an attribute without brief",
    changes: [[ATTRIBUTES, "    brief: Id of the run.\n", ""]],
    problem: { file: ATTRIBUTES, subject: "agent.run.id brief", message: "is missing" },
  },
  {
    what: "an attribute without stability",
    changes: [[ATTRIBUTES, "    examples: [r1]\n    stability: development\n", "    examples: [r1]\n"]],
    problem: { file: ATTRIBUTES, subject: "agent.run.id stability", message: "is missing" },
  },
  {
    what: "a stability that does not exist",
    changes: [
      [
        ATTRIBUTES,
        "    examples: [run]\n    stability: beta",
        "    examples: [run]\n    stability: experimental",
      ],
    ],
    problem: { file: ATTRIBUTES, subject: "agent.operation.name stability", message: "expected one of" },
  },
  {
    what: "a type that does not exist",
    changes: [[ATTRIBUTES, "type: int", "type: integer"]],
    problem: { file: ATTRIBUTES, subject: "agent.run.turns type", message: "expected one of" },
  },
  ...(["id", "value", "brief", "stability"] as const).map((field): BadRegistry => {
    const member = { id: "run", value: "run", stability: "development", brief: "A run." };
    const rest = Object.entries(member).filter(([name]) => name !== field);
    const lines = (fields: [string, string][]): string =>
      `        - ${fields.map(([name, text]) => `${name}: ${text}`).join("\n          ")}\n`;
    return {
      what: `an enum member without ${field}`,
      changes: [[ATTRIBUTES, lines(Object.entries(member)), lines(rest)]],
      problem: {
        file: ATTRIBUTES,
        subject: `agent.operation.name type ${field === "id" ? "[0]" : "run"} ${field}`,
        message: "is missing",
      },
    };
  }),
  {
    what: "an enum without members",
    changes: [
      [
        ATTRIBUTES,
        "      members:\n        - id: session\n          value: session\n          stability: development\n          brief: To the session.\n",
        "      members: []\n",
      ],
    ],
    problem: { file: ATTRIBUTES, subject: "agent.link.type type", message: "too small" },
  },
  {
    what: "an annotation the generator does not know",
    changes: [[ATTRIBUTES, "{ content: true }", "{ content: true, secret: true }"]],
    problem: { file: ATTRIBUTES, subject: "agent.run.input.value", message: "unknown field `secret`" },
  },
  {
    what: "a requirement level that does not exist",
    changes: [
      [
        SPANS,
        "ref: agent.run.sources, requirement_level: recommended",
        "ref: agent.run.sources, requirement_level: optional",
      ],
    ],
    problem: {
      file: SPANS,
      subject: "agent.internal.run agent.run.sources requirement_level",
      message: "expected one of",
    },
  },
  {
    what: "conditionally_required without its condition",
    changes: [[SPANS, "{ conditionally_required: if the run failed }", "conditionally_required"]],
    problem: {
      file: SPANS,
      subject: "agent.internal.run error.type requirement_level",
      message: "expected one of",
    },
  },
  {
    what: "a condition in two ways",
    changes: [
      [SPANS, "{ conditionally_required: if the run failed }", "{ conditionally_required: a, opt_in: b }"],
    ],
    problem: {
      file: SPANS,
      subject: "agent.internal.run error.type requirement_level",
      message: "exactly one entry",
    },
  },
  {
    what: "a condition for programs that says nothing",
    changes: [[SPANS, "{ when: { status: error } }", "{ when: {} }"]],
    problem: { file: SPANS, subject: "agent.internal.run error.type when", message: "must say when" },
  },
  {
    what: "half a condition on a value",
    changes: [[SPANS, "{ when: { status: error } }", "{ when: { attribute: agent.key } }"]],
    problem: { file: SPANS, subject: "agent.internal.run error.type when", message: "go together" },
  },
  {
    what: "a span of no kind",
    changes: [[SPANS, "kind: internal", "kind: inner"]],
    problem: { file: SPANS, subject: "agent.internal.run kind", message: "expected one of" },
  },
  {
    what: "a span without name",
    changes: [[SPANS, "    name: { note:", "    title: { note:"]],
    problem: { file: SPANS, subject: "agent.internal.run name", message: "is missing" },
  },
  {
    what: "at start in a group, where Weaver does not allow it",
    changes: [
      [
        SPANS,
        "{ ref: agent.key, requirement_level: required }",
        "{ ref: agent.key, requirement_level: required, sampling_relevant: true }",
      ],
    ],
    problem: {
      file: SPANS,
      subject: "attributes.common agent.key",
      message: "unknown field `sampling_relevant`",
    },
  },
  {
    what: "a schema URL without version",
    changes: [
      [
        MANIFEST,
        "schema_url: https://example.com/schemas/test/1.2.3",
        "schema_url: https://example.com/schemas/test",
      ],
    ],
    problem: { file: MANIFEST, subject: "schema_url", message: "MAJOR.MINOR.PATCH" },
  },
];

describe("a registry is refused for the shape of a file", () => refuses(SHAPES));
