/** Apie: whether it is reached, takes the key, knows the agent, and takes our events. */
import type { Health } from "../../../apie-api/index.ts";
import { API_KEY_VARIABLES, BASE_URL_VARIABLES } from "../../../config/index.ts";
import { buildEvent, redactWireEvent, toWire } from "../../../events/index.ts";
import type { Deadline } from "../deadline.ts";
import { error, type Finding, type Found, info, ok, warning } from "../finding.ts";
import type { ApieSide, Refusal, Subject } from "../subject.ts";
import { type Destination, shownAddress, troubleOf } from "../troubles.ts";

/** Both clocks have errors of their own, and the header counts whole seconds. */
const TOLERATED_SKEW_MS = 30_000;

export async function checkApie(subject: Subject, deadline: Deadline): Promise<Finding[]> {
  const { apie, config } = subject;
  if (apie === undefined) return [];
  const to: Destination = {
    name: "Apie",
    address: shownAddress(config.baseUrl),
    setBy: `baseUrl (${BASE_URL_VARIABLES[0]})`,
    keyIn: `apiKey (${API_KEY_VARIABLES[0]})`,
  };
  const health = await apie.client.health({ timeoutMs: deadline.leftMs });
  const isReached = health.kind === "ok" || health.status !== undefined;
  const reached: Finding = { check: "apie", ...describeHealth(health, to) };
  // Whatever is asked then would fail in the same way.
  if (!isReached) return [reached];
  const [registration, events] = await Promise.all([
    checkRegistration(apie, to, deadline),
    checkEvents(subject, apie, to, deadline),
  ]);
  return [
    reached,
    { check: "registration", ...registration },
    // The same refusal once more tells nothing.
    ...(events.level === "error" && events.remedy === registration.remedy
      ? []
      : [{ check: "events", ...events }]),
    ...(health.kind === "ok" ? [{ check: "clock", ...describeClock(health.value) }] : []),
  ];
}

function describeHealth(health: Awaited<ReturnType<ApieSide["client"]["health"]>>, to: Destination): Found {
  if (health.kind !== "ok") {
    const { message, remedy } = troubleOf(health, to);
    return error(message, remedy);
  }
  const { status, database } = health.value;
  if (status === undefined)
    return error(
      `${to.name} at ${to.address}: something answers, and not as Apie does`,
      `correct ${to.setBy}: the host may be another service's`,
    );
  if (status !== "ok" || database === "disconnected")
    return warning(
      `${to.name} at ${to.address} says it is not well (status ${status}${database === undefined ? "" : `, database ${database}`})`,
      "nothing is to be mended here; what waits is sent when it is back",
    );
  return ok(`${to.name} answers at ${to.address}`);
}

async function checkRegistration(apie: ApieSide, to: Destination, deadline: Deadline): Promise<Found> {
  const late: Refusal = {
    kind: "retry",
    ambiguous: false,
    message: `no answer within ${deadline.totalMs} ms`,
    cause: "ETIMEDOUT",
  };
  const refusal = await deadline.within(apie.register().then((found) => found ?? "registered"));
  if (refusal === "registered") {
    const { agentId, agentVersionId } = apie.registration();
    if (agentId === undefined)
      return warning(
        "the agent is registered, and Apie gave it no id",
        "runs and events go on under the agent's key; see whether the server is a whole Apie",
      );
    return ok(
      `the agent is registered as ${agentId}${agentVersionId === undefined ? "" : `, version ${agentVersionId}`}`,
    );
  }
  const failure = refusal ?? late;
  if (failure.kind === "invalid")
    return error(
      `Apie refuses what the agent says of itself (${failure.message}); runs and events go without agent ids`,
      "correct agent, runtime, tools or version in the options",
    );
  const { message, remedy } = troubleOf(failure, to);
  return error(`the agent is not registered: ${message}`, remedy);
}

async function checkEvents(
  { config }: Subject,
  apie: ApieSide,
  to: Destination,
  deadline: Deadline,
): Promise<Found> {
  const sample = buildEvent("agent.llm.called", apie.redactor.identity(config.agent.key), {
    environment: config.runtime?.environment,
    payloadSummary: { provider: "test", model: "test-model", purpose: "doctor" },
    metadata: { test_event: true },
  });
  const wire = redactWireEvent(toWire(sample), apie.redactor);
  const answer = await apie.client.validateEvents([wire], { timeoutMs: deadline.leftMs });
  if (answer.kind !== "ok") {
    if (answer.status === 404 || answer.status === 405)
      return info(
        "Apie has no validation of events here, so whether it takes ours is not known before the first run",
      );
    const { message, remedy } = troubleOf(answer, to);
    return error(`a sample event is not taken: ${message}`, remedy);
  }
  const [verdict] = answer.value.previews;
  const warnings = (verdict?.warnings ?? []).map((text) => apie.redactor.secrets(text)).join("; ");
  if (verdict?.validationStatus === "invalid")
    return error(
      `Apie finds a sample event invalid${warnings === "" ? "" : `: ${warnings}`}`,
      "update this package: the service may have moved on; validateEvents() shows more",
    );
  return warnings === ""
    ? ok("Apie takes a sample event (it was looked at, not stored)")
    : warning(`Apie takes a sample event, and warns: ${warnings}`, "see what the warning names");
}

function describeClock({ date }: Health): Found {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return info("Apie tells no time, so the clocks could not be compared");
  const skewMs = Date.now() - theirs;
  if (Math.abs(skewMs) <= TOLERATED_SKEW_MS) return ok("this machine's clock agrees with Apie's");
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return warning(
    `this machine's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} Apie's, so events stand beside their runs in a replay`,
    "set the clock (NTP)",
  );
}
