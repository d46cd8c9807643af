// The npm package: packed, installed, and asked in a few lines.

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Visitor } from "../lib/browser.js";
import { png } from "../lib/pictures.js";
import { startPlainHost } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const run = promisify(execFile);

/** A site with the package as npm installs it, the tiny models, a picture, and this page. */
const site = async ({ defer }, page) => {
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-npm-"));
  defer(() => rm(folder, { recursive: true, force: true }));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: process.env.NPM });
  const [packed] = JSON.parse(stdout);
  const to = path.join(folder, "node_modules/sightline-ask");
  await mkdir(to, { recursive: true });
  await run("tar", ["xzf", path.join(folder, packed.filename), "--strip-components", "1", "-C", to]);
  await cp(path.join(process.env.PAGE_TINY, "bundle.json"), path.join(folder, "models/bundle.json"), { recursive: true });
  await cp(path.join(process.env.PAGE_TINY, "parts"), path.join(folder, "models/parts"), { recursive: true });
  await writeFile(path.join(folder, "dog.png"), png());
  await writeFile(path.join(folder, "index.html"), page);
  const host = await startPlainHost(folder, "/");
  defer(() => host.end());
  const visitor = await Visitor.arrive(host);
  defer(() => visitor.leave());
  // The page under test is the package's own: it may run as many modules as it likes.
  visitor.expect(/favicon/, /404/);
  return { folder, packed, to, host, visitor };
};

const FIFTEEN = `<!doctype html><title>fifteen lines</title><pre id="out"></pre>
<script type="module">
  import { Sightline } from "./node_modules/sightline-ask/index.js";
  const out = document.querySelector("#out");
  const models = await Sightline.open({ bundle: "models/bundle.json", device: "cpu" });
  await models.load();
  await models.picture("dog.png");
  const answers = await models.ask("Where is the dog?");
  for (const { model, text } of answers) out.append(model + ": " + text + "\\n");
  models.close();
  document.title = "answered";
</script>`;

test("npm/fifteen lines ask a picture through the packed package", { limit: 180 }, async (t) => {
  assert(FIFTEEN.split("\n").length <= 15, "fifteen lines");
  const { packed, host, visitor } = await site(t, FIFTEEN);
  const names = packed.files.map((file) => file.path);
  for (const name of ["index.js", "index.d.ts", "element.js", "element.d.ts", "links.js", "links.d.ts", "engine.js", "sightline_web_bg.wasm", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "LICENCES.html", "MODELS.html"]) {
    assert(names.includes(name), () => `${name} is not packed: ${names.join(" ")}`);
  }
  const page = await visitor.open();
  await until(async () => (await page.title()) === "answered", "the answers", 120);
  const lines = (await page.locator("#out").textContent()).trim().split("\n");
  assertEqual(lines.length, 2, "answers");
  assert(lines.every((line) => /^[a-z-]+: ./.test(line)), () => lines.join(" | "));
  assertEqual(host.log.filter((name) => /sightline_page|sightline_lab/.test(name)), [], "what belongs to the page");
  await visitor.wellBehaved();
});

