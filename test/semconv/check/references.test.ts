import { describe } from "vitest";
import { type BadRegistry, refuses, SPANS } from "./bad-registry.ts";

const REFERENCES: BadRegistry[] = [
  {
    what: "a reference that leads nowhere",
    changes: [[SPANS, "ref: agent.run.sources", "ref: agent.run.source"]],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "agent.run.source, which is defined neither",
    },
  },
  {
    what: "a reference of a group that leads nowhere",
    changes: [[SPANS, "{ ref: agent.metadata,", "{ ref: agent.meta,"]],
    problem: { file: SPANS, subject: "attributes.other", message: "agent.meta, which is defined neither" },
  },
  {
    what: "an unknown group",
    changes: [[SPANS, "      - ref_group: attributes.other\n", "      - ref_group: attributes.others\n"]],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "attributes.others, which is not defined",
    },
  },
  {
    what: "an attribute from two groups",
    changes: [
      [
        SPANS,
        "{ ref: agent.metadata, requirement_level: opt_in }",
        "{ ref: agent.metadata, requirement_level: opt_in }\n      - { ref: agent.key, requirement_level: required }",
      ],
    ],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "agent.key from the groups attributes.common and attributes.other",
    },
  },
  {
    what: "two references to one attribute",
    changes: [
      [
        SPANS,
        "      - { ref: agent.run.sources",
        "      - { ref: agent.run.turns, requirement_level: opt_in }\n      - { ref: agent.run.sources",
      ],
    ],
    problem: { file: SPANS, subject: "agent.internal.run", message: "refers to agent.run.turns twice" },
  },
  {
    what: "a reference without level",
    changes: [
      [SPANS, "{ ref: agent.run.sources, requirement_level: recommended }", "{ ref: agent.run.sources }"],
    ],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "how strongly it wants agent.run.sources",
    },
  },
  {
    what: "two groups of one id",
    changes: [[SPANS, "id: attributes.link", "id: attributes.other"]],
    problem: { file: SPANS, subject: "attributes.other", message: "is the id of two groups" },
  },
];

describe("a registry is refused for its references", () => refuses(REFERENCES));
