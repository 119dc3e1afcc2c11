import type { RegistrySources } from "../../scripts/semconv/sources.ts";

/** The smallest registry that uses everything the format has; each bad registry is this one with one text changed. */
const MANIFEST = `description: A registry for tests.
schema_url: https://example.com/schemas/test/1.2.3
stability: development
dependencies:
  - schema_url: https://example.com/schemas/upstream/1.0.0
    registry_path: https://example.com/upstream.git@abc123[model]
`;

const UPSTREAM = `sources:
  up:
    schema_url: https://example.com/schemas/upstream/1.0.0
    repository: https://example.com/upstream
    revision: abc123
attributes:
  - key: gen_ai.agent.name
    type: string
    source: up
    stability: development
    brief: Name of the agent.
  - key: gen_ai.operation.name
    type: string
    source: up
    stability: development
    brief: The operation.
    values: [invoke_agent, chat]
  - key: error.type
    type: string
    source: up
    stability: stable
    brief: Class of the error.
`;

const ATTRIBUTES = `# Test attributes
# What the tests need.
file_format: definition/2
attributes:
  - key: agent.operation.name
    type:
      members:
        - id: run
          value: run
          stability: development
          brief: A run.
    brief: Which span it is.
    examples: [run]
    stability: beta
  - key: agent.key
    type: string
    brief: Key of the agent.
    note: Of low cardinality.
    examples: [support]
    stability: beta
  - key: agent.name
    type: string
    brief: Name of the agent.
    examples: [Support]
    stability: development
    annotations:
      mirrors: [{ key: gen_ai.agent.name, value: same }]
  - key: agent.run.id
    type: string
    brief: Id of the run.
    examples: [r1]
    stability: development
  - key: agent.run.input.value
    type: string
    brief: Input of the run.
    examples: [hello]
    stability: development
    annotations: { content: true }
  - key: agent.run.sources
    type: string[]
    brief: Sources of the run.
    examples: [[a, b]]
    stability: development
  - key: agent.run.turns
    type: int
    brief: Turns of the run.
    examples: [3]
    stability: development
  - key: agent.metadata
    type: string
    brief: Metadata.
    examples: ['{"a":1}']
    stability: development
    annotations: { format: json_object }
  - key: agent.link.type
    type:
      members:
        - id: session
          value: session
          stability: development
          brief: To the session.
    brief: What a link means.
    examples: [session]
    stability: development
`;

const SPANS = `# Test spans
file_format: definition/2
attribute_groups:
  - id: attributes.common
    visibility: internal
    attributes:
      - { ref: agent.operation.name, requirement_level: required }
      - { ref: agent.key, requirement_level: required }
      - { ref: agent.name, requirement_level: recommended }
      - ref: gen_ai.agent.name
        requirement_level: { conditionally_required: with the name }
        annotations: { when: { present: agent.name } }
  - id: attributes.other
    visibility: internal
    attributes:
      - { ref: agent.metadata, requirement_level: opt_in }
  - id: attributes.link
    visibility: public
    brief: Attributes of links.
    stability: development
    attributes:
      - { ref: agent.link.type, requirement_level: required }
spans:
  - type: agent.internal.run
    kind: internal
    stability: development
    name: { note: "\`invoke_agent {agent.name}\`, or \`invoke_agent {agent.key}\` without a name." }
    brief: A run.
    annotations:
      other_kinds: [client]
      links:
        - type: session
          requirement_level: { conditionally_required: when in a session }
    attributes:
      - ref_group: attributes.common
      - ref_group: attributes.other
      - { ref: agent.operation.name, sampling_relevant: true }
      - { ref: agent.key, sampling_relevant: true }
      - { ref: agent.name, sampling_relevant: true }
      - { ref: gen_ai.agent.name, sampling_relevant: true }
      - { ref: agent.run.id, requirement_level: required, sampling_relevant: true }
      - ref: gen_ai.operation.name
        requirement_level: required
        annotations: { values: [invoke_agent] }
      - { ref: agent.run.input.value, requirement_level: opt_in }
      - { ref: agent.run.sources, requirement_level: recommended }
      - { ref: agent.run.turns, requirement_level: { recommended: when counted } }
      - ref: error.type
        requirement_level: { conditionally_required: if the run failed }
        annotations: { when: { status: error } }
`;

const FILES = {
  "semconv/manifest.yaml": MANIFEST,
  "semconv/model/attributes.yaml": ATTRIBUTES,
  "semconv/model/spans.yaml": SPANS,
  "scripts/semconv/upstream.yaml": UPSTREAM,
} as const;

/** Texts of the small registry by path, each `[file, old, new]` replaced once. */
export type Change = readonly [file: keyof typeof FILES, old: string, replacement: string];

export function smallRegistryFiles(...changes: Change[]): Record<string, string> {
  const files: Record<string, string> = { ...FILES };
  for (const [file, old, replacement] of changes) {
    const text = files[file] ?? "";
    // A change that changes nothing would make a test pass or fail for the wrong reason.
    if (!text.includes(old)) throw new Error(`${file} has no ${JSON.stringify(old)}`);
    files[file] = text.replace(old, () => replacement);
  }
  return files;
}

export function smallRegistry(...changes: Change[]): RegistrySources {
  const files = smallRegistryFiles(...changes);
  const source = (path: string) => ({ path, text: files[path] ?? "" });
  return {
    manifest: source("semconv/manifest.yaml"),
    model: ["semconv/model/attributes.yaml", "semconv/model/spans.yaml"].map(source),
    upstream: source("scripts/semconv/upstream.yaml"),
  };
}
