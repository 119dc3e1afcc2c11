/** The base of every error this package throws or reports. */
export class ApieError extends Error {
  override readonly name: string = "ApieError";
  /** Stable word for programs: `config`, `http_401`, `network`, `timeout`, `invalid_event`, … */
  readonly code: string;
  /** HTTP status, where Apie answered. */
  readonly status: number | undefined;
  /** Request id Apie gave, to quote to its support. */
  readonly requestId: string | undefined;

  constructor(
    code: string,
    message: string,
    details: { status?: number | undefined; requestId?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.requestId = details.requestId;
  }
}

/** What something that was thrown says. Anything may be thrown, also what throws when it is looked at. */
export function reasonOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "an error that cannot be read";
  }
}

export interface ConfigIssue {
  /** Dot path of the option, e.g. `agent.key`. */
  path: string;
  message: string;
}

/** Thrown at construction when options are wrong; `issues` lists every bad field, not only the first. */
export class ApieConfigError extends ApieError {
  override readonly name = "ApieConfigError";
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    super(
      "config",
      `Invalid configuration:\n${issues.map((issue) => `  ${issue.path}: ${issue.message}`).join("\n")}`,
    );
    this.issues = issues;
  }
}
