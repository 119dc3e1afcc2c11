/**
 * One import at a time has a state file: what another one learns meanwhile would be written over, and opened twice at Apie by
 * the next. A file beside it says who has it. The owner shows that it lives; one that has ended without a word is followed.
 */
import { randomUUID } from "node:crypto";
import { link, readFile, realpath, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { reasonOf } from "../../model/errors.ts";
import { UsageError } from "../failure.ts";

const PRIVATE = 0o600;
const SIGN_MS = 10_000;
/** Without a sign for so long the owner has ended: on a host whose processes are not seen, or under a number used again. */
const SILENT_MS = 60_000;
/** Others that follow the same owner may be quicker. */
const MAX_TRIES = 5;

const owner = z.object({ token: z.string(), pid: z.int(), host: z.string(), since: z.string() });
type Owner = z.infer<typeof owner>;

/** Of this process. */
const tokens = new Set<string>();

export class StateLock {
  /** Of the state, links followed. */
  readonly path: string;
  readonly #token: string;
  readonly #signs: NodeJS.Timeout;

  private constructor(path: string, token: string) {
    this.path = path;
    this.#token = token;
    this.#signs = setInterval(() => {
      const now = new Date();
      // A sign that cannot be given leaves the one before; `check` tells when the file is gone.
      utimes(lockOf(path), now, now).catch(() => undefined);
    }, SIGN_MS).unref();
  }

  /** @throws {UsageError} while another import has the state, and when nothing can be written there. */
  static async take(given: string): Promise<StateLock> {
    const path = await realPathOf(given);
    const mine: Owner = {
      token: randomUUID(),
      pid: process.pid,
      host: hostname(),
      since: new Date().toISOString(),
    };
    const text = JSON.stringify(mine);
    tokens.add(mine.token);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (await made(path, text)) return new StateLock(path, mine.token);
      const found = await ownerIn(lockOf(path));
      if (found !== undefined && !hasEnded(found)) throw inUse(given, path, found.owner);
      if (found !== undefined) await takeAway(lockOf(path), found.text);
    }
    throw inUse(given, path, undefined);
  }

  /** @throws {UsageError} when another import has taken the state over. */
  async check(): Promise<void> {
    const found = await ownerIn(lockOf(this.path));
    if (found?.owner?.token === this.#token) return;
    throw new UsageError(
      `${this.path} was taken over by another import; what is known here is not written over what that one knows`,
    );
  }

  async release(): Promise<void> {
    clearInterval(this.#signs);
    const found = await ownerIn(lockOf(this.path));
    if (found?.owner?.token === this.#token) await rm(lockOf(this.path), { force: true });
  }
}

const lockOf = (path: string): string => `${path}.lock`;

/** The same file under another name is the same state. */
async function realPathOf(given: string): Promise<string> {
  try {
    return await realpath(given);
  } catch {
    // It is yet to be written: its folder tells.
  }
  try {
    return join(await realpath(dirname(given)), basename(given));
  } catch (error) {
    throw new UsageError(`Cannot write ${given}: ${reasonOf(error)}`, error);
  }
}

/** @returns whether it was free. */
async function made(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(lockOf(path), text, { flag: "wx", mode: PRIVATE });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new UsageError(`Cannot write ${lockOf(path)}: ${reasonOf(error)}`, error);
  }
}

interface Found {
  readonly text: string;
  /** Absent while it is being written, and where it was written by something else. */
  readonly owner: Owner | undefined;
  readonly silentMs: number;
}

/** @returns `undefined` when it is gone. */
async function ownerIn(lock: string): Promise<Found | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(lock, "utf8"), stat(lock)]);
    return { text, owner: parsed(text), silentMs: Date.now() - mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError(`Cannot read ${lock}: ${reasonOf(error)}`, error);
  }
}

function parsed(text: string): Owner | undefined {
  try {
    return owner.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function hasEnded({ owner: found, silentMs }: Found): boolean {
  if (silentMs > SILENT_MS) return true;
  if (found === undefined || found.host !== hostname()) return false;
  // In containers the one before may have had our number.
  return found.pid === process.pid ? !tokens.has(found.token) : !isAlive(found.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Only what was looked at: another one may have followed the same owner meanwhile, and has it now. */
async function takeAway(lock: string, text: string): Promise<void> {
  const aside = `${lock}.${randomUUID().slice(0, 8)}`;
  try {
    await rename(lock, aside);
    if ((await readFile(aside, "utf8")) !== text) await link(aside, lock);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EEXIST")
      throw new UsageError(`Cannot write ${lock}: ${reasonOf(error)}`, error);
  } finally {
    await rm(aside, { force: true });
  }
}

function inUse(given: string, path: string, found: Owner | undefined): UsageError {
  const who =
    found === undefined
      ? "another import"
      : `another import (process ${found.pid} on ${found.host}, since ${found.since})`;
  return new UsageError(
    `${given} is in use by ${who}: wait for its end, or name another --state file. If none is at work, remove ${lockOf(path)}`,
  );
}
