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

/** @param within name of the member that holds these; none for those of the body itself. */
export function bodyMembers<Body extends object>(
  redactor: Redactor,
  { ours, names, told, summaries }: Parts<Body>,
  within?: string,
): Body {
  // Nothing in the protocol's bodies is null.
  const body: Members = known(ours);
  const redacted = (members: object | undefined): Members =>
    within === undefined
      ? topMembers(redactor, known(members))
      : redactedMembers(redactor, known(members), within);
  for (const [name, value] of Object.entries(known(names))) body[name] = redactor.secrets(String(value));
  Object.assign(body, redacted(told));
  for (const [name, value] of Object.entries(redacted(texts(summaries))))
    body[name] = truncateText(String(value), MAX_SUMMARY);
  return body as Body;
}

/** A redacted copy of members, their names included; one that cannot be read costs itself only. */
export function redactedMembers(redactor: Redactor, members: Members, within: string): Members {
  try {
    return redactor.value(members, within);
  } catch {
    return oneByOne(redactor, members, within);
  }
}

function oneByOne(redactor: Redactor, members: Members, within: string): Members {
  const copies: [string, unknown][] = [];
  try {
    for (const name of Object.keys(members)) copies.push(...oneMember(redactor, members, within, name));
  } catch {
    // A Proxy that does not even tell its names.
    copies.push([within, REDACTED]);
  }
  return Object.fromEntries(copies);
}

function oneMember(redactor: Redactor, members: Members, within: string, name: string): [string, unknown][] {
  try {
    return Object.entries(redactor.value({ [name]: members[name] }, within));
  } catch {
    return [[redactor.secrets(name), REDACTED]];
  }
}

/** Each is known by a path of its own. What cannot be walked is left out; an object stays one, or it would be refused. */
function topMembers(redactor: Redactor, members: Members): Members {
  for (const [name, value] of Object.entries(members)) {
    try {
      members[name] = redactor.value(value, name);
    } catch {
      members[name] = typeof value === "object" ? { notice: REDACTED } : REDACTED;
    }
  }
  return members;
}

function known(members: object | undefined): Members {
  const told: Members = {};
  if (members === undefined) return told;
  for (const name of Object.keys(members)) {
    const value = (members as Members)[name];
    if (value !== undefined) told[name] = value;
  }
  return told;
}

/** A convention of the user's may give what is none. */
function texts(members: object | undefined): Members {
  const told = known(members);
  for (const name of Object.keys(told)) told[name] = String(told[name]);
  return told;
}
