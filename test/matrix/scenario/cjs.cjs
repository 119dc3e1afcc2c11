const load = async (name) => require(name);

import("./play.mjs").then(({ play }) => play(load));
