/** The expressions of `redactDenyPatterns`. */

const LITERAL = /^\/(.*)\/([a-z]*)$/s;

/** All matches are replaced, so `g` is added; `y` would stop at the first place that does not match. */
const everywhere = (flags: string): string => `${flags.replace(/[gy]/g, "")}g`;

/**
 * `/x/i` as text is the expression x with the flag i, as the vendor's documentation writes it; other text is an expression
 * without regard to case, as the vendor's SDK takes it.
 *
 * @throws {SyntaxError} when it is none.
 */
export function denyExpression(pattern: string | RegExp): RegExp {
  if (pattern instanceof RegExp) return new RegExp(pattern.source, everywhere(pattern.flags));
  const [, body, flags] = LITERAL.exec(pattern) ?? [];
  return body === undefined || flags === undefined
    ? new RegExp(pattern, "gi")
    : new RegExp(body, everywhere(flags));
}

/** @returns what is wrong with a pattern. */
export function denyPatternProblem(pattern: string | RegExp): string | undefined {
  try {
    return denyExpression(pattern).test("")
      ? "expected an expression that does not match the empty text: it would match everywhere"
      : undefined;
  } catch (error) {
    return `expected a valid regular expression: ${(error as Error).message}`;
  }
}
