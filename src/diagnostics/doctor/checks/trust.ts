/** What is set up so that it works, and may not do what one trusts it to do (the vendor's trust warnings, and ours). */
import type { ApieConfig } from "../../../config/index.ts";
import { type Finding, type Found, info, ok, warning } from "../finding.ts";
import type { Subject } from "../subject.ts";

export function checkTrust({ config }: Subject): Finding[] {
  return [
    { check: "mode", ...describeMode(config) },
    { check: "redaction", ...describeRedaction(config) },
    ...describeBoundary(config).map((found) => ({ check: "boundary", ...found })),
    { check: "environment", ...describeEnvironment(config) },
  ];
}

function describeMode({ mode, guardFailureMode }: ApieConfig): Found {
  if (mode === "enforce" && guardFailureMode !== "fail_closed")
    return warning(
      `mode is enforce and guardFailureMode is ${guardFailureMode}: while Apie cannot be asked, nothing is stopped`,
      'set guardFailureMode: "fail_closed" where an action must not happen unasked',
    );
  return ok(
    mode === "enforce"
      ? "mode is enforce, and fails closed"
      : "mode is monitor: guardrails are told, and stop nothing",
  );
}

function describeRedaction(config: ApieConfig): Found {
  const { captureContent, redact, redactKeys, redactDenyPatterns, redactAllowPaths } = config;
  const hasRules = redact !== undefined || (redactKeys?.length ?? 0) + (redactDenyPatterns?.length ?? 0) > 0;
  if (captureContent && !hasRules)
    return warning(
      "captureContent sends prompts, answers, arguments and results, and only credentials are taken out of them",
      "add redactKeys, redactDenyPatterns or redact for what your users may write, or switch captureContent off",
    );
  const exempt = redactAllowPaths?.length ?? 0;
  const content = captureContent ? "content is sent, redacted by your rules" : "no content is sent";
  if (exempt > 0)
    return info(
      `${content}; ${exempt === 1 ? "one path is" : `${exempt} paths are`} exempt from redaction (redactAllowPaths)`,
    );
  return ok(`${content}, and credentials are replaced everywhere`);
}

const HIGH: ReadonlySet<string | undefined> = new Set(["high", "critical"]);

/** What a tool of high risk leaves open, so that no guardrail can be about it. */
function describeBoundary({ tools, capabilities }: ApieConfig): Found[] {
  const declared = [
    ...(tools ?? []).map((tool) => ({
      name: tool.name,
      riskLevel: tool.riskLevel,
      fields: {
        actionTypes: tool.actionTypes,
        resourceTypes: tool.resourceTypes,
        environments: tool.environments,
      },
    })),
    ...(capabilities ?? []).map(({ tool, riskLevel, actions, resources, environments }) => ({
      name: tool.name,
      riskLevel,
      fields: { actions, resources, environments },
    })),
  ].filter(({ riskLevel }) => HIGH.has(riskLevel));
  const lacking = declared.flatMap(({ name, riskLevel, fields }) => {
    const open = Object.entries(fields).filter(([, values]) => (values?.length ?? 0) === 0);
    if (open.length === 0) return [];
    const names = open.map(([field]) => field).join(", ");
    return [
      warning(
        `the tool ${name} is declared with ${riskLevel} risk and without ${names}`,
        "declare them, so that guardrails and reports can tell what it may do from what it did",
      ),
    ];
  });
  return lacking.length === 0 && declared.length > 0
    ? [ok("tools of high risk are declared with actions, resources and environments")]
    : lacking;
}

function describeEnvironment({ runtime }: ApieConfig): Found {
  return runtime?.environment === undefined
    ? info(
        "no environment is configured: events carry that of the resource (deployment.environment.name), if it has one",
        "set runtime.environment to tell production from the rest",
      )
    : ok(`the environment is ${runtime.environment}`);
}
