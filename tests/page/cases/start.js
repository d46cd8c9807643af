// What a start may meet: files that are missing, browsers that lack something, adapters that never
// answer, networks that lie.

import { readFile } from "node:fs/promises";
import path from "node:path";

import { Visitor } from "../lib/browser.js";
import { partsOf } from "../lib/bundle.js";
import { png } from "../lib/pictures.js";
import { GPU, Screen } from "../lib/screen.js";
import { Site, startPlainHost } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const arrive = async ({ defer }, options) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

/** The worker's script with something done before it. */
const before = async (work) => ({
  body: Buffer.concat([Buffer.from(`${work};\n`), await readFile(path.join(process.env.PAGE_TINY, "engine.js"))]),
  headers: { "content-type": "text/javascript" },
});

const visible = async (page) => (await page.locator("body").innerText()).replace(/\s+/g, " ");

test("start/over plain http from another host the processor answers, from memory", { limit: 90 }, async ({ defer }) => {
  const host = await startPlainHost(process.env.PAGE_TINY, "/");
  defer(() => host.end());
  const url = host.url.replace("127.0.0.1", "lab.test");
  const visitor = await Visitor.arrive({ url }, { flags: ["--host-resolver-rules=MAP lab.test 127.0.0.1"] });
  defer(() => visitor.leave());
  const screen = await Screen.open(visitor, "");
  assertEqual(await screen.page.evaluate(() => window.isSecureContext), false, "whether browsers trust this page");
  await screen.ready();
  assert(/plain http/.test(await screen.why()), () => "the page says what is missing");
  assert(/keeps nothing/.test(await screen.facts()), "and that it keeps nothing");
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).map(({ state }) => state), ["done", "done"], "answers");
  await visitor.wellBehaved();
});

for (const [what, name, spoilt, expected] of [
  ["its module is missing", "sightline_page_bg.wasm", { status: 404 }, /sightline_page_bg\.wasm.*404/],
  ["its script is missing", "sightline_page.js", { status: 404 }, /sightline_page\.js.*404/],
  ["its script comes as something else", "sightline_page.js", { body: "//", headers: { "content-type": "text/plain", "x-content-type-options": "nosniff" } }, /sightline_page\.js.*text\/plain/],
  ["the engine's script is missing", "engine.js", { status: 404 }, /engine\.js.*404/],
  ["the engine's module is missing", "sightline_web_bg.wasm", { status: 404 }, /sightline_web_bg\.wasm.*404/],
  ["the engine's script comes as something else", "sightline_web.js", { body: "//", headers: { "content-type": "text/plain", "x-content-type-options": "nosniff" } }, /sightline_web\.js.*text\/plain/],
]) {
  test(`start/${what}: a sentence that names it, and it goes on when it is there`, {}, async (t) => {
    const { site, visitor } = await arrive(t);
    visitor.expect(/404|MIME type|Failed to load/);
    site.spoil = (wanted) => wanted === `/${name}` && spoilt;
    const screen = await Screen.open(visitor);
    const said = await screen.failed();
    assert(expected.test(said), () => `said: ${said}`);
    assert(!/is starting/.test(await visible(screen.page)), "nothing claims to start");
    site.spoil = () => undefined;
    await screen.id("problem-button").click();
    await screen.ready();
    await visitor.wellBehaved();
  });
}

test("start/the page's first script is blocked: a sentence all the same", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  visitor.expect(/404|Failed to load/);
  site.spoil = (wanted) => wanted === "/page.js" && { status: 404 };
  const screen = await Screen.open(visitor);
  assert(!(await visible(screen.page)).includes("has not come"), "nobody is alarmed at once");
  await until(async () => /program of this page has not come/.test(await visible(screen.page)), "the sentence", 15);
  await visitor.wellBehaved();
});

test("start/without JavaScript or WebAssembly: a sentence", {}, async (t) => {
  const { site, visitor } = await arrive(t, { javaScriptEnabled: false });
  const page = await visitor.open();
  const said = await visible(page);
  assert(/needs JavaScript/.test(said), () => `said: ${said}`);
  assert(!/is starting/.test(said), "nothing claims to start");
  const other = await Visitor.arrive(site);
  t.defer(() => other.leave());
  await other.context.addInitScript(() => delete globalThis.WebAssembly);
  const screen = await Screen.open(other);
  assert(/no WebAssembly/.test(await screen.failed()), "the missing WebAssembly is named");
});

test("start/files of different versions ask for a reload", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = await before('WebAssembly.instantiateStreaming = WebAssembly.instantiate = () => Promise.reject(new WebAssembly.LinkError("Import #265"))');
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor);
  assert(/different versions/.test(await screen.failed()), "what is wrong");
  assert(/reload/i.test(await screen.id("problem-button").textContent()), "the button reloads");
});

