/** What a span, or a convention of the user's, makes fail costs what it is about, and never a flush or the process. */
import type { Reporter } from "../diagnostics/index.ts";
import { type Redactor, toldOfSpan } from "../events/index.ts";
import type { SpanLike } from "../model/span.ts";

export class Unreadable {
  readonly #reporter: Reporter;
  readonly #redactor: Redactor;
  /** Spans whose reading failed: a convention of the user's threw, or a span was damaged. */
  count = 0;

  constructor(reporter: Reporter, redactor: Redactor) {
    this.#reporter = reporter;
    this.#redactor = redactor;
  }

  note(error: unknown, span?: SpanLike): void {
    this.count += 1;
    this.#reporter.once(
      "span_unreadable",
      () => `a span could not be read and is left out: ${toldOfSpan(error, span, this.#redactor)}`,
    );
  }

  /** Does it, and notes what it throws. */
  guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.note(error);
    }
  }
}
