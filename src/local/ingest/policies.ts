/** Policies of the local Apie. The vendor has no such API: this is what the page and scripts use. */
import { z } from "zod";
import { TEMPLATES } from "../guardrails/templates.ts";
import { readObject, withWarnings } from "../http/body.ts";
import { pathParameter } from "../http/query.ts";
import { notFound } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import { POLICY, policyOf } from "../wire/policies.ts";

async function put(c: AppContext, services: Services): Promise<Response> {
  const { body, warnings } = await readObject(c, services, POLICY);
  const { store } = services;
  const policy = store.transaction(() =>
    store.policies.put(policyOf(body), "custom", body.enabled ?? true, services.timestamp()),
  );
  services.changes.publish([{ kind: "policy", id: policy.key }]);
  return c.json(withWarnings({ policy }, warnings), 201);
}

async function remove(c: AppContext, services: Services): Promise<Response> {
  await readObject(c, services, z.object({}));
  const key = pathParameter(c, "key");
  if (!services.store.transaction(() => services.store.policies.remove(key))) throw notFound("policy", key);
  services.changes.publish([{ kind: "policy", id: key }]);
  return c.json({ key, status: "removed" });
}

function list(c: AppContext, { store }: Services): Response {
  const items = store.policies.all();
  const used = new Set(items.map(({ key }) => key));
  return c.json({ items, templates: TEMPLATES.filter(({ key }) => !used.has(key)) });
}

export const policyRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/policies",
    summary: "Guardrail policies, and the documented templates that are not enabled",
    handle: list,
  },
  {
    method: "POST",
    path: "/api/policies",
    summary: "Make a policy, or put it in the place of the one of the same key",
    handle: put,
  },
  {
    method: "POST",
    path: "/api/policies/:key/remove",
    summary: "Remove a policy, or a template that was enabled",
    handle: remove,
  },
];
