/** Preloaded into the processes examples start: none outlives the example, however that ends. */
process.channel?.unref();
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
