/** One thing that is wrong with a registry: where, what, and what to do about it. */
export interface Problem {
  /** Path of the file, relative to the registry's parent folder. */
  file: string;
  /** Line in that file, from 1, where one is known. */
  line?: number | undefined;
  /** The key, span type or field that is wrong. */
  subject: string;
  message: string;
  fix: string;
}

export function formatProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  return `${place}: ${problem.subject}: ${problem.message}. Fix: ${problem.fix}.`;
}

/** Thrown where a registry with problems was to be used. */
export class RegistryError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "RegistryError";
    this.problems = problems;
  }
}
