/** The config file that `init` writes: what one decides first, each with a word on what it does. */
import { API_KEY_VARIABLES, BASE_URL_VARIABLES, PACKAGE_NAME } from "../../config/index.ts";

export const CONFIG_FILE = "apie.config.mjs";

export function configText(agent: { readonly key: string; readonly name: string }): string {
  return `// Options of ${PACKAGE_NAME}. All of them: README, "Configuration". Key and address stay out of this file:
// ${API_KEY_VARIABLES[0]} and ${BASE_URL_VARIABLES[0]} are read from the environment.

/** @type {import("${PACKAGE_NAME}").ApieOptions} */
export default {
  // Who does the work. The key is what Apie knows the agent by: keep it when the name changes.
  agent: { key: ${JSON.stringify(agent.key)}, name: ${JSON.stringify(agent.name)} },

  // Further agents of this process: a span of an agent of such a name is that agent's.
  // agents: [{ key: "billing", name: "Billing" }],

  // Where it runs. Policies and the boundary go by it.
  runtime: { environment: process.env.NODE_ENV ?? "development" },

  // Prompts, answers, tool arguments and results stay here unless you say so. What is sent is redacted either way.
  captureContent: false,
  // redactKeys: ["iban"],

  // Ask Apie about each tool call before it begins: "monitor" tells, "enforce" stops what must not be done.
  // mode: "monitor",

  // Keep on disk what waits to be sent, so that it survives a crash (Node 22.13 or newer).
  // queueStoragePath: ".apie/",
};
`;
}
