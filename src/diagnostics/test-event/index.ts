/** Test events: what the vendor's `send-test-event` sends, straight to Apie, so that each answer is seen. */
import { ApieError } from "../../model/errors.ts";
import { TestCalls, type TestEventAgent } from "./calls.ts";
import { counter, HANDOFF, TestRun } from "./events.ts";

export type { TestEventAgent } from "./calls.ts";

/** `pipeline`: two agents in a session. `single`: one run. `proof`: one run in a session of kind `activation_proof`. */
export type TestEventMode = "pipeline" | "single" | "proof";

export interface TestEventResult {
  mode: TestEventMode;
  /** Apie's ids of what was made. */
  sessionId: string | undefined;
  runIds: readonly string[];
  /** How many events were sent. */
  events: number;
}

/**
 * Every call must be taken; the first that is not ends the test, and what is open then is completed as failed.
 *
 * @throws {ApieError} naming the call.
 */
export async function sendTestEvent(agent: TestEventAgent, mode: TestEventMode): Promise<TestEventResult> {
  const calls = new TestCalls(agent);
  try {
    return mode === "pipeline" ? await sendPipeline(agent, calls) : await sendSingle(agent, calls, mode);
  } catch (error) {
    if (!isUnreachable(error)) await calls.abandon();
    throw error;
  }
}

/** Then further calls would only wait, too. */
const isUnreachable = (error: unknown): boolean =>
  error instanceof ApieError && (error.code === "network" || error.code === "timeout");

async function sendSingle(
  agent: TestEventAgent,
  calls: TestCalls,
  mode: "single" | "proof",
): Promise<TestEventResult> {
  const sessionId = mode === "proof" ? await calls.openSession("activation_proof") : undefined;
  const runId = await calls.openRun(sessionId, "Test event");
  const { events } = new TestRun(agent, runId, sessionId, counter()).llm().tool();
  await calls.send(events);
  await calls.completeAll();
  return { mode, sessionId, runIds: [runId], events: events.length };
}

/** The order of calls is that of the vendor's pipeline test: evaluation and hand-off before the worker's run. */
async function sendPipeline(agent: TestEventAgent, calls: TestCalls): Promise<TestEventResult> {
  const sessionId = await calls.openSession("pipeline");
  const orchestratorId = await calls.openRun(sessionId, "Test pipeline", {
    role: "orchestrator",
    step_index: 0,
  });
  const decision = await calls.evaluate(orchestratorId);
  await calls.handOff(sessionId, orchestratorId, HANDOFF);
  const place = { parent_run_id: orchestratorId, role: "worker", step_index: 1 };
  const workerId = await calls.openRun(sessionId, "Test worker", place);
  const number = counter();
  const orchestrator = new TestRun(agent, orchestratorId, sessionId, number).orchestrate(decision);
  const worker = new TestRun(agent, workerId, sessionId, number).work();
  const events = [...orchestrator.events, ...worker.events];
  await calls.send(events);
  await calls.completeAll();
  return { mode: "pipeline", sessionId, runIds: [orchestratorId, workerId], events: events.length };
}
