/** The doctor: looks at the whole way of agent work, from the provider to both destinations, and says what to mend. */
import type { Registration } from "../../apie-api/index.ts";
import type { GuardFailureMode, Mode } from "../../config/index.ts";
import { reasonOf } from "../../model/errors.ts";
import { registeredProvider } from "../otel-api.ts";
import type { QueueDiagnostics } from "../queue.ts";
import { checkApie } from "./checks/apie.ts";
import { checkContextManager } from "./checks/context-manager.ts";
import { checkOtlp } from "./checks/otlp.ts";
import { checkProvider, providerInUse } from "./checks/provider.ts";
import { checkQueue } from "./checks/queue.ts";
import { checkSampling } from "./checks/sampling.ts";
import { checkStorage } from "./checks/storage.ts";
import { checkTrust } from "./checks/trust.ts";
import { Deadline } from "./deadline.ts";
import type { Finding } from "./finding.ts";
import type { Subject } from "./subject.ts";
import { shownAddress } from "./troubles.ts";

export type { Finding, FindingLevel } from "./finding.ts";
export type { ApieSide, Refusal, Subject } from "./subject.ts";

export interface DoctorOptions {
  /** Longest examination, ms. What has not answered by then is a finding. Default 5,000. */
  timeoutMs?: number | undefined;
  /**
   * Looks at configuration and destinations only, for a process that is not the service itself and so has no provider.
   * Default `false`.
   */
  outsideService?: boolean | undefined;
}

/** Holds no key and no content: it may be logged. Fields from `registration` to `queue` are those of the vendor's SDK. */
export interface DoctorReport {
  /** No finding is an error. */
  ok: boolean;
  /** In the order work goes: provider, then Apie, then OTLP, then what may be lost. */
  findings: readonly Finding[];
  /** What Apie answered; `undefined` while the agent is not registered. */
  registration: Registration | undefined;
  enabled: boolean;
  mode: Mode;
  guardFailureMode: GuardFailureMode;
  /** `undefined` while disabled without one. */
  baseUrl: string | undefined;
  apiKeyConfigured: boolean;
  runtimeEnvironment: string | undefined;
  runtimeFramework: string | undefined;
  queueStoragePath: string | undefined;
  /** Credentials are always replaced. */
  redactionEnabled: boolean;
  /** What works and may not do what one trusts it to do: messages of those findings. */
  trustWarnings: readonly string[];
  queue: QueueDiagnostics;
}

/** Checks by the part that makes them. The words are stable; docs/diagnostics.md says what each looks at. */
export const CHECKS = {
  setup: ["configuration", "api_copies", "provider", "twice", "context_manager", "sampling", "exporting"],
  destinations: ["apie", "registration", "events", "clock", "otlp"],
  losses: ["queue"],
  trust: ["mode", "redaction", "boundary", "storage"],
  naming: ["environment"],
} as const;

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_TIMEOUT_MS = 600_000;
const ORDER: readonly string[] = Object.values(CHECKS).flat();
/** What is not known to be reached does not pass. */
const DESTINATIONS: ReadonlySet<string> = new Set(CHECKS.destinations);
const TRUST: ReadonlySet<string> = new Set([...CHECKS.trust, ...CHECKS.losses]);

/** Never throws, and ends within its time. */
export async function examine(subject: Subject, options: DoctorOptions = {}): Promise<DoctorReport> {
  const deadline = new Deadline(timeoutOf(options));
  const outside = options.outsideService === true;
  const registered = outside ? undefined : registeredProvider();
  const provider = outside ? undefined : providerInUse(subject, registered);
  const inService: Check[] = [
    ["provider", () => checkProvider(subject, provider)],
    ["context_manager", () => checkContextManager()],
    ["sampling", () => checkSampling(provider)],
  ];
  const everywhere: Check[] = [
    ["configuration", () => describeEnabled(subject)],
    ["apie", () => checkApie(subject, deadline)],
    ["otlp", () => checkOtlp(subject, provider, deadline)],
    ["mode", () => checkTrust(subject)],
    ["storage", () => checkStorage(subject)],
  ];
  const found = await Promise.all(
    [...everywhere, ...(outside ? [] : inService)].map((check) => made(check, deadline)),
  );
  // Last, so that it tells of what the checks themselves ran into.
  const findings = [
    ...found.flat(),
    ...(outside ? [] : await made(["queue", () => checkQueue(subject)], deadline)),
  ];
  return reportOf(subject, inOrder(findings));
}

type Check = readonly [name: string, make: () => Finding[] | Promise<Finding[]>];

/** A check that breaks down, or takes too long, is a finding like any other. */
async function made([check, make]: Check, deadline: Deadline): Promise<Finding[]> {
  try {
    const findings = await deadline.atMost(Promise.resolve().then(make));
    return (
      findings ?? [
        {
          check,
          level: DESTINATIONS.has(check) ? "error" : "warning",
          message: `not done within ${deadline.totalMs} ms`,
          remedy: "give it more time: timeoutMs",
        },
      ]
    );
  } catch (cause) {
    return [{ check, level: "info", message: `could not be looked at: ${reasonOf(cause)}` }];
  }
}

function describeEnabled({ apie, config }: Subject): Finding[] {
  const check = "configuration";
  if (apie === undefined)
    return [
      {
        check,
        level: "info",
        message: "the client is switched off: nothing goes to Apie, spans go on to OTLP",
        remedy: "remove enabled: false, or OTEL_SDK_DISABLED=true, to switch it on",
      },
    ];
  const agent = apie.redactor.secrets(`${config.agent.key} (${config.agent.name})`);
  return [{ check, level: "ok", message: `the options are right; the agent is ${agent}` }];
}

function reportOf(subject: Subject, findings: readonly Finding[]): DoctorReport {
  const { config, apie } = subject;
  const registration = apie?.registration();
  return {
    ok: findings.every(({ level }) => level !== "error"),
    findings,
    registration:
      registration === undefined || Object.keys(registration).length === 0 ? undefined : { ...registration },
    enabled: apie !== undefined,
    mode: config.mode,
    guardFailureMode: config.guardFailureMode,
    baseUrl: config.baseUrl === "" ? undefined : shownAddress(config.baseUrl),
    apiKeyConfigured: config.apiKey !== "",
    runtimeEnvironment: config.runtime?.environment,
    runtimeFramework: config.runtime?.framework,
    queueStoragePath: config.queueStoragePath,
    redactionEnabled: true,
    trustWarnings: findings
      .filter(({ check, level, remedy }) => TRUST.has(check) && level !== "ok" && remedy !== undefined)
      .map(({ message }) => message),
    queue: subject.queue(),
  };
}

const inOrder = (findings: readonly Finding[]): Finding[] =>
  findings.toSorted((one, other) => ORDER.indexOf(one.check) - ORDER.indexOf(other.check));

function timeoutOf({ timeoutMs }: DoctorOptions): number {
  const isUsable = typeof timeoutMs === "number" && timeoutMs > 0;
  return isUsable ? Math.min(timeoutMs, MAX_TIMEOUT_MS) : DEFAULT_TIMEOUT_MS;
}
