/** What is done once, by whoever sets the rules: two of the documented guardrail templates are enabled. */
const { APIE_BASE_URL, APIE_API_KEY } = process.env;

for (const template of ["prod-deploys", "prod-secrets"]) {
  const response = await fetch(`${APIE_BASE_URL}/v1/guardrails/templates/${template}/enable`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${APIE_API_KEY}` },
    body: "{}",
  });
  console.log(`${template}: ${response.ok ? "enabled" : `HTTP ${response.status}`}`);
}
