import { ApieError } from "../model/errors.ts";

/** Why the local Apie could not start. */
export type LocalApieErrorCode =
  /** This Node has no `node:sqlite`. */
  | "unsupported_node"
  /** Another process listens on the port. */
  | "port_in_use"
  /** The address cannot be listened on for another reason: no permission, not an address of this machine. */
  | "cannot_listen"
  /** The database file cannot be opened, or is not one of ours. */
  | "database";

/** Rejection of `startLocalApie`; wrong options are an `ApieConfigError` instead. */
export class LocalApieError extends ApieError {
  override readonly name = "LocalApieError";
  declare readonly code: LocalApieErrorCode;

  constructor(code: LocalApieErrorCode, message: string, cause?: unknown) {
    super(code, message, { cause });
  }
}
