/** Where an export goes: standard output, or a file that appears whole or not at all. */
import { createWriteStream } from "node:fs";
import { link, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { reasonOf } from "../../model/errors.ts";
import { UsageError } from "../failure.ts";

/** For its owner only: it holds what agents were told and did. */
const MODE = 0o600;

const unwritable = (path: string, aside: string, error: unknown): UsageError =>
  new UsageError(`Cannot write ${path}: ${reasonOf(error).replaceAll(aside, path)}`, error);

async function putAside(pieces: AsyncIterable<string>, aside: string, path: string): Promise<void> {
  const file = createWriteStream(aside, { flags: "wx", mode: MODE });
  try {
    await pipeline(Readable.from(pieces), file);
  } catch (error) {
    await rm(aside, { force: true });
    const isOurs = (error as NodeJS.ErrnoException).syscall === undefined;
    throw isOurs ? error : unwritable(path, aside, error);
  }
}

/** @param path absent: standard output. @param force takes the place of a file that is there. */
export async function writePieces(
  pieces: AsyncIterable<string>,
  path: string | undefined,
  force: boolean,
): Promise<void> {
  if (path === undefined) return pipeline(Readable.from(pieces), process.stdout, { end: false });
  const aside = `${path}.${process.pid}.part`;
  await putAside(pieces, aside, path);
  try {
    if (force) await rename(aside, path);
    // Unlike rename, fails when there is one already.
    else await link(aside, path);
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw exists
      ? new UsageError(`${path} is there already: name another file, or --force`, error)
      : unwritable(path, aside, error);
  } finally {
    await rm(aside, { force: true });
  }
}
