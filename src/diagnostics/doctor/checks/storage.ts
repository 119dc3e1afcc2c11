/** Whether what waits outlives the process, and how its file does. */
import type { QueueDiagnostics } from "../../queue.ts";
import { type Finding, type Found, info, ok, warning } from "../finding.ts";
import type { Subject } from "../subject.ts";

type Storage = NonNullable<QueueDiagnostics["storage"]>;

export function checkStorage(subject: Subject): Finding[] {
  const found = describe(subject.config.queueStoragePath, subject.queue().storage);
  return found.map((one) => ({ check: "storage", ...one }));
}

function describe(configured: string | undefined, storage: Storage | undefined): Found[] {
  if (configured === undefined)
    return [
      info(
        "what waits is kept in memory, and lost when the process is killed",
        "set queueStoragePath to a folder to keep it",
      ),
    ];
  if (storage === undefined) return [ok(`what waits is kept in ${configured}`)];
  const wrong = [...degraded(storage), ...damaged(storage)];
  return wrong.length > 0 ? wrong : [ok(`what waits is kept in ${storage.path}${adopted(storage)}`)];
}

function degraded({ degradedBecause, path, unsaved }: Storage): Found[] {
  if (degradedBecause === undefined) return [];
  return [
    warning(
      `what waits is kept in memory only, ${unsaved} changes are not in ${path}: ${degradedBecause}`,
      "make room on that disk, or make it writable: it is saved again by itself, and lost if the process is killed before",
    ),
  ];
}

function damaged({ setAside }: Storage): Found[] {
  if (setAside.length === 0) return [];
  return [
    warning(
      `what an earlier process had left could not be read, and is now in ${setAside.join(", ")}`,
      "look at that disk; remove the file when nothing is to be saved from it",
    ),
  ];
}

const adopted = ({ adoptedFiles }: Storage): string =>
  adoptedFiles.length === 0 ? "" : `, and what ended processes left is sent from ${adoptedFiles.join(", ")}`;
