/** The second agent: refunds. */
import { generateText, stepCountIs } from "ai";
import { model } from "./model.ts";
import { issueRefund } from "./orders.ts";

export async function askBilling(task: string): Promise<string> {
  const { text } = await generateText({
    model,
    system: "You are the billing agent of a shop. Refund what you are asked to.",
    prompt: task,
    tools: { issue_refund: issueRefund },
    stopWhen: stepCountIs(4),
    experimental_telemetry: { isEnabled: true, functionId: "billing" },
  });
  return text;
}
