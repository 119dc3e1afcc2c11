/** Runs of an AgentOS session as it answers them: of 24 requests to a model and 24 tool calls, which is a hundred events. */

export const EVENTS_PER_RUN = 100;
const TURNS = 24;
const BEGIN = 1_772_442_000;

const words =
  "the quick brown fox jumps over the lazy dog and asks the model what it thinks of the weather in Lisbon ";
const text = (length, from) => words.repeat(4).slice(from % words.length, (from % words.length) + length);

const session = "5b1e6a0c-7d8f-4a52-9c3e-2f1b0d4e6a77";
const model = { model: "claude-sonnet-4-5", model_provider: "Anthropic" };

function agnoRun(number) {
  const id = `run-${String(number).padStart(8, "0")}-4f0e-8d7c-a1b2c3d4e5f6`;
  const begin = BEGIN + number * 60;
  const event = (second, name, more) => ({
    created_at: begin + second,
    event: name,
    agent_id: "incident-scout",
    agent_name: "Incident Scout",
    run_id: id,
    session_id: session,
    ...more,
  });
  const events = [event(0, "RunStarted", model)];
  const tools = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const start = begin + 2 * turn + 1 + 0.25;
    const call = {
      tool_call_id: `${id}-call-${turn}`,
      tool_name: `query_metrics_${turn % 5}`,
      tool_args: { service: "checkout-api", metric: text(40, turn) },
      tool_call_error: turn === 7,
    };
    const done = {
      ...call,
      result: text(160, number + turn),
      metrics: { start_time: start, end_time: start + 0.5, duration: 0.5 },
      created_at: Math.floor(start),
    };
    const tokens = { input_tokens: 900 + turn, output_tokens: 40, total_tokens: 940 + turn };
    events.push(
      event(2 * turn, "ModelRequestStarted", model),
      event(2 * turn + 1, "ModelRequestCompleted", { ...model, ...tokens }),
      event(2 * turn + 1, "ToolCallStarted", { tool: call }),
      event(2 * turn + 1, "ToolCallCompleted", { tool: done, content: text(60, turn) }),
    );
    tools.push(done);
  }
  events.push(
    event(2 * TURNS, "ReasoningStep", { content: { title: text(30, number), reasoning: text(120, number) } }),
    event(2 * TURNS, "RunContentCompleted", {}),
    event(2 * TURNS + 1, "RunCompleted", { content: text(200, number) }),
  );
  return {
    run_id: id,
    parent_run_id: "",
    agent_id: "incident-scout",
    status: "COMPLETED",
    run_input: text(120, number),
    content: text(200, number),
    run_response_format: "text",
    metrics: { input_tokens: 21_876, output_tokens: 960, total_tokens: 22_836, duration: 2 * TURNS + 1 },
    tools,
    events,
    created_at: new Date(begin * 1_000).toISOString().replace(".000Z", "Z"),
  };
}

/** Parsed from text, as an answer is: nothing in it is shared. */
export function parsedRuns(count) {
  const texts = [];
  for (let number = 0; number < count; number += 1) texts.push(JSON.stringify(agnoRun(number)));
  return JSON.parse(`[${texts.join(",")}]`);
}
