/**
 * One conversation that other instances of the service may see as well, and how they agree which session of Apie's it is.
 *
 * Apie gives session ids and takes none of ours, so one instance has to open it and tell the others:
 *
 * - The id is in the store: that is it.
 * - It is not, and the claim is free: whoever takes the claim opens the session, one attempt to a claim, and stores the id. A
 *   claim that is not given back, by an instance that died, expires.
 * - Another holds the claim: the id is looked for again a little later.
 * - The store fails, or a claim never goes away: this instance opens a session of its own. It stays with it, and stores its id
 *   later where there still is none.
 *
 * Only the session's lane waits for any of that. Whatever happens to claims, the id that was stored first counts.
 */
import { randomUUID } from "node:crypto";
import type { Agreement } from "../delivery/index.ts";
import { type StoreKeys, storeKeys } from "./keys.ts";
import type { StoreCalls } from "./store-calls.ts";

export interface SharingTimes {
  /** How long a session without a run lasts. */
  readonly ttlMs: number;
  /** Longest opening call. */
  readonly callMs: number;
}

export interface SharedSessionParts {
  readonly calls: StoreCalls;
  readonly times: SharingTimes;
  /** What keeps conversations of the same id apart; known once the agent is registered. */
  readonly namespace: () => readonly string[];
  /** Monotonic ms. */
  readonly now: () => number;
  /** Other instances do not know this one's session, and why. Told once for each. */
  readonly onAlone: (reason: string | undefined) => void;
  /** The session was completed by another instance. */
  readonly onEnded: () => void;
}

/** What this instance knows of its session. */
type Standing =
  /** Nobody has an id yet. */
  | "undecided"
  /** Its id is in the store. */
  | "shared"
  /** Its id could not be stored. */
  | "alone"
  /** The store has another id: there are two sessions of one conversation. */
  | "apart"
  /** Completed, here or elsewhere. */
  | "ended";

/** A store that fails is asked again for this long before the session is opened without it. */
const PATIENCE_MS = 3_000;
/** An opening call must begin this soon after the claim for it was taken. */
const CLAIM_START_MS = 2_500;
/** What a claim lasts beyond the longest opening call: time to begin it and to store its id. */
const CLAIM_MARGIN_MS = 5_000;
const POLL_FIRST_MS = 20;
const POLL_MAX_MS = 250;

export class SharedSession implements Agreement {
  readonly conversation: string;
  readonly #parts: SharedSessionParts;
  #keys: StoreKeys | undefined;
  #standing: Standing = "undecided";
  /** Apie's id. */
  #id: string | undefined;
  notBefore = 0;
  #polls = 0;
  #failingSince: number | undefined;
  /** Claim of another instance, and since when it is seen. */
  #foreignClaim: { readonly value: string | undefined; readonly since: number } | undefined;
  #claimedAt: number | undefined;
  #isRenewing = false;
  #renewedAt = 0;

  constructor(conversation: string, parts: SharedSessionParts) {
    this.conversation = conversation;
    this.#parts = parts;
  }

  /** Whether the other instances know the session. */
  get isShared(): boolean {
    return this.#standing === "shared";
  }

  /** Apie's id, once one counts. */
  get id(): string | undefined {
    return this.#id;
  }

  // ---- opening -------------------------------------------------------------------------------------------------

