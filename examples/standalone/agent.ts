/**
 * An agent of few lines, without a framework and without OpenTelemetry: it asks the model, runs the tools the model calls,
 * and asks again. `startApie` sets OpenTelemetry up; the `with…` functions say what is what.
 */
import { startApie } from "apie-otel/start";

// Key and address are in APIE_API_KEY and APIE_BASE_URL; spans also go to OTEL_EXPORTER_OTLP_ENDPOINT, where that is set.
const { apie, shutdown } = await startApie({ agent: { key: "librarian", name: "Librarian" } });

const MODEL = "gpt-4.1-mini";

interface Message {
  role: string;
  content?: string | null;
  tool_call_id?: string;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
}

interface Completion {
  id: string;
  model: string;
  choices: [{ message: Message; finish_reason: string }];
  usage: { prompt_tokens: number; completion_tokens: number };
}

const tools: Record<string, (args: { title: string }) => Promise<string>> = {
  find_book: async ({ title }) => `"${title}": shelf C 12`,
  reserve_book: async ({ title }) => `"${title}" is reserved until Friday`,
};

function askModel(messages: Message[]): Promise<Completion> {
  return apie.withLlmCall({ model: { provider: "openai", name: MODEL } }, async (call) => {
    const response = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${process.env.OPENAI_API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ model: MODEL, messages }),
    });
    if (!response.ok) throw new Error(`The model answered ${response.status}`);
    const completion = (await response.json()) as Completion;
    const { usage, choices } = completion;
    call.setUsage({ inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens });
    call.setResponse({ id: completion.id, model: completion.model, finishReason: choices[0].finish_reason });
    return completion;
  });
}

function callTool(name: string, args: { title: string }): Promise<string> {
  return apie.withTool({ tool: { name }, resource: { type: "book", externalId: args.title } }, async () => {
    const run = tools[name];
    if (run === undefined) throw new Error(`There is no tool ${name}`);
    return run(args);
  });
}

async function answer(question: string): Promise<string> {
  const messages: Message[] = [{ role: "user", content: question }];
  for (;;) {
    const { message } = (await askModel(messages)).choices[0];
    if (message.tool_calls === undefined) return message.content ?? "";
    messages.push(message);
    for (const { id, function: called } of message.tool_calls) {
      const content = await callTool(called.name, JSON.parse(called.arguments));
      messages.push({ role: "tool", tool_call_id: id, content });
    }
  }
}

const question = "Do you have Momo? If so, keep it for me.";
await apie.withRun({ inputSummary: question }, async (run) => {
  const text = await answer(question);
  run.setOutputSummary(text);
  console.log(text);
});

const { events, runs } = await shutdown();
console.log(`Apie has ${runs.completed} run and ${events.delivered} events of it.`);
