/** Names of members the user wants replaced (`redactKeys`), beside the built-in ones. */
import { comparableName } from "./keys.ts";

/** In longer names the built-in rules look for these, and tell `access_token` from `max_tokens`, `secrets` from `secretary`. */
const BUILT_IN: ReadonlySet<string> = new Set(["token", "tokens", "secret", "secrets"]);

export class OwnNames {
  readonly #exact: ReadonlySet<string>;
  /** Looked for in longer names. */
  readonly #within: readonly string[];
  /** Tells texts that may hold one of them. */
  readonly #inTexts: RegExp | undefined;

  constructor(given: readonly string[] = []) {
    this.#exact = new Set(given.map(comparableName).filter((name) => name !== ""));
    this.#within = [...this.#exact].filter((name) => !BUILT_IN.has(name));
    this.#inTexts =
      this.#exact.size === 0 ? undefined : new RegExp([...this.#exact].map(spacedOut).join("|"), "iu");
  }

  get size(): number {
    return this.#exact.size;
  }

  mayBeIn(text: string): boolean {
    return this.#inTexts?.test(text) === true;
  }

  isOne(name: string): boolean {
    return this.#exact.size > 0 && this.#exact.has(comparableName(name));
  }

  /** Whether it is a part of the name: `ssn` is in `customer_ssn`. */
  isWithin(name: string): boolean {
    if (this.#within.length === 0) return false;
    const comparable = comparableName(name);
    return this.#within.some((part) => comparable.includes(part));
  }
}

/** A comparable name with its words apart or not: `creditcard` is in `credit_card` and `creditCard`. */
function spacedOut(name: string): string {
  return [...name].join("[^\\p{L}\\p{N}]{0,3}");
}
