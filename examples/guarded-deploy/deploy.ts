/** An agent that reads a secret and deploys. What it may do is not decided here. */
import { GuardrailBlockedError } from "apie-otel";
import { startApie } from "apie-otel/start";

const mode = process.env.GUARD_MODE === "enforce" ? "enforce" : "monitor";
const { apie, shutdown } = await startApie({
  agent: { key: "release-bot", name: "Release bot" },
  mode,
  // In enforce mode nothing is to be done that nobody could be asked about.
  guardFailureMode: "fail_closed",
  // A guardrail that would have stopped something is told here; in your service, to your logger.
  onError: ({ message }) => console.log(message),
});

const production = { environment: "production" };

await apie.withSession({ inputSummary: `Release web 2.4 (${mode} mode)` }, () =>
  apie.withRun({ inputSummary: "Deploy web 2.4", trigger: "webhook" }, async (run) => {
    try {
      await apie.withTool(
        {
          tool: { name: "read_secret", provider: "vault" },
          action: { type: "read", name: "read_secret" },
          resource: { type: "secret", externalId: "db-password", ...production },
        },
        () => console.log("read the database's password"),
      );
    } catch (error) {
      if (!(error instanceof GuardrailBlockedError)) throw error;
      console.log(`goes on without it: ${error.message}`);
    }

    await apie.withTool(
      {
        tool: { name: "deploy", provider: "cicd", riskLevel: "high" },
        action: { type: "execute", name: "deploy" },
        resource: { type: "deployment_event", externalId: "web-2.4", ...production },
      },
      () => console.log("deployed web 2.4"),
    );
    run.setOutputSummary("Web 2.4 is out");
  }),
);

await shutdown();
