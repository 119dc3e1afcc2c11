/** What each API adds to the server: how a request is read, and how an answer is written, whole or in pieces. */
import type { Answer, ModelRequest, Usage } from "./script.ts";

/** A request was read and answered: everything the writer needs. */
export interface Exchange {
  readonly request: ModelRequest;
  readonly answer: Answer;
  readonly usage: Usage;
  readonly finishReason: NonNullable<Answer["finishReason"]>;
  /** Ids for what is in the answer, e.g. `id("call")`: `call_7`. */
  readonly id: (kind: string) => string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
}

export interface ServerEvent {
  /** Name of the event; Chat Completions has none. */
  readonly event?: string;
  /** Sent as JSON, or as it is when it is text. */
  readonly data: unknown;
  /** A part of the answer's text or arguments: what a pause goes between, and `cutAfter` counts. */
  readonly isPiece?: boolean;
}

export interface Api {
  /** @throws {z.ZodError} when the body is not what the API takes, {@link UnknownReference} when it names what is not there. */
  read(body: unknown): Omit<ModelRequest, "attempt">;
  whole(exchange: Exchange): unknown;
  stream(exchange: Exchange): Iterable<ServerEvent>;
}

/** The request names an item or response this server has not given. */
export class UnknownReference extends Error {}
