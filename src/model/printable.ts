/** Text for terminals: what agents wrote, and what servers say, can neither steer the terminal nor pretend to be another line. */

/** Control characters, and those that turn the direction of what follows (https://trojansource.codes). */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** On one line; at most so many characters. */
export function printable(text: string, most = Number.POSITIVE_INFINITY): string {
  const line = text.slice(0, most * 2).replace(UNPRINTABLE, " ");
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
