import { describe } from "vitest";
import { ATTRIBUTES, attribute, type BadRegistry, refuses, withAttribute } from "./bad-registry.ts";

const KEYS: BadRegistry[] = [
  {
    what: "a key in upper case",
    changes: withAttribute(attribute("agent.Mood"), "{ ref: agent.Mood, requirement_level: opt_in }"),
    problem: { file: ATTRIBUTES, subject: "agent.Mood", message: "is no key of this registry" },
  },
  {
    what: "a key in a namespace of others",
    changes: withAttribute(attribute("gen_ai.mood"), "{ ref: gen_ai.mood, requirement_level: opt_in }"),
    problem: { file: ATTRIBUTES, subject: "gen_ai.mood", message: "is no key of this registry" },
  },
  {
    what: "a key that is defined twice",
    changes: [
      [ATTRIBUTES, "  - key: agent.link.type\n", `${attribute("agent.key")}\n  - key: agent.link.type\n`],
    ],
    problem: {
      file: ATTRIBUTES,
      subject: "agent.key",
      message: "is defined in semconv/model/attributes.yaml already",
    },
  },
  {
    what: "a key that is the namespace of another",
    changes: withAttribute(attribute("agent.run"), "{ ref: agent.run, requirement_level: opt_in }"),
    problem: { file: ATTRIBUTES, subject: "agent.run", message: "the namespace of agent.run.id" },
  },
  {
    what: "a key under agent.threat",
    changes: withAttribute(
      attribute("agent.threat.level"),
      "{ ref: agent.threat.level, requirement_level: opt_in }",
    ),
    problem: { file: ATTRIBUTES, subject: "agent.threat.level", message: "lies under agent.threat" },
  },
  {
    what: "a key Elastic uses with another meaning",
    changes: withAttribute(attribute("agent.type"), "{ ref: agent.type, requirement_level: opt_in }"),
    problem: { file: ATTRIBUTES, subject: "agent.type", message: "Elastic Common Schema" },
  },
  {
    what: "two keys with one constant",
    changes: withAttribute(attribute("agent.run_id"), "{ ref: agent.run_id, requirement_level: opt_in }"),
    problem: { file: ATTRIBUTES, subject: "agent.run_id", message: "ATTR_AGENT_RUN_ID" },
  },
  {
    what: "a twin that is not pinned",
    changes: [[ATTRIBUTES, "mirrors: [{ key: gen_ai.agent.name", "mirrors: [{ key: gen_ai.agent.title"]],
    problem: {
      file: ATTRIBUTES,
      subject: "agent.name",
      message: "gen_ai.agent.title, which is not on the pinned list",
    },
  },
  {
    what: "a new name that does not exist",
    changes: [
      [
        ATTRIBUTES,
        "    examples: [r1]\n",
        "    examples: [r1]\n    deprecated: { reason: renamed, renamed_to: agent.run.key }\n",
      ],
    ],
    problem: {
      file: ATTRIBUTES,
      subject: "agent.run.id",
      message: "renamed to agent.run.key, which is not defined",
    },
  },
  {
    what: "an enum with one value twice",
    changes: [
      [
        ATTRIBUTES,
        "          brief: A run.\n",
        "          brief: A run.\n        - { id: run_again, value: run, stability: development, brief: Again. }\n",
      ],
    ],
    problem: { file: ATTRIBUTES, subject: "agent.operation.name", message: "two members with the value run" },
  },
];

const EXAMPLES: BadRegistry[] = [
  {
    what: "an attribute without examples",
    changes: [[ATTRIBUTES, "    examples: [r1]\n", ""]],
    problem: { file: ATTRIBUTES, subject: "agent.run.id", message: "has no examples" },
  },
  {
    what: "a number as the example of a text",
    changes: [[ATTRIBUTES, "examples: [r1]", "examples: [1]"]],
    problem: { file: ATTRIBUTES, subject: "agent.run.id", message: "example 1 is not of type string" },
  },
  {
    what: "a fraction as the example of a whole number",
    changes: [[ATTRIBUTES, "examples: [3]", "examples: [3.5]"]],
    problem: { file: ATTRIBUTES, subject: "agent.run.turns", message: "example 3.5 is not of type int" },
  },
  {
    what: "a text as the example of a list",
    changes: [[ATTRIBUTES, "examples: [[a, b]]", "examples: [a]"]],
    problem: {
      file: ATTRIBUTES,
      subject: "agent.run.sources",
      message: 'example "a" is not of type string[]',
    },
  },
  {
    what: "an example that is no member",
    changes: [[ATTRIBUTES, "examples: [run]", "examples: [ran]"]],
    problem: {
      file: ATTRIBUTES,
      subject: "agent.operation.name",
      message: 'example "ran" is the value of no member',
    },
  },
  {
    what: "an example that is no JSON object",
    changes: [[ATTRIBUTES, `'{"a":1}'`, `"[1]"`]],
    problem: { file: ATTRIBUTES, subject: "agent.metadata", message: 'example "[1]" is no JSON object' },
  },
];

describe("a registry is refused for its keys", () => refuses(KEYS));
describe("a registry is refused for its examples", () => refuses(EXAMPLES));
