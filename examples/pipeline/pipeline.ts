/** A newsletter, made by four agents: an editor plans, two researchers work side by side, a writer writes, a person approves. */
import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";
import { startApie } from "apie-otel/start";

const { apie, shutdown } = await startApie({
  agent: { key: "editor", name: "Editor" },
  agents: [
    { key: "researcher", name: "Researcher" },
    { key: "writer", name: "Writer" },
  ],
});

const openai = createOpenAI();

async function ask(agent: string, prompt: string): Promise<string> {
  const { text } = await generateText({
    model: openai.chat("gpt-4.1-mini"),
    system: `You are the ${agent} of a newsletter.`,
    prompt,
    experimental_telemetry: { isEnabled: true, functionId: agent },
  });
  return text;
}

/** A researcher's run lies below the editor's; both researchers run at once. */
function research(topic: string): Promise<string> {
  return apie.withChildRun(
    { agentKey: "researcher", agentName: "Researcher", role: "worker", inputSummary: topic },
    () => ask("researcher", `What is new in ${topic}?`),
  );
}

/** The writer takes over: asked for, accepted and completed are told one by one. */
function write(notes: string[]): Promise<string> {
  return apie.withHandoff(
    { target: { key: "writer", name: "Writer" }, reason: "Notes are ready", inputSummary: "Newsletter" },
    () => ask("writer", `Write it up: ${notes.join(" ")}`),
  );
}

/** A person decides, in whatever tool people use here; Apie is told of the question and of the answer. */
async function askForApproval(): Promise<boolean> {
  const approval = {
    approvalId: "newsletter-48",
    action: { type: "communicate", name: "send_newsletter", riskLevel: "high" },
    resource: { type: "mailing_list", externalId: "subscribers" },
  } as const;
  apie.trackApprovalRequested({ ...approval, reason: "Goes to 12,000 people" });
  const isApproved = await new Promise<boolean>((resolve) => setTimeout(resolve, 30, true));
  const status = isApproved ? "approved" : "rejected";
  apie.trackApprovalResolved({ ...approval, status, resolvedBy: "chief-editor" });
  return isApproved;
}

function publish(newsletter: string): Promise<string> {
  return apie.withTool(
    {
      tool: { name: "send_mail", provider: "mail" },
      action: { type: "communicate", name: "send_newsletter", riskLevel: "high" },
      resource: { type: "mailing_list", externalId: "subscribers" },
    },
    () => `Sent: ${newsletter}`,
  );
}

const result = await apie.withSession(
  { kind: "pipeline", inputSummary: "Newsletter 48" },
  async (session) => {
    const result = await apie.withRun(
      { role: "orchestrator", inputSummary: "Make newsletter 48" },
      async () => {
        const notes = await apie.withWorkflowStep({ stepName: "Research", stepIndex: 1 }, () =>
          Promise.all(["rail", "batteries"].map(research)),
        );
        const text = await apie.withWorkflowStep({ stepName: "Write", stepIndex: 2 }, () => write(notes));
        return apie.withWorkflowStep({ stepName: "Publish", stepIndex: 3 }, async () =>
          (await askForApproval()) ? publish(text) : "Not sent",
        );
      },
    );
    session.setOutputSummary("Newsletter 48 was sent");
    return result;
  },
);
console.log(result);

await shutdown();
