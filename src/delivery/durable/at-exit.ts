/** What has to be done before the process is gone, however it ends by its own will. One listener for all who ask. */

const actions = new Set<() => void>();

function run(): void {
  for (const act of actions) {
    try {
      act();
    } catch {
      // The process ends, and its exit code is the application's.
    }
  }
}

/** @param act must be done when it returns. @returns a function that calls it off. */
export function atExit(act: () => void): () => void {
  if (actions.size === 0) process.on("exit", run);
  actions.add(act);
  return () => {
    actions.delete(act);
    if (actions.size === 0) process.off("exit", run);
  };
}
