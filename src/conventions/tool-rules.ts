/**
 * What the words of a tool's name say of what it does and to what. Each field is taken from the first matching rule that has
 * it, so the order matters: deleting and secrets come before reading, and a noun says what is done only where no verb does.
 *
 * Printed in docs/actions-and-resources.md. The table is the one Apie documents (boundaries/action-and-resource-metadata), and below it that of its MCP proxy.
 */
import type { InferRule } from "../config/index.ts";

interface Words extends Omit<InferRule, "tool"> {
  /** Any of these, as words of the name; `pull_request` is two that follow each other. */
  readonly words: readonly string[];
}

export const RULES: readonly Words[] = [
  { words: ["rm", "delete", "destroy", "remove"], action: "delete", riskLevel: "critical" },
  { words: ["vault", "secret"], action: "read", resource: "secret", riskLevel: "critical" },
  { words: ["merge"], action: "merge", resource: "code_repository", riskLevel: "high" },
  { words: ["search", "read", "get", "list", "fetch", "find", "lookup"], action: "read", riskLevel: "low" },
  {
    words: ["deploy", "deployment", "release"],
    action: "execute",
    resource: "deployment_event",
    riskLevel: "high",
  },
  { words: ["pipeline", "cicd"], action: "execute", resource: "pipeline_run", riskLevel: "high" },
  { words: ["create", "insert"], action: "create", riskLevel: "medium" },
  { words: ["update", "edit", "write", "modify", "patch"], action: "update", riskLevel: "medium" },
  { words: ["send", "notify"], action: "communicate", resource: "communication_event", riskLevel: "medium" },
  {
    words: ["db", "database", "postgres", "sql"],
    action: "update",
    resource: "database_record",
    riskLevel: "high",
  },
  { words: ["github"], action: "merge", resource: "code_repository", riskLevel: "high" },
  {
    words: ["message", "email", "slack"],
    action: "communicate",
    resource: "communication_event",
    riskLevel: "medium",
  },
  {
    words: ["pull_request", "change_request", "pr"],
    action: "create",
    resource: "change_request",
    riskLevel: "medium",
  },
  { words: ["ticket", "issue"], action: "read", resource: "work_item", riskLevel: "medium" },
  { words: ["incident"], action: "read", resource: "incident_signal", riskLevel: "medium" },
  { words: ["admin"], action: "execute", resource: "internal_api", riskLevel: "critical" },
  { words: ["execute", "run", "trigger"], action: "execute", resource: "internal_api", riskLevel: "high" },
  // What is deleted where no noun says it.
  { words: ["rm", "delete", "destroy"], resource: "shell_command" },
];
