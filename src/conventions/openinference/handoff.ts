/** Hand-offs, which are calls of a tool: OpenAI Agents' `handoff_to_<agent>`, LangGraph's `transfer_to_<agent>`. */
import type { HandoffFacts } from "../../model/activity.ts";
import type { AttributesLike } from "../../model/span.ts";
import { parseText } from "../read.ts";
import { innerGraphOf } from "./metadata.ts";

const NAME = /^(?:handoff_to_|transfer_to_|transfer_back_to_)(.+)/;
/** A tool may transfer money: only one that answered with a jump (`goto`) hands over. */
const JUMP = /["']?goto["']?\s*[:=]\s*[[(]?\s*["']([^"'\\]{1,200})["']/;
const TO = /"to_agent"\s*:\s*"([^"\\]{1,200})"/;

const MAX_SEARCHED = 16_384;

function found(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === "string" ? pattern.exec(value.slice(-MAX_SEARCHED))?.[1] : undefined;
}

const comparable = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

/** The agent in the tool's name, spelled as in what the tool answered: anything else there may be content. */
function targetOf(toolName: string, said: string | undefined): string | undefined {
  const inName = NAME.exec(toolName)?.[1];
  if (inName === undefined || said === undefined) return inName;
  return comparable(said) === comparable(inName) ? said : inName;
}

export const mayBeHandoff = (toolName: string): boolean =>
  (toolName.startsWith("transfer_") || toolName.startsWith("handoff_")) && NAME.test(toolName);

/** @returns `undefined` when the tool is a tool. */
export function jumpOf(attributes: AttributesLike, toolName: string): HandoffFacts | undefined {
  const target = found(JUMP, attributes["output.value"]);
  return target === undefined
    ? undefined
    : { type: "transfer", targetName: targetOf(toolName, target), sourceName: innerGraphOf(attributes) };
}

/** Hand-off of OpenAI Agents. Who is to take over is in the tool's name, with input and output hidden too. */
export function agentHandoffOf(attributes: AttributesLike): HandoffFacts {
  const toolName = parseText(attributes["tool.name"]) ?? "";
  const targetName = targetOf(toolName, found(TO, attributes["output.value"]));
  // Who hands over is the agent at work, which the run knows.
  return { type: "transfer", targetName, sourceName: undefined };
}
