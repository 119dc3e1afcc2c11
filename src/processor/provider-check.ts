/**
 * A processor hears nothing of spans that a sampler drops, nor of those of a provider it is not in. So it looks, a while after
 * it was made and at each flush, at the provider that is in use, and says once what hides agent work from it.
 */
import { detachedTimer, type Timer } from "../apie-api/index.ts";
import { processorsOf, type Reporter, registeredProvider, samplerOf, UNSEEN } from "../diagnostics/index.ts";
import { isPureSampler, wouldDrop } from "../sampling/index.ts";

/** By then a service has set its provider up. */
const LOOK_AFTER_MS = 1_000;

export interface Checked {
  /** The processor, as it is given to a provider. */
  readonly processor: object;
  readonly startedSpans: () => number;
  readonly provider: object | undefined;
}

export class ProviderCheck {
  readonly #checked: Checked;
  readonly #reporter: Reporter;
  readonly #timer: Timer;
  #found = false;

  constructor(checked: Checked, reporter: Reporter) {
    this.#checked = checked;
    this.#reporter = reporter;
    this.#timer = detachedTimer(LOOK_AFTER_MS, () => this.look());
  }

  look(): void {
    if (this.#found || this.#processors()?.includes(this.#checked.processor) !== true) return;
    this.#found = true;
    this.#timer.cancel();
    const sampler = samplerOf(this.#provider());
    // A sampler of the user's own may count what it is asked.
    if (sampler === undefined || !isPureSampler(sampler) || !wouldDrop(sampler).roots) return;
    this.#reporter.once("not_sampled", UNSEEN.not_sampled);
  }

  /** At the end it is certain that nothing came. */
  lookLast(): void {
    this.look();
    this.#timer.cancel();
    if (this.#found || this.#checked.startedSpans() > 0 || this.#processors() === undefined) return;
    this.#reporter.once("processor_missing", UNSEEN.processor_ignored);
  }

  #provider(): object | undefined {
    return this.#checked.provider ?? registeredProvider();
  }

  #processors(): readonly object[] | undefined {
    return processorsOf(this.#provider());
  }
}
