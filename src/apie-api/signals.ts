/**
 * Signals that are listened to by many calls, and for as long as a call lasts. `AbortSignal.any` keeps something of each signal
 * it makes for as long as its sources live, and a signal of the application's may live as long as the process; Node 20 takes
 * more than ten listeners of one signal for a leak, and warns.
 */

interface Heard {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

/** One listener for each signal, however many wait for it. */
const heard = new WeakMap<AbortSignal, Heard>();

function hear(signal: AbortSignal, act: () => void): () => void {
  const { acts, listener } = heard.get(signal) ?? begin(signal);
  if (acts.size === 0) signal.addEventListener("abort", listener, { once: true });
  acts.add(act);
  return () => {
    if (acts.delete(act) && acts.size === 0) signal.removeEventListener("abort", listener);
  };
}

function begin(signal: AbortSignal): Heard {
  const acts = new Set<() => void>();
  const listener = (): void => {
    for (const act of [...acts]) act();
  };
  const found: Heard = { acts, listener };
  heard.set(signal, found);
  return found;
}

export interface JoinedSignal {
  /** Given as soon as one of the signals is, with its reason. */
  readonly signal: AbortSignal;
  /** To be called when nobody listens any more. */
  release(): void;
}

export function joined(...signals: readonly (AbortSignal | undefined)[]): JoinedSignal {
  const controller = new AbortController();
  const offs: (() => void)[] = [];
  const release = (): void => {
    for (const off of offs.splice(0)) off();
  };
  for (const signal of signals) {
    if (signal === undefined) continue;
    const give = (): void => {
      release();
      controller.abort(signal.reason);
    };
    if (signal.aborted) give();
    else if (!controller.signal.aborted) offs.push(hear(signal, give));
  }
  return { signal: controller.signal, release };
}
