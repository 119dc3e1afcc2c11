/** What became of what was sent, and what waits. */
import type { QueueDiagnostics } from "../../queue.ts";
import { type Finding, type Found, ok, warning } from "../finding.ts";
import type { Subject } from "../subject.ts";

/** A queue that is filled so far will overflow before an outage is over. */
const NEARLY_FULL = 0.8;

interface Look {
  isSo(queue: QueueDiagnostics, subject: Subject): boolean;
  say(queue: QueueDiagnostics, subject: Subject): Found;
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
const reasonsOf = ({ reasons }: QueueDiagnostics): string => {
  const texts = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  return texts.length === 0 ? "" : ` (by reason, runs and sessions included: ${texts.join(", ")})`;
};

const filled = (queue: QueueDiagnostics, { config }: Subject): number =>
  Math.max(queue.queueSize / config.maxQueueSize, queue.queueBytes / config.maxQueueBytes);

const LOOKS: readonly Look[] = [
  {
    isSo: ({ heldBecause, queueSize }) => heldBecause !== undefined && queueSize > 0,
    say: ({ heldBecause, queueSize }) =>
      warning(
        `requests are held back: ${heldBecause}; ${plural(queueSize, "item")} wait${queueSize === 1 ? "s" : ""}`,
        "nothing is lost yet; mend what is named, and they go out by themselves",
      ),
  },
  {
    isSo: ({ heldBecause, lastErrorMessage, queueSize }) =>
      heldBecause === undefined && lastErrorMessage !== undefined && queueSize > 0,
    say: ({ lastErrorAt, lastErrorMessage, queueSize }) =>
      warning(
        `${plural(queueSize, "item")} wait${queueSize === 1 ? "s" : ""}; the last failure, at ${lastErrorAt}, was: ${lastErrorMessage}`,
        "they are tried again by themselves; flush() tells what became of them",
      ),
  },
  {
    isSo: ({ events, runs, sessions }) => events.dropped + runs.dropped + sessions.dropped > 0,
    say: (queue) =>
      warning(
        `${plural(queue.events.dropped, "event")} dropped here${reasonsOf(queue)}`,
        "onDrop is told of each; queue_full asks for a larger maxQueueBytes and maxQueueSize, shutdown for a longer shutdownTimeoutMs",
      ),
  },
  {
    isSo: ({ events, runs, sessions }) => events.rejected + runs.rejected + sessions.rejected > 0,
    say: (queue) =>
      warning(
        `${plural(queue.events.rejected, "event")} rejected by Apie${reasonsOf(queue)}`,
        "onDrop is told of each, with Apie's words; validateEvents() looks at events before they are sent",
      ),
  },
  {
    isSo: (queue, subject) => filled(queue, subject) >= NEARLY_FULL,
    say: (queue, subject) =>
      warning(
        `the queue is ${Math.round(filled(queue, subject) * 100)} % full: what does not fit is dropped`,
        "raise maxQueueBytes and maxQueueSize, or maxConcurrentBatches if Apie is only slow",
      ),
  },
  {
    isSo: ({ possibleDuplicates }) => possibleDuplicates > 0,
    say: ({ possibleDuplicates }) =>
      warning(
        `${plural(possibleDuplicates, "opening")} of a run or session went unanswered and ${possibleDuplicates === 1 ? "was" : "were"} sent again: Apie may hold it twice`,
        "raise timeout if Apie is slow; such a run is marked in its metadata",
      ),
  },
  {
    isSo: ({ unreadableSpans }) => unreadableSpans > 0,
    say: ({ unreadableSpans }) =>
      warning(
        `${plural(unreadableSpans, "span")} could not be read and ${unreadableSpans === 1 ? "is" : "are"} missing`,
        "a library hands over spans that lack what every span has; the first failure was told to onError",
      ),
  },
  {
    isSo: ({ evictedSpans }) => evictedSpans > 0,
    say: ({ evictedSpans }) =>
      warning(
        `${plural(evictedSpans, "span")} in flight given up because there were too many`,
        "some library starts spans and never ends them; see which scope they have",
      ),
  },
];

export function checkQueue(subject: Subject): Finding[] {
  if (subject.apie === undefined) return [];
  const queue = subject.queue();
  const found = LOOKS.filter((look) => look.isSo(queue, subject)).map((look) => look.say(queue, subject));
  const { delivered, pending } = queue.events;
  const fine = ok(`${plural(delivered, "event")} delivered, none lost, ${pending} waiting`);
  return (found.length === 0 ? [fine] : found).map((one) => ({ check: "queue", ...one }));
}