test("start/a browser that never names its GPU: the processor, after a while", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = await before("GPU.prototype.requestAdapter = () => new Promise(() => {})");
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor, "");
  await screen.ready(15);
  assert(/did not answer/.test(await screen.why()), async () => "why the processor computes");
  assert(/Processor/.test(await screen.facts()), "the processor computes");
  await visitor.wellBehaved();
});

test("start/a browser that never opens its GPU: the processor, after a while", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = await before("GPUAdapter.prototype.requestDevice = () => new Promise(() => {})");
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor, GPU);
  await screen.ready(15);
  assert(/did not open/.test(await screen.why()), "why the processor computes");
  await visitor.wellBehaved();
});

for (const [what, answer] of [
  ["has none", "Promise.resolve(null)"],
  ["throws", '(() => { throw new TypeError("no"); })()'],
  ["refuses", 'Promise.reject(new DOMException("no", "OperationError"))'],
  ["answers something else", '"no"'],
]) {
  test(`start/a browser that ${what} when it is asked for its GPU: the processor`, {}, async (t) => {
    const { site, visitor } = await arrive(t);
    const engine = await before(`GPU.prototype.requestAdapter = () => ${answer}`);
    site.spoil = (wanted) => wanted === "/engine.js" && engine;
    const screen = await Screen.open(visitor, "");
    await screen.ready(15);
    const why = await screen.why();
    assert(/found no GPU/.test(why) && /Try the GPU again/.test(why), () => why);
    assert(/Processor/.test(await screen.facts()), "the processor computes");
    await visitor.wellBehaved();
  });
}

test("start/the device of an address counts however it is written", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor, "?lang=en&device=CPU#top");
  await screen.ready();
  assert(/You chose the processor/.test(await screen.why()), "why the processor computes");
  await visitor.wellBehaved();
});

test("start/a browser that refuses its GPU is quoted without a debugger's words", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = await before('GPUAdapter.prototype.requestDevice = () => Promise.reject(new DOMException("too many limits", "OperationError"))');
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor, GPU);
  await screen.ready();
  const why = await screen.why();
  assert(/too many limits/.test(why) && !/JsValue|undefined/.test(why), () => why);
  assert(/Try the GPU again/.test(why), () => why);
  await visitor.wellBehaved();
});

test("start/a browser whose GPU is not there at first is asked again", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = await before(
    "{ const ask = GPU.prototype.requestAdapter; let asked = 0; GPU.prototype.requestAdapter = function (...how) { return asked++ ? ask.apply(this, how) : Promise.resolve(null); }; }",
  );
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor, GPU);
  await screen.ready();
  assert(/WebGPU/.test(await screen.facts()), "WebGPU computes");
  await visitor.wellBehaved();
});

test("start/a store that never answers is as good as none", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = await before("StorageManager.prototype.getDirectory = CacheStorage.prototype.open = () => new Promise(() => {})");
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor);
  await screen.ready(20);
  assert(/keeps nothing/.test(await screen.facts()), "the page says that nothing is kept");
  await screen.load();
  await visitor.wellBehaved();
});

test("start/a store that opens and then never answers is as good as none", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t);
  // The probe is answered, what is asked after it is not.
  const engine = await before(
    "{ const open = FileSystemDirectoryHandle.prototype.getFileHandle; FileSystemDirectoryHandle.prototype.getFileHandle = function (name, ...how) { return name === 'probe' ? open.call(this, name, ...how) : new Promise(() => {}); }; }",
  );
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor);
  await screen.ready(30);
  assert(/keeps nothing/.test(await screen.facts()), "the page says that nothing is kept");
  await screen.load();
  await visitor.wellBehaved();
});

test("start/a store that falls silent while parts come is waited for once", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = await before(
    "{ const open = FileSystemDirectoryHandle.prototype.getFileHandle; FileSystemDirectoryHandle.prototype.getFileHandle = function (name, how) { return name === 'probe' || !how?.create ? open.call(this, name, how) : new Promise(() => {}); }; }",
  );
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor);
  await screen.load(60);
  assert(/does not answer/.test(await screen.notices()), "the page says that nothing is kept");
  await visitor.wellBehaved();
});

