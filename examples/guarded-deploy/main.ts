/** A deployment behind guardrails: observed, then enforced, then approved by a second process. `npm run example:guarded-deploy` */
import { runExample } from "../support/example.ts";

await runExample({
  title: "A guarded deployment",
  async act({ start }) {
    const at = (file: string): URL => new URL(file, import.meta.url);
    await start({ name: "policies", script: at("./policies.ts") }).finished();
    await start({ name: "monitor", script: at("./deploy.ts"), env: { GUARD_MODE: "monitor" } }).finished();

    const human = start({ name: "human", script: at("./approve.ts") });
    await start({ name: "enforce", script: at("./deploy.ts"), env: { GUARD_MODE: "enforce" } }).finished();
    await human.finished();
  },
  check: (replays) => {
    const types = replays.map(({ events }) => events.map(({ type }) => type.replace("agent.", "")));
    const [observed = [], enforced = []] = types;
    const didBoth = (of: string[]): number => of.filter((type) => type === "tool.called").length;
    return [
      ...(didBoth(observed) === 2 ? [] : ["in monitor mode both tools were to run"]),
      ...(didBoth(enforced) === 1 ? [] : ["in enforce mode only the deployment was to run"]),
      ...(enforced.includes("approval.resolved") ? [] : ["the approval was not resolved"]),
    ];
  },
});
