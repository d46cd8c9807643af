// Debian's Chromium, one process for each set of flags, and a record of everything a page does that
// it should not.

import { chromium } from "playwright-core";
import { assert } from "./test.js";

/** WebGPU also where the GPU is software, and nothing in the background. */
const FLAGS = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const WEBGPU = ["--enable-unsafe-webgpu"];

const browsers = new Map();

/** A browser with these flags and variables beside the usual ones. */
export const browserWith = async (flags = WEBGPU, env = {}) => {
  const key = [...flags, ...Object.entries(env)].join(" ");
  if (!browsers.get(key)?.isConnected()) {
    browsers.set(key, await chromium.launch({ executablePath: process.env.CHROMIUM, args: [...FLAGS, ...flags], env: { ...process.env, ...env }, chromiumSandbox: false }));
  }
  return browsers.get(key);
};

export const endBrowsers = async () => {
  for (const browser of browsers.values()) await browser.close().catch(() => {});
};

/**
 * Runs in the page before its own code: notes what only the worker may touch, and what the policy
 * refused.
 */
const watch = () => {
  window.__broken = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    window.__broken.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  });
  const gpu = Object.getOwnPropertyDescriptor(Navigator.prototype, "gpu");
  if (gpu?.get) {
    Object.defineProperty(Navigator.prototype, "gpu", {
      ...gpu,
      get() {
        window.__broken.push(`the page itself touched navigator.gpu ${new Error().stack}`);
        return gpu.get.call(this);
      },
    });
  }
  // Workers have a `fetch` and a `WebAssembly` of their own: what passes here is the page's.
  const fetched = window.fetch;
  window.fetch = (what, ...rest) => {
    const url = String(what?.url ?? what);
    if (/(^|\/)parts\/|sightline_web|\.gguf|\.safetensors/.test(url)) window.__broken.push(`the page itself fetched ${url}`);
    return fetched.call(window, what, ...rest);
  };
  for (const name of ["compile", "compileStreaming", "instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = (...given) => {
      // Links have a small module of their own.
      if (/sightline_link_web_bg\.wasm$/.test(given[0]?.url ?? "")) return original.apply(WebAssembly, given);
      window.__modules = (window.__modules ?? 0) + 1;
      if (window.__modules > 1) window.__broken.push("the page itself runs a second wasm module");
      return original.apply(WebAssembly, given);
    };
  }
};

/** Console lines that say nothing about the page: the browser's own opinion of a software GPU. */
const HARMLESS = [/powerPreference option is currently ignored/, /No available adapters/, /experimental on this platform/, /software rendering/i];

/** A context (a visitor with an empty cache) whose pages are watched. */
export class Visitor {
  static async arrive(site, { flags = WEBGPU, env, ...options } = {}) {
    const visitor = new Visitor();
    visitor.site = site;
    visitor.browser = await browserWith(flags, env);
    visitor.context = await visitor.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    visitor.foreign = [];
    visitor.errors = [];
    visitor.expected = [];
    const home = new URL(site.url).origin;
    visitor.context.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(home) && !/^(blob|data):/.test(url)) visitor.foreign.push(url);
    });
    visitor.context.on("console", (message) => {
      const text = message.text();
      if (["error", "warning"].includes(message.type()) && !HARMLESS.some((known) => known.test(text))) {
        visitor.errors.push(`${message.type()}: ${text} (${message.location().url})`);
      }
    });
    visitor.context.on("weberror", (error) => visitor.errors.push(`thrown: ${error.error()?.stack ?? error.error()}`));
    await visitor.context.addInitScript(watch);
    return visitor;
  }

  /**
   * Allows console lines that match: a case that provokes an error expects the browser to mention
   * it.
   */
  expect(...patterns) {
    this.expected.push(...patterns);
  }

  /** Opens the page and gives it. */
  async open(suffix = "") {
    const page = await this.context.newPage();
    await page.goto(this.site.url + suffix, { waitUntil: "load" });
    return page;
  }

  /** Fails if anything happened that must not happen on any visit. */
  async wellBehaved() {
    for (const page of this.context.pages()) {
      const broken = await page.evaluate(() => window.__broken ?? []).catch(() => []);
      assert(broken.length === 0, () => `the page did what it must not: ${broken.join("\n")}`);
    }
    assert(this.foreign.length === 0, () => `foreign requests: ${this.foreign.join(", ")}`);
    const errors = this.errors.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
    assert(errors.length === 0, () => `in the console: ${errors.join("\n")}`);
  }

  async leave() {
    await this.context.close();
  }
}
