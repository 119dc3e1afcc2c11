import { describe } from "vitest";
import { type BadRegistry, refuses, SPANS } from "./bad-registry.ts";

const SPAN_RULES: BadRegistry[] = [
  {
    what: "a span type of another form",
    changes: [[SPANS, "type: agent.internal.run\n", "type: agent.run\n"]],
    problem: { file: SPANS, subject: "agent.run", message: "is no span type of this registry" },
  },
  {
    what: "a span type that names another kind",
    changes: [[SPANS, "type: agent.internal.run\n", "type: agent.server.run\n"]],
    problem: {
      file: SPANS,
      subject: "agent.server.run",
      message: "names another kind than its own, internal",
    },
  },
  {
    what: "its own kind among the other kinds",
    changes: [[SPANS, "other_kinds: [client]", "other_kinds: [internal]"]],
    problem: { file: SPANS, subject: "agent.internal.run", message: "its own kind internal" },
  },
  {
    what: "a span that does not require its operation",
    changes: [
      [
        SPANS,
        "{ ref: agent.operation.name, requirement_level: required }",
        "{ ref: agent.operation.name, requirement_level: recommended }",
      ],
    ],
    problem: { file: SPANS, subject: "agent.internal.run", message: "does not require agent.operation.name" },
  },
  {
    what: "an identity that is not there at start",
    changes: [
      [
        SPANS,
        "{ ref: agent.run.id, requirement_level: required, sampling_relevant: true }",
        "{ ref: agent.run.id, requirement_level: required }",
      ],
    ],
    problem: { file: SPANS, subject: "agent.internal.run", message: "does not want agent.run.id at start" },
  },
  {
    what: "a name without template",
    changes: [
      [SPANS, "`invoke_agent {agent.name}`, or `invoke_agent {agent.key}` without a name.", "Any name."],
    ],
    problem: { file: SPANS, subject: "agent.internal.run", message: "has no name template" },
  },
  {
    what: "a name made of an attribute the span does not have",
    changes: [[SPANS, "`invoke_agent {agent.name}`", "`invoke_agent {agent.title}`"]],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "has agent.title in its name, which is none of its",
    },
  },
  {
    what: "a name made of an attribute that comes late",
    changes: [[SPANS, "{ ref: agent.name, sampling_relevant: true }", "{ ref: agent.name }"]],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "has agent.name in its name, which is not there at start",
    },
  },
  {
    what: "no name for a span that lacks an optional attribute",
    changes: [[SPANS, ", or `invoke_agent {agent.key}` without a name.", ""]],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "has no name for spans without agent.name",
    },
  },
  {
    what: "content that is not opt-in",
    changes: [
      [
        SPANS,
        "{ ref: agent.run.input.value, requirement_level: opt_in }",
        "{ ref: agent.run.input.value, requirement_level: recommended }",
      ],
    ],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "agent.run.input.value, which holds content, by default",
    },
  },
  {
    what: "a condition on a reference that has none",
    changes: [
      [
        SPANS,
        "requirement_level: { conditionally_required: if the run failed }",
        "requirement_level: recommended",
      ],
    ],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "says when error.type is required, but its level is recommended",
    },
  },
  {
    what: "a condition on an attribute the span does not have",
    changes: [[SPANS, "{ when: { status: error } }", "{ when: { present: agent.link.type } }"]],
    problem: { file: SPANS, subject: "agent.internal.run", message: "error.type depend on agent.link.type" },
  },
  {
    what: "a condition on an attribute the span does not have, which is always so",
    changes: [[SPANS, "{ when: { status: error } }", "{ when: { absent: agent.link.type } }"]],
    problem: { file: SPANS, subject: "agent.internal.run", message: "error.type depend on agent.link.type" },
  },
  {
    what: "a value the attribute does not have",
    changes: [[SPANS, "values: [invoke_agent]", "values: [call_agent]"]],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "narrows gen_ai.operation.name to call_agent",
    },
  },
  {
    what: "a twin that may be left out",
    changes: [
      [
        SPANS,
        "        requirement_level: { conditionally_required: with the name }\n        annotations: { when: { present: agent.name } }\n",
        "        requirement_level: recommended\n",
      ],
    ],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "gen_ai.agent.name as the twin of agent.name, but does not require it",
    },
  },
  {
    what: "a link that means nothing",
    changes: [
      [
        SPANS,
        "        - type: session\n          requirement_level",
        "        - type: session\n          requirement_level: opt_in\n        - type: sesion\n          requirement_level",
      ],
    ],
    problem: {
      file: SPANS,
      subject: "agent.internal.run",
      message: "has a link sesion, which is no value of agent.link.type",
    },
  },
  {
    what: "a link listed twice",
    changes: [
      [
        SPANS,
        "        - type: session\n          requirement_level",
        "        - type: session\n          requirement_level: opt_in\n        - type: session\n          requirement_level",
      ],
    ],
    problem: { file: SPANS, subject: "agent.internal.run", message: "lists the link session twice" },
  },
];

describe("a registry is refused for its spans", () => refuses(SPAN_RULES));
