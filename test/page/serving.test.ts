/** The page as the server serves it: to browsers, with a policy under which nothing of others can run. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { post, rawRequest, startApie } from "../local/support.ts";

const DIST = new URL("../../dist/page/", import.meta.url);
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

const textAt = async (url: string, headers: Record<string, string>): Promise<[number, string, Headers]> => {
  const response = await fetch(url, { headers });
  return [response.status, await response.text(), response.headers];
};

describe("the page", () => {
  test("is at the address of the server and at those of its views, for browsers alone", async () => {
    const apie = await startApie();
    for (const path of ["/", "/sessions", "/sessions/ses_1?at=x", "/agents/..%2f..%2fetc", "/no/such/view"]) {
      const [status, text, headers] = await textAt(apie.url + path, BROWSER);
      expect([path, status, headers.get("content-type")]).toEqual([path, 200, "text/html; charset=utf-8"]);
      expect(text).toContain('<div id="page">');
    }
    // What the vendor's clients ask and get stays.
    expect(await (await fetch(apie.url)).json()).toEqual({ name: "apie-otel local", status: "ok" });
    for (const path of ["/api/nothing", "/v1/nothing", "/assets/nothing.js", "/v1", "/health/x"]) {
      const [status, text] = await textAt(apie.url + path, BROWSER);
      expect([path, status]).toEqual([path, 404]);
      expect(JSON.parse(text)).toMatchObject({ error: { code: "not_found" } });
    }
    expect((await fetch(`${apie.url}/sessions`)).status).toBe(404);
    expect((await post(apie, "/sessions", {}, BROWSER)).status).toBe(404);
  });

  test("runs nothing but its own files, inline or from elsewhere", async () => {
    const apie = await startApie();
    const [, text, headers] = await textAt(apie.url, BROWSER);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers.get("cache-control")).toBe("no-cache");
    expect(text).not.toMatch(/<script(?![^>]*src="\/assets\/)|<style|\son\w+=|style="/);
    const named = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? "");
    expect(named.length).toBeGreaterThan(2);
    for (const address of named) {
      expect(address).toMatch(/^\/assets\/[\w.-]+-[\w-]{8}\.(js|css|svg)$/);
      const [status, , assetHeaders] = await textAt(apie.url + address, {});
      expect(status).toBe(200);
      expect(assetHeaders.get("cache-control")).toContain("immutable");
      expect(assetHeaders.get("x-content-type-options")).toBe("nosniff");
    }
  });

  test("gives away no other file", async () => {
    const apie = await startApie();
    for (const path of [
      "/assets/../index.html",
      "/assets/..%2findex.html",
      "/assets/%2e%2e/%2e%2e/package.json",
      "/assets//etc/passwd",
      "/assets/..%5cindex.html",
    ]) {
      const { status, body } = await rawRequest(apie, { path });
      expect([path, status]).toEqual([path, 404]);
      expect(body.toString()).toContain("not_found");
    }
  });

  test("needs no key, which its data does", async () => {
    const apie = await startApie({ key: "sesame" });
    expect((await textAt(apie.url, BROWSER))[0]).toBe(200);
    expect((await fetch(`${apie.url}/api/sessions`)).status).toBe(401);
  });

  test("its first load is at most 150 kB gzipped", () => {
    const files = ["index.html", ...readdirSync(new URL("assets/", DIST)).map((name) => `assets/${name}`)];
    const sizes = files.map((name) => gzipSync(readFileSync(new URL(name, DIST))).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`first load of the page: ${(total / 1_000).toFixed(1)} kB gzipped, ${files.length} files`);
    expect(total).toBeLessThan(150_000);
    // All of its files are asked for at the beginning.
    expect(files.length).toBeLessThan(6);
  });
});