  mayOpen(now: number): boolean {
    if (this.#standing === "alone") return true;
    return this.#claimedAt !== undefined && now - this.#claimedAt < CLAIM_START_MS;
  }

  async ask(): Promise<string | undefined> {
    const { calls, times, now } = this.#parts;
    // One that was taken and came to nothing.
    this.failed();
    const askedAt = now();
    const known = await calls.get(this.#key.session);
    if (known === undefined) return this.#storeFailed(askedAt);
    if (known.value !== undefined) return this.#join(known.value);
    const claimedAt = now();
    const claimed = await calls.setIfAbsent(this.#key.claim, randomUUID(), times.callMs + CLAIM_MARGIN_MS);
    if (claimed === undefined) return this.#storeFailed(askedAt);
    if (!claimed.value) return this.#waitForOther(askedAt);
    this.#claimedAt = claimedAt;
    // Its holder may have stored the id and given the claim back between the two questions.
    const since = await calls.get(this.#key.session);
    if (since === undefined) {
      this.failed();
      return this.#storeFailed(askedAt);
    }
    this.#failingSince = undefined;
    if (since.value === undefined) return undefined;
    this.failed();
    return this.#join(since.value);
  }

  async opened(id: string): Promise<string> {
    const { calls } = this.#parts;
    this.#id = id;
    if (this.#standing === "alone") return id;
    const stored = await calls.setIfAbsent(this.#key.session, id, this.#entryMs);
    this.failed();
    if (stored?.value === true) {
      this.#standing = "shared";
      this.#renewedAt = this.#parts.now();
      return id;
    }
    const first = stored === undefined ? undefined : await calls.get(this.#key.session);
    if (first?.value !== undefined) return this.#join(first.value);
    this.#goAlone("alone", "its id could not be stored");
    return id;
  }

  failed(): void {
    const { calls, times, now } = this.#parts;
    const claimedAt = this.#claimedAt;
    this.#claimedAt = undefined;
    // A claim that may have expired may be another's by now.
    if (claimedAt === undefined || now() - claimedAt > times.callMs) return;
    void calls.delete(this.#key.claim);
  }

  #join(id: string): string {
    this.#standing = "shared";
    this.#id = id;
    return id;
  }

  #waitForOther(askedAt: number): Promise<undefined> {
    return this.#parts.calls.get(this.#key.claim).then((claim) => {
      if (claim === undefined) return this.#storeFailed(askedAt);
      const { now, times } = this.#parts;
      if (this.#foreignClaim === undefined || this.#foreignClaim.value !== claim.value)
        this.#foreignClaim = { value: claim.value, since: now() };
      const longest = times.callMs + 2 * CLAIM_MARGIN_MS;
      if (now() - this.#foreignClaim.since > longest)
        this.#goAlone("alone", "another instance has been opening it for too long");
      this.#failingSince = undefined;
      const delay = Math.min(POLL_MAX_MS, POLL_FIRST_MS * 2 ** this.#polls);
      this.#polls += 1;
      this.notBefore = now() + delay * (0.5 + Math.random() / 2);
      return undefined;
    });
  }

  /** A store that has been down for long is not waited for again. */
  #storeFailed(askedAt: number): undefined {
    const { calls, now } = this.#parts;
    this.#failingSince ??= askedAt;
    const since = Math.min(this.#failingSince, calls.downSince ?? Number.POSITIVE_INFINITY);
    if (now() - since >= PATIENCE_MS) this.#goAlone("alone", "the session store does not answer");
    else this.notBefore = now() + POLL_MAX_MS;
    return undefined;
  }

  #goAlone(standing: "alone" | "apart", reason: string): void {
    if (this.#standing === standing) return;
    const isNews = this.#standing !== "alone";
    this.#standing = standing;
    if (isNews) this.#parts.onAlone(reason);
  }

  /** Apie's id from before this process, kept with the queue: to be stored again, or found to be stored. */
  resume(id: string): void {
    if (this.#id !== undefined) return;
    this.#id = id;
    this.#standing = "alone";
  }

  // ---- going on ------------------------------------------------------------------------------------------------

  /** Whether it was in use for long enough since its expiry was put off. */
  isDue(usedAt: number): boolean {
    if (this.#standing !== "shared" && this.#standing !== "alone") return false;
    return this.#id !== undefined && !this.#isRenewing && usedAt > this.#renewedAt;
  }

  /** Puts its expiry off, and stores its id again where the store has lost it, or never got it. */
  async renew(): Promise<void> {
    const { calls, now } = this.#parts;
    if (this.#id === undefined || this.#isRenewing) return;
    this.#isRenewing = true;
    const renewedAt = now();
    const known = await calls.get(this.#key.session);
    if (known !== undefined && (await this.#renewed(this.#id, known.value))) this.#renewedAt = renewedAt;
    this.#isRenewing = false;
  }

  /** @returns whether there is nothing to be done again. */
  async #renewed(id: string, known: string | undefined): Promise<boolean> {
    const { calls } = this.#parts;
    if (known === id) {
      const touched = await calls.touch(this.#key.session, this.#entryMs);
      if (touched?.value !== true) return false;
      if (this.#standing === "alone") this.#standing = "shared";
      return true;
    }
    if (known !== undefined) {
      this.#goAlone("apart", "the store has another session of this conversation");
      return true;
    }
    const ended = await calls.get(this.#key.ended(id));
    if (ended === undefined) return false;
    if (ended.value !== undefined) {
      this.#standing = "ended";
      this.#parts.onEnded();
      return true;
    }
    const stored = await calls.setIfAbsent(this.#key.session, id, this.#entryMs);
    if (stored?.value !== true) return false;
    this.#standing = "shared";
    return true;
  }

  // ---- end -----------------------------------------------------------------------------------------------------

  /** It was completed on purpose: the others are to know. */
  async end(): Promise<void> {
    const id = this.#id;
    this.#standing = "ended";
    if (id === undefined) return;
    const { calls } = this.#parts;
    await calls.setIfAbsent(this.#key.ended(id), "yes", this.#endedMs);
    const known = await calls.get(this.#key.session);
    if (known?.value === id) await calls.delete(this.#key.session);
  }

  /**
   * Whether the session, in which nothing happens here any more, is over.
   * @returns `"complete"` where it is this instance's to complete, `"done"` where another does, `"wait"` while it goes on
   * elsewhere, or that is not known.
   */
  async expiry(): Promise<"complete" | "done" | "wait"> {
    const id = this.#id;
    if (id === undefined) return "done";
    const { calls } = this.#parts;
    const known = await calls.get(this.#key.session);
    if (known === undefined || known.value === id) return "wait";
    const taken = await calls.setIfAbsent(this.#key.ended(id), "yes", this.#endedMs);
    if (taken === undefined) return "wait";
    this.#standing = "ended";
    return taken.value ? "complete" : "done";
  }

  get #key(): StoreKeys {
    this.#keys ??= storeKeys(this.#parts.namespace(), this.conversation);
    return this.#keys;
  }

  /** Outlasts what an instance thinks a session without a run lasts, so that none goes on with one that has expired. */
  get #entryMs(): number {
    const { ttlMs } = this.#parts.times;
    return Math.ceil(ttlMs + Math.max(2_000, ttlMs / 4));
  }

  /** As long as another instance may look for it. */
  get #endedMs(): number {
    return 4 * this.#entryMs;
  }
}
