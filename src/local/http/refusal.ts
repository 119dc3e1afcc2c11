/** A request that is answered with a 4xx and changes nothing. */
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** One wrong thing in the input: where, as in `events[3].tool.name`, and what. */
export interface RefusalIssue {
  readonly path: string;
  readonly message: string;
}

export interface RefusalBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly issues?: readonly RefusalIssue[];
  };
}

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly issues: readonly RefusalIssue[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    details: { issues?: readonly RefusalIssue[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.issues = details.issues;
    this.headers = details.headers ?? {};
  }

  body(): RefusalBody {
    const { code, message, issues } = this;
    return { error: issues === undefined ? { code, message } : { code, message, issues } };
  }
}

/** 400 for one field that the schema alone cannot judge. */
export const refuseInvalidField = (path: string, message: string): Refusal =>
  new Refusal(400, "invalid_request", `${path}: ${message}`, { issues: [{ path, message }] });

/** 404 for an id in the path. */
export const notFound = (what: string, id: string): Refusal =>
  new Refusal(404, "not_found", `There is no ${what} ${id}`);

/** 422 for an id in the body that names nothing. */
export const unknownReference = (path: string, what: string, id: string): Refusal =>
  new Refusal(422, "unknown_reference", `${path}: there is no ${what} ${id}`, {
    issues: [{ path, message: `there is no ${what} ${id}` }],
  });

/** 409 for something that can happen only once. */
export const conflict = (message: string): Refusal => new Refusal(409, "conflict", message);