test("start/a browser that keeps no site data works from memory", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = await before(
    'StorageManager.prototype.getDirectory = CacheStorage.prototype.open = () => Promise.reject(new DOMException("blocked", "SecurityError"))',
  );
  site.spoil = (wanted) => wanted === "/engine.js" && engine;
  const screen = await Screen.open(visitor);
  await screen.ready();
  assert(/keeps nothing/.test(await screen.facts()), "the page says that nothing is kept");
  const all = await partsOf(site.folder);
  site.spoil = (wanted) => (wanted === "/engine.js" ? engine : wanted === all.at(-1) && { status: 404 });
  visitor.expect(/404|Failed to load/);
  await screen.pressLoad();
  assert(/what has arrived is kept/.test(await screen.failed()), "and that what has come stays for now");
  site.spoil = () => undefined;
  site.log.length = 0;
  await screen.load();
  assertEqual(site.parts, [all.at(-1)], "parts fetched at the second try");
  await visitor.wellBehaved();
});

test("start/a browser without workers: a sentence", {}, async (t) => {
  const { visitor } = await arrive(t);
  await visitor.context.addInitScript(() => {
    window.Worker = class {
      constructor() {
        throw new TypeError("no module workers");
      }
    };
  });
  const screen = await Screen.open(visitor);
  assert(/module workers/.test(await screen.failed()), "what is missing");
  assert(/reload/i.test(await screen.id("problem-button").textContent()), "the button reloads");
});

test("start/an engine that comes as plain bytes runs", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  visitor.expect(/MIME type|instantiateStreaming/);
  const body = await readFile(path.join(process.env.PAGE_TINY, "sightline_web_bg.wasm"));
  site.spoil = (wanted) => wanted === "/sightline_web_bg.wasm" && { body, headers: { "content-type": "application/octet-stream" } };
  const screen = await Screen.open(visitor);
  await screen.ready();
  await visitor.wellBehaved();
});

test("start/a network that never sends a file of the page's programs is said", {}, async (t) => {
  const never = async (name) => {
    const { site, visitor } = await arrive(t);
    site.spoil = (wanted) => wanted === `/${name}` && { hang: true };
    const screen = await Screen.open(visitor);
    await until(async () => /has not come yet.*reload the page/i.test(await screen.facts()), `a sentence about ${name}, which does not come`, 25);
  };
  await Promise.all(["sightline_page.js", "sightline_page_bg.wasm", "engine.js", "sightline_web.js", "sightline_web_bg.wasm"].map(never));
});

test("start/a network that never sends a list is said, and a picture of one's own works", {}, async (t) => {
  const files = async () => {
    const { site, visitor } = await arrive(t);
    site.spoil = (wanted) => wanted === "/bundle.json" && { hang: true };
    const screen = await Screen.open(visitor);
    assert(/did not come within/.test(await screen.failed(40)), "a sentence about the list of files");
    assert(/reload/i.test(await screen.id("problem-button").textContent()), "the button reloads");
  };
  const pictures = async () => {
    const { site, visitor } = await arrive(t);
    site.spoil = (wanted) => wanted === "/pictures.json" && { hang: true };
    const screen = await Screen.open(visitor);
    await screen.ready();
    await screen.drop("one.png", png());
    await until(async () => /pictures to try could not be fetched/.test(await screen.notices()), "a sentence about the list of pictures", 40);
    await visitor.wellBehaved();
  };
  await Promise.all([files(), pictures()]);
});

test("start/a GPU in software is not what computes, unless it is asked for", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor, "");
  await screen.ready();
  assert(/Processor/.test(await screen.facts()), "the processor computes");
  const why = await screen.why();
  assert(/software/.test(why), () => `why: ${why}`);
  await screen.id("why").getByRole("link").click();
  await screen.page.waitForURL(/device=gpu/);
  await screen.ready();
  assert(/WebGPU in software/.test(await screen.facts()), "WebGPU computes when it is asked for");
  assert(/minutes/.test(await screen.why()), "how long that takes is said before the button is pressed");
  await visitor.wellBehaved();
});

test("start/over a network that accepts and never answers, the kept page comes", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.keptForLater();
  site.spoil = () => ({ hang: true });
  const begun = Date.now();
  await screen.page.reload({ waitUntil: "commit" });
  await screen.ready(25);
  const took = Date.now() - begun;
  await screen.load();
  await visitor.wellBehaved();
  return `ready after ${(took / 1000).toFixed(1)} s`;
});

test("start/a network that wants a login is not taken for the page", { limit: 120 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.keptForLater();
  site.spoil = () => ({ body: "<!doctype html><title>WiFi</title><h1>Log in to WiFi</h1>", headers: { "content-type": "text/html" } });
  for (const offline of [false, true]) {
    await visitor.context.setOffline(offline);
    visitor.expect(/ERR_INTERNET_DISCONNECTED|Failed to load resource/);
    await screen.reload();
    await screen.ready();
    assert(!(await visible(screen.page)).includes("Log in"), "the login page is not shown as ours");
  }
  await screen.load();
  await visitor.wellBehaved();
});
