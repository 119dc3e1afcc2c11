/** Options that this version checks and does not act on: whoever relies on one must hear so. */
import type { ApieConfig } from "../config/index.ts";
import type { Reporter } from "../diagnostics/index.ts";

const WITHOUT_EFFECT: readonly (readonly [
  name: string,
  isSet: (config: ApieConfig) => boolean,
  instead: string,
])[] = [
  [
    "queueStoragePath",
    (config) => config.queueStoragePath !== undefined,
    "what waits is kept in memory only",
  ],
];

export function tellOptionsWithoutEffect(config: ApieConfig, reporter: Reporter): void {
  for (const [name, isSet, instead] of WITHOUT_EFFECT) {
    if (isSet(config))
      reporter.once(`without_effect:${name}`, `${name} has no effect in this version: ${instead}`);
  }
}
