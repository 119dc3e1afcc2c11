/** The Node that the npm scripts run on, for what the Node that runs the tests may be too old for. */
import { fileURLToPath } from "node:url";

export const NEW_NODE = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));
