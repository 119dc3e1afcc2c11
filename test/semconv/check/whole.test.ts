import { describe } from "vitest";
import { ATTRIBUTES, type BadRegistry, MANIFEST, refuses, SPANS, UPSTREAM } from "./bad-registry.ts";

const UNUSED: BadRegistry[] = [
  {
    what: "an attribute no span refers to",
    changes: [[SPANS, "      - { ref: agent.run.sources, requirement_level: recommended }\n", ""]],
    problem: { file: ATTRIBUTES, subject: "agent.run.sources", message: "is on no span" },
  },
  {
    what: "a group no span includes",
    changes: [
      [
        SPANS,
        "      - ref_group: attributes.other\n",
        "      - { ref: agent.metadata, requirement_level: opt_in }\n",
      ],
    ],
    problem: { file: SPANS, subject: "attributes.other", message: "is a group no span includes" },
  },
  {
    what: "a pinned attribute no span refers to",
    changes: [
      [
        UPSTREAM,
        "  - key: error.type\n",
        "  - { key: user.id, type: string, source: up, stability: stable, brief: The user. }\n  - key: error.type\n",
      ],
    ],
    problem: { file: UPSTREAM, subject: "user.id", message: "is pinned, but no span refers to it" },
  },
  {
    what: "an operation without span",
    changes: [
      [
        ATTRIBUTES,
        "          brief: A run.\n",
        "          brief: A run.\n        - { id: rest, value: rest, stability: development, brief: A rest. }\n",
      ],
    ],
    problem: {
      file: ATTRIBUTES,
      subject: "agent.operation.name",
      message: "has the member rest, which no span uses",
    },
  },
  {
    what: "a link type no span has",
    changes: [
      [
        ATTRIBUTES,
        "          brief: To the session.\n",
        "          brief: To the session.\n        - { id: run, value: run, stability: development, brief: To a run. }\n",
      ],
    ],
    problem: {
      file: ATTRIBUTES,
      subject: "agent.link.type",
      message: "has the member run, which no span uses",
    },
  },
];

const PINNING: BadRegistry[] = [
  {
    what: "a pinned attribute of an unknown source",
    changes: [[UPSTREAM, "    type: string\n    source: up", "    type: string\n    source: down"]],
    problem: {
      file: UPSTREAM,
      subject: "gen_ai.agent.name",
      message: "comes from down, which is not among the sources",
    },
  },
  {
    what: "an attribute that is pinned and defined",
    changes: [
      [
        UPSTREAM,
        "attributes:\n",
        "attributes:\n  - { key: agent.key, type: string, source: up, stability: stable, brief: The key. }\n",
      ],
    ],
    problem: {
      file: UPSTREAM,
      subject: "agent.key",
      message: "is defined by https://example.com/schemas/test/1.2.3 as well",
    },
  },
  {
    what: "a dependency in a revision that is not the pinned one",
    changes: [[MANIFEST, "@abc123", "@def456"]],
    problem: {
      file: MANIFEST,
      subject: "https://example.com/schemas/upstream/1.0.0",
      message: "revision abc123",
    },
  },
  {
    what: "a model file without title",
    changes: [[SPANS, "# Test spans\n", ""]],
    problem: { file: SPANS, subject: "file", message: "has no title" },
  },
];

describe("a registry is refused for what is defined in vain", () => refuses(UNUSED));
describe("a registry is refused for what it depends on", () => refuses(PINNING));
