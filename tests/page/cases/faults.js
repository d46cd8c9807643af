// What a machine may lack, or lose.

import { Visitor, WEBGPU, browserWith } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { Screen } from "../lib/screen.js";
import { Site, startPlainHost } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const arrive = async ({ defer }, options) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

test("faults/without WebGPU the processor answers, and the page says so", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t, { flags: ["--disable-gpu", "--disable-features=WebGPU"] });
  const screen = await Screen.open(visitor, "");
  await screen.ready();
  const facts = await screen.facts();
  assert(/processor/i.test(facts), () => `the processor is not named in: ${facts}`);
  assert(/second|minute/i.test(facts), () => `how long it takes is missing in: ${facts}`);
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).length, 2, "answers");
  await visitor.wellBehaved();
});

test("faults/the device is lost while answering: a sentence, a button, and it goes on", { limit: 300 }, async (t) => {
  // A browser of its own: others would lose their device, too.
  const flags = [...WEBGPU, "--disable-gpu-process-crash-limit"];
  const { site, visitor } = await arrive(t, { flags });
  const screen = await Screen.open(visitor, "");
  await screen.load(120);
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  const session = await (await browserWith(flags)).newBrowserCDPSession();
  await session.send("Browser.crashGpuProcess");
  visitor.expect(/lost|GPU|device|Instance|destroyed/i);
  const said = await screen.broken();
  assert(/GPU|device/i.test(said), () => `what happened is missing in: ${said}`);
  site.log.length = 0;
  await screen.restart();
  await screen.load(120);
  assertEqual(site.parts, [], "parts fetched again");
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).length, 2, "answers after the restart");
  await visitor.wellBehaved();
});

test("faults/below any path of a plain host, without one of our headers", { limit: 120 }, async ({ defer }) => {
  const host = await startPlainHost(process.env.PAGE_TINY, "/some/where/deep/");
  defer(() => host.end());
  const visitor = await Visitor.arrive(host);
  defer(() => visitor.leave());
  const screen = await Screen.open(visitor);
  const policy = await screen.page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
  assert(/script-src 'self' 'wasm-unsafe-eval'/.test(policy) && !/unsafe-inline|unsafe-eval'? *[^']*'unsafe-eval'/.test(policy), () => `the page's own policy: ${policy}`);
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).length, 2, "answers");
  await visitor.wellBehaved();
});

test("faults/the policy holds: no script, no style, no request but the page's own", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const response = await fetch(site.url);
  const header = response.headers.get("content-security-policy") ?? "";
  assert(/script-src 'self' 'wasm-unsafe-eval';/.test(header) && !/unsafe-inline/.test(header), () => `the header: ${header}`);
  const screen = await Screen.open(visitor);
  await screen.ready();
  await visitor.wellBehaved();
  visitor.expect(/./);
  const ran = await screen.page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.__ran = true";
    document.body.append(script);
    const left = await fetch("http://localhost:9/").then(() => true, () => false);
    return { inline: window.__ran === true, left };
  });
  assertEqual(ran, { inline: false, left: false }, "what got past the policy");
});

test("faults/an engine of another version asks for a reload", {}, async (t) => {
  const { visitor } = await arrive(t);
  const page = await visitor.open();
  const said = await page.evaluate(async () => {
    const worker = new Worker(new URL("engine.js", location.href), { type: "module" });
    const heard = new Promise((done) => (worker.onmessage = ({ data }) => done(data)));
    worker.postMessage({ kind: "hello", version: 1, bundle: new URL("bundle.json", location.href).href, device: "auto" });
    return heard;
  });
  assertEqual([said.kind, said.remedy], ["broken", "reload"], "what an engine says to a page of another version");
  await until(async () => /version/.test(said.sentence), "the sentence names the versions", 1);
});
