/** How the names of generated constants and types follow from keys. */

/** `agent.run.id` gives `AGENT_RUN_ID`. */
export function constantCase(text: string): string {
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll(/[^A-Za-z0-9]+/g, "_")
    .toUpperCase();
}

/** `agent.run.id` gives `ATTR_AGENT_RUN_ID`. */
export function attributeConstant(key: string): string {
  return `ATTR_${constantCase(key)}`;
}

/** `agent.run.status` gives `AgentRunStatus`. */
export function typeName(key: string): string {
  return key
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}