test("npm/what goes wrong is a sentence, and commands wait for each other", { limit: 180 }, async (t) => {
  const { visitor } = await site(t, "<!doctype html><title>mine</title>");
  const page = await visitor.open();
  const said = await page.evaluate(async () => {
    const { Sightline, SightlineError } = await import("./node_modules/sightline-ask/index.js");
    const said = {};
    const refused = async (name, promise) => {
      said[name] = await promise.then(
        () => "nothing",
        (error) => (error instanceof SightlineError || error.name === "AbortError" ? error.message : `not ours: ${error}`),
      );
    };
    await refused("bundle", Sightline.open({ bundle: "missing/bundle.json", device: "cpu" }));
    const models = await Sightline.open({ bundle: "models/bundle.json", device: "cpu" });
    said.bytes = models.bytes.all > 1000 && models.bytes.here === 0;
    await refused("early", models.ask("What is this?"));
    await refused("picture", models.picture(new Uint8Array([1, 2, 3])));
    const steps = new Set();
    // None of these waits: the object keeps their order.
    const loaded = models.load({ onProgress: ({ step }) => steps.add(step) });
    const size = models.picture("dog.png");
    await loaded;
    said.size = await size;
    said.steps = [...steps].sort();
    said.kept = models.bytes.all;
    const pieces = [];
    const [first, second] = await Promise.all([models.ask("What is this?", { onText: ({ text }) => pieces.push(text), maxTokens: 4 }), models.ask("Where is the dog?", { maxTokens: 4 })]);
    said.answers = [first.length, second.length, pieces.length > 0];
    said.forgotten = (await models.forget()) > 1000;
    models.close();
    await refused("closed", models.ask("What is this?"));
    return said;
  });
  assert(/missing\/bundle\.json|list of/i.test(said.bundle), () => said.bundle);
  assert(/no picture yet/.test(said.early), () => said.early);
  assert(said.picture.length > 20 && !/not ours|nothing/.test(said.picture), () => said.picture);
  assertEqual(said.size, { width: 96, height: 64 }, "the picture's size");
  assertEqual(said.answers, [2, 2, true], "answers, and pieces of them");
  assert(said.bytes && said.forgotten && said.steps.includes("download"), () => JSON.stringify(said));
  assert(/closed/.test(said.closed), () => said.closed);
});

test("npm/the element asks, draws and tells, by keyboard", { limit: 180 }, async (t) => {
  const { visitor, to } = await site(
    t,
    `<!doctype html><html lang="en"><title>element</title><script type="module" src="node_modules/sightline-ask/element.js"></script>
     <sightline-ask bundle="models/bundle.json" src="dog.png" question="Where is the dog?" device="cpu"></sightline-ask></html>`,
  );
  const page = await visitor.open();
  const element = page.locator("sightline-ask");
  await until(async () => element.locator("canvas").isVisible(), "the picture");
  await element.locator("input").focus();
  await page.keyboard.press("Enter");
  await until(async () => (await element.locator("dd").count()) === 2, "the answers", 120);
  assertEqual(await element.locator("button").textContent(), "Ask", "the button when the models are here");
  assert((await element.locator("dt").allTextContents()).every((name) => name.length > 2), "names");
  await page.screenshot({ path: `${process.env.SCREENSHOTS}/npm-element.png` });
  const source = (await Promise.all((await readdir(to)).filter((name) => name.endsWith(".js") && !name.startsWith("sightline_")).map((name) => readFile(path.join(to, name), "utf8")))).join("\n");
  assert(!/innerHTML|insertAdjacentHTML|eval\(/.test(source), "the package makes no markup of texts");
});

test("npm/links are read and written as the program does", { limit: 60 }, async (t) => {
  const { visitor } = await site(t, "<!doctype html><title>links</title>");
  const page = await visitor.open();
  const links = (await readFile(new URL("../../../crates/link/tests/v1.txt", import.meta.url), "utf8")).trim().split("\n");
  const found = await page.evaluate(async (link) => {
    const { decode, encode, sha256 } = await import("./node_modules/sightline-ask/links.js");
    const { shared, picture } = await decode(link);
    const again = await encode(shared, picture);
    const same = JSON.stringify((await decode(again)).shared, (_, value) => (typeof value === "bigint" ? `${value}` : value)) === JSON.stringify(shared, (_, value) => (typeof value === "bigint" ? `${value}` : value));
    const refused = await encode({ ...shared, q: "" }).catch((error) => error.message);
    return { question: shared.q, same, refused, hash: await sha256(new TextEncoder().encode("abc")) };
  }, links.at(-1));
  assert(found.same && found.question.length > 0, () => JSON.stringify(found));
  assert(/question is empty/.test(found.refused), () => found.refused);
  assertEqual(found.hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "a hash");
});
