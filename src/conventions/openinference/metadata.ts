/** `metadata`: what the application and LangGraph say of a span, as JSON in a text or (SDK 3) the value itself. */
import type { AttributesLike } from "../../model/span.ts";
import { parseText } from "../read.ts";

/** Metadata is long and on every span, and one member of it is asked for: it is found in the text, not parsed. */
const member = (name: string): ((attributes: AttributesLike) => string | undefined) => {
  const quoted = `"${name}"`;
  const pattern = new RegExp(`${quoted}\\s*:\\s*"([^"\\\\]{1,500})"`);
  return ({ metadata }) => {
    if (typeof metadata === "string")
      return metadata.includes(quoted) ? pattern.exec(metadata)?.[1] : undefined;
    return typeof metadata === "object" && metadata !== null
      ? parseText((metadata as Record<string, unknown>)[name])
      : undefined;
  };
};

/** Node of a LangGraph graph a span belongs to: its own span bears its name, those of its parts do not. */
export const graphNodeOf = member("langgraph_node");

const vendorOf = member("ls_provider");

/** Vendor of the model, by LangChain; a word, whatever else the application may have put there. */
export function providerOf(attributes: AttributesLike): string | undefined {
  const vendor = vendorOf(attributes);
  return vendor !== undefined && /^[\w.-]{1,64}$/.test(vendor) ? vendor : undefined;
}

const checkpointOf = member("langgraph_checkpoint_ns");

/** `triage:<id>|tools:<id>`: of a graph within a graph, the node that stands for it in the outer one. */
export function innerGraphOf(attributes: AttributesLike): string | undefined {
  const graph = checkpointOf(attributes)?.split("|").at(-2);
  return graph === undefined ? undefined : parseText(graph.split(":", 1)[0]);
}
