/** What of a body may be changed on its way out, and what must stay as it is. */
import { REDACTED, type Redactor, truncateText } from "../events/index.ts";

export type Members = Record<string, unknown>;

/** The members of a body, by what redaction may do to them. */
export interface Parts<Body> {
  /** Ids, times, counts and words of ours: as they are, or the body says something else than it must. */
  ours?: Partial<Body> | undefined;
  /** Names by which Apie knows things again: what is a secret by its form is replaced, the user's own rules leave them alone. */
  names?: Partial<Body> | undefined;
  /** What the application or its libraries said: all rules. */
  told?: Partial<Body> | undefined;
  /** The same, and cut; after its secrets are replaced, so that no cut leaves half of one. */
  summaries?: Partial<Body> | undefined;
}

const MAX_SUMMARY = 500;

type Entry = readonly [name: string, value: unknown];

/** @param within name of the member that holds these; none for those of the body itself. */
export function bodyMembers<Body extends object>(
  redactor: Redactor,
  { ours, names, told, summaries }: Parts<Body>,
  within?: string,
): Body {
  const redacted = ([name, value]: Entry): Entry[] =>
    within === undefined
      ? [[name, guarded(value, () => redactor.value(value, name))]]
      : redactedEntry(redactor, within, name, () => value);
  const entries = [
    ...known(ours),
    ...known(names).map(([name, value]): Entry => [name, redactor.secrets(String(value))]),
    ...known(told).flatMap(redacted),
    ...known(summaries)
      .flatMap(([name, value]) => redacted([name, String(value)]))
      .map(([name, value]): Entry => [name, truncateText(String(value), MAX_SUMMARY)]),
  ];
  // Nothing in the protocol's bodies is null.
  return Object.fromEntries(entries) as Body;
}

/** Members of an object of the application's, names included; one that cannot be read costs itself only. */
export function givenMembers(redactor: Redactor, given: Members | undefined, within: string): Members {
  if (given === undefined) return {};
  let names: string[];
  try {
    names = Object.keys(given);
  } catch {
    // A Proxy that does not even tell its names.
    return { [within]: REDACTED };
  }
  return Object.fromEntries(
    names.flatMap((name) => redactedEntry(redactor, within, name, () => given[name])),
  );
}

function known(members: object | undefined): Entry[] {
  return members === undefined ? [] : Object.entries(members).filter(([, value]) => value !== undefined);
}

function redactedEntry(redactor: Redactor, within: string, name: string, read: () => unknown): Entry[] {
  try {
    return known(redactor.value({ [name]: read() }, within));
  } catch {
    return [[redactor.secrets(name), REDACTED]];
  }
}

/** What cannot be walked to its end is not let through. An object stays one: the protocol refuses a text in its place. */
function guarded(value: unknown, redacted: () => unknown): unknown {
  try {
    return redacted();
  } catch {
    return typeof value === "object" ? { notice: REDACTED } : REDACTED;
  }
}
