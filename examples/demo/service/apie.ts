/** The client of Apie. Its key and address are in APIE_API_KEY and APIE_BASE_URL. */
import { Apie } from "apie-otel";

export const apie = new Apie({
  agent: { key: "support", name: "Support" },
  capabilities: [
    { tool: { name: "lookup_order" }, actions: ["read"], resources: ["order"] },
    { tool: { name: "track_parcel" }, actions: ["read"], resources: ["parcel"] },
    { tool: { name: "issue_refund" }, actions: ["create"], resources: ["payment"], riskLevel: "high" },
  ],
  // The name alone reads as an issue of a tracker.
  inferRules: [{ tool: "issue_refund", action: "create", resource: "payment", riskLevel: "high" }],
});
