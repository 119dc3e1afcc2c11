/** What `--import apie-otel/register` does, from the source. */
import "../../../src/register.ts";
