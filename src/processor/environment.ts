/** The environment that work is done in: as configured, or what the resource of the spans says. */
import type { ResourceLike, SpanLike } from "../model/span.ts";

export class Environment {
  name: string | undefined;
  #resource: ResourceLike | undefined;

  constructor(configured: string | undefined) {
    this.name = configured;
  }

  /** Attributes that are still being detected come with a later span. */
  note({ resource }: SpanLike): void {
    if (this.name !== undefined || !resource?.attributes || resource === this.#resource) return;
    if (resource.asyncAttributesPending === true) return;
    this.#resource = resource;
    const name =
      resource.attributes["deployment.environment.name"] ?? resource.attributes["deployment.environment"];
    if (typeof name === "string" && name !== "") this.name = name;
  }
}
