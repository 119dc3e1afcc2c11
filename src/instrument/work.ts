/** One span in progress and the scope it makes active. */
import { type Context, type Span, trace } from "@opentelemetry/api";
import { spanContent, told } from "../events/index.ts";
import { reasonOf } from "../model/errors.ts";
import type { Scope } from "../model/scope.ts";
import type { SpanLike } from "../model/span.ts";
import { withScope } from "../propagation/index.ts";
import { type AttributeInput, given } from "./attributes.ts";
import { errorId, writeError } from "./errors.ts";
import type { InstrumentHost } from "./host.ts";
import { wrapStream } from "./streams/index.ts";

export interface WorkDetails {
  span: Span;
  /** What is active while the work runs. */
  scope: Scope;
  /** What was active where it began. */
  around: Scope | undefined;
  /** OTel Context the span is made active in. */
  base: Context;
  /** Whether our span processor saw the span start: of what it did not see Apie will never hear. */
  isSeen: boolean;
}

export class Work {
  readonly span: Span;
  readonly scope: Scope;
  readonly isSeen: boolean;
  /** OTel Context that is active while the work runs. */
  context: Context;
  readonly #around: Scope | undefined;
  readonly #host: InstrumentHost;
  #ended = false;
  /** Called once when the work ends, before its span does. */
  onEnd: ((failed: boolean) => void) | undefined;
  /** Called when the first piece of a returned stream has come. */
  onFirst: (() => void) | undefined;
  /** What else is known of an error the work ends with. */
  describeError: ((error: unknown) => AttributeInput | undefined) | undefined;

  constructor(details: WorkDetails, host: InstrumentHost) {
    this.span = details.span;
    this.scope = details.scope;
    this.isSeen = details.isSeen;
    this.context = trace.setSpan(details.base, details.span);
    this.#around = details.around;
    this.#host = host;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Runs `fn` with this work active. */
  within<T>(fn: () => T): T {
    return withScope(this.scope, this.context, fn);
  }

  set(attributes: AttributeInput): void {
    if (!this.#ended) this.#quietly(() => this.span.setAttributes(given(attributes)), attributes);
  }

  end(): void {
    this.#finish(false);
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.noteError(error);
    this.#quietly(() => {
      const described = this.describeError?.(error);
      if (described !== undefined) this.span.setAttributes(given(described));
    });
    this.#finish(true);
  }

  /** Writes the error on the span, which goes on. */
  noteError(error: unknown): void {
    const id = errorId(error, this.scope, this.#around);
    this.#quietly(() => writeError(this.span, error, id, this.#host), reasonOf(error));
  }

  /**
   * Runs `fn` in this work and ends it when `fn` is done: at its return, when its promise settles, or, where it returns a
   * stream, when the stream does. What `fn` throws is thrown again, unchanged.
   */
  async run<T>(fn: () => T | PromiseLike<T>, onValue?: (value: T) => void): Promise<T> {
    let value: T;
    try {
      value = await this.within(fn);
    } catch (error) {
      this.fail(error);
      throw error;
    }
    return this.finishWith(value, onValue);
  }

  /** The value to hand on: the same, or a stream that ends the work when it ends. */
  finishWith<T>(value: T, onValue?: (value: T) => void): T {
    const stream = wrapStream(value, {
      within: (pull) => this.within(pull),
      first: () => this.#quietly(() => this.onFirst?.()),
      end: () => this.end(),
      fail: (error) => this.fail(error),
    });
    if (stream !== undefined) return stream.value as T;
    this.#quietly(() => onValue?.(value));
    this.end();
    return value;
  }

  #finish(failed: boolean): void {
    if (this.#ended) return;
    this.#quietly(() => this.onEnd?.(failed));
    this.#ended = true;
    this.#quietly(() => this.span.end());
  }

  /**
   * A span of a provider we do not know may throw; the application's work does not fail for it.
   * @param written what the error may quote, beside what the span bears.
   */
  #quietly(write: () => void, written?: unknown): void {
    try {
      write();
    } catch (error) {
      const { reporter, redactor } = this.#host;
      // Spans of an SDK can be read; others bear nothing that is known.
      const borne = spanContent(this.span as unknown as SpanLike);
      reporter.once(
        "span_failed",
        () => `a span could not be written: ${told(error, { written, borne }, redactor)}`,
      );
    }
  }
}
