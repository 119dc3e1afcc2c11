/** The first agent: answers customers, looks things up, and hands refunds over to billing. */
import { generateText, type ModelMessage, stepCountIs, streamText, type ToolSet, tool } from "ai";
import { z } from "zod";
import { apie } from "./apie.ts";
import { askBilling } from "./billing-agent.ts";
import { model } from "./model.ts";
import { lookupOrder, trackParcel } from "./orders.ts";

const transferToBilling = tool({
  description: "Hands a refund over to the billing agent",
  inputSchema: z.object({ orderId: z.string(), reason: z.string() }),
  execute: ({ orderId, reason }) =>
    // Billing's work becomes a run of its own, below the one that asks for it.
    apie.withHandoff(
      { target: { key: "billing", name: "Billing" }, reason, inputSummary: `Refund order ${orderId}` },
      () => askBilling(`Refund order ${orderId}: ${reason}`),
    ),
});

/** How the AI SDK is called, whether the answer is streamed or not. */
function call(messages: ModelMessage[], furtherTools: ToolSet) {
  return {
    model,
    system: "You are the support agent of a shop. Be brief.",
    messages,
    tools: {
      lookup_order: lookupOrder,
      track_parcel: trackParcel,
      transfer_to_billing: transferToBilling,
      ...furtherTools,
    },
    stopWhen: stepCountIs(6),
    maxRetries: 1,
    experimental_telemetry: { isEnabled: true, functionId: "support" },
  };
}

export async function answer(messages: ModelMessage[], furtherTools: ToolSet): Promise<string> {
  return (await generateText(call(messages, furtherTools))).text;
}

export function streamAnswer(messages: ModelMessage[], furtherTools: ToolSet): AsyncIterable<string> {
  return streamText(call(messages, furtherTools)).textStream;
}
