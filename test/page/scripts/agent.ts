/**
 * A live agent, as the page's tests watch it: a support agent that fails at a tool, is stopped at a secret, hands over to
 * billing, and waits there until somebody approves the refund. Ends by itself after that.
 */
import { GuardrailBlockedError } from "../../../src/index.ts";
import { startApie } from "../../../src/start/public.ts";

const { apie, shutdown } = await startApie({
  apiKey: process.env.APIE_API_KEY ?? "local",
  mode: "enforce",
  guardTimeoutMs: 2_000,
  agent: { key: "support", name: "Support", purpose: "Answers customers" },
  agents: [{ key: "billing", name: "Billing" }],
  runtime: { environment: "production" },
});

await apie.capabilities.declare([
  { tool: { name: "lookup_order" }, actions: ["read"], resources: ["order"], environments: ["production"] },
  { tool: { name: "close_ticket" }, actions: ["update"], resources: ["ticket"] },
]);

const model = { provider: "openai", name: "gpt-4.1-mini" };

const answer = await apie.withSession(
  { kind: "multi_agent", inputSummary: "Refund order 7" },
  async (session) => {
    const said = await apie.withRun(
      { inputSummary: "I want my money back", role: "orchestrator" },
      async (run) => {
        await apie.withWorkflowStep({ stepName: "Understand", stepIndex: 1 }, async () => {
          await apie.withLlmCall({ model }, async (call) => {
            call.setUsage({ inputTokens: 812, outputTokens: 64 });
          });
          await apie.withTool(
            {
              tool: { name: "lookup_order", provider: "shop" },
              action: { type: "read", name: "read" },
              resource: { type: "order", externalId: "7" },
            },
            async () => "order 7",
          );
          // Declared for reading only.
          await apie.withTool(
            {
              tool: { name: "lookup_order", provider: "shop" },
              action: { type: "update", name: "update" },
              resource: { type: "order", externalId: "7" },
            },
            async () => "tagged",
          );
          await apie
            .withTool(
              {
                tool: { name: "track_parcel", provider: "carrier" },
                action: { type: "read", name: "read" },
                resource: { type: "parcel" },
              },
              async () => {
                throw new TypeError("carrier does not answer");
              },
            )
            .catch(() => undefined);
          await apie
            .withTool(
              {
                tool: { name: "read_secret" },
                action: { type: "read", name: "read" },
                resource: { type: "secret", externalId: "carrier-password", environment: "production" },
              },
              async () => "hunter2",
            )
            .catch((error: unknown) => {
              if (!(error instanceof GuardrailBlockedError)) throw error;
            });
        });
        return apie.withHandoff(
          {
            target: { key: "billing", name: "Billing" },
            reason: "A refund is asked for",
            inputSummary: "Refund order 7",
          },
          async () => {
            await apie.withLlmCall({ model }, async (call) => {
              call.setUsage({ inputTokens: 230, outputTokens: 31 });
            });
            console.log(`waits ${session.id} ${run.id}`);
            return apie.withTool(
              {
                tool: { name: "issue_refund", provider: "bank" },
                action: { type: "create", name: "refund", riskLevel: "high" },
                resource: { type: "payment", externalId: "7", environment: "production" },
              },
              async () => "refunded",
            );
          },
        );
      },
    );
    session.setOutputSummary("The money is on its way");
    return said;
  },
);
console.log(`answered ${answer}`);
await shutdown();
