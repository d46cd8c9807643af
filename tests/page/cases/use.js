// Everyday use beyond a question: settings, pictures of results, models of one's own, the camera,
// boxes that can be switched, the whole of it on a phone.

import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

import { Visitor, WEBGPU } from "../lib/browser.js";
import { bundleOf } from "../lib/bundle.js";
import { look } from "../lib/looks.js";
import { png } from "../lib/pictures.js";
import { READY, polite, pretend } from "../lib/pretend.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, sleep, test, until } from "../lib/test.js";

const CAMERA = [...WEBGPU, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

const arrive = async ({ defer }, { page = process.env.PAGE_TINY, ...options } = {}) => {
  const site = await Site.start(page);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

const said = async (screen, id) => ((await screen.id(id).isVisible()) ? ((await screen.id(id).textContent()) ?? "").trim() : "");

const value = (screen, id) => screen.id(id).inputValue();

/** Opens the settings. */
const settings = async (screen) => {
  if (!(await screen.id("tokens").isVisible())) await screen.page.locator("#settings summary").click();
};

const type = async (screen, id, text) => {
  await screen.id(id).fill(String(text));
  await screen.id(id).blur();
};

/** Loaded, with a picture of its own. */
const withPicture = async (visitor, suffix = PROCESSOR) => {
  const screen = await Screen.open(visitor, suffix);
  await screen.load();
  await screen.drop("mine.png", png(320, 240));
  return screen;
};

const answersTo = async (screen, question) => {
  await screen.ask(question);
  return screen.answered();
};

/** A copy of the tiny page's models in a folder; `change` may damage it. */
const modelsIn = async ({ defer }, change = () => {}) => {
  const folder = await mkdtemp(path.join(tmpdir(), "sightline-models-"));
  defer(() => rm(folder, { recursive: true, force: true }));
  await cp(path.join(process.env.PAGE_TINY, "bundle.json"), path.join(folder, "bundle.json"));
  await cp(path.join(process.env.PAGE_TINY, "parts"), path.join(folder, "parts"), { recursive: true });
  await change(folder);
  return folder;
};

test("use/settings decide about length, words and models, outlive a reload and are in links", { limit: 240 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await withPicture(visitor);
  await settings(screen);
  await type(screen, "tokens", 3);
  const short = await answersTo(screen, "Describe the picture.");
  await screen.page.locator(".pane summary").first().click();
  assert(short.every(({ text }) => text.length > 0), () => JSON.stringify(short));
  assert(/Cut at the longest answer/.test(await screen.page.locator(".pane .state").first().textContent()), "an answer of 3 tokens is cut");
  await type(screen, "tokens", 24);
  await screen.id("sampling").selectOption("drawn");
  await type(screen, "temperature", 1.5);
  await type(screen, "seed", 7);
  const texts = async () => (await answersTo(screen, "Describe the picture.")).map(({ text }) => text);
  const first = await texts();
  assertEqual(await texts(), first, "the same seed gives the same words");
  assert(first.some((text, i) => text.length > short[i].text.length), "24 tokens are more than 3");
  await type(screen, "seed", 8);
  assert(JSON.stringify(await texts()) !== JSON.stringify(first), "another seed gives other words");
  // Asking again draws anew.
  await screen.id("again").click();
  await screen.answered();
  assertEqual(await value(screen, "seed"), "9", "the seed of what was asked again");
  // One model alone, and nearly the likeliest words: others of these models no link would hold.
  await type(screen, "temperature", 0.05);
  await screen.id("only").selectOption({ index: 2 });
  const alone = await answersTo(screen, "Describe the picture.");
  assertEqual(alone.map(({ state }) => state), ["idle", "done"], "who answered");
  assert((await screen.page.locator(".pane .state").first().textContent()) === "Not asked", "it is said who was not");
  for (const [width, colorScheme] of [[1440, "light"], [768, "dark"], [320, "light"]]) {
    await screen.page.setViewportSize({ width, height: 900 });
    await screen.page.emulateMedia({ colorScheme });
    await look(screen, `settings-${width}-${colorScheme}`);
  }
  await screen.id("copy-link").click();
  await until(async () => (await screen.page.evaluate(() => location.hash)).length > 100, "a link", 10).catch(async (error) => {
    throw new Error(`${error.message}: ${await said(screen, "share-note")}`);
  });
  const hash = await screen.page.evaluate(() => location.hash);
  await screen.page.evaluate(() => history.replaceState(null, "", location.search || "./"));
  await screen.reload();
  await screen.ready();
  await settings(screen);
  assertEqual([await value(screen, "tokens"), await value(screen, "temperature"), await value(screen, "seed"), await value(screen, "sampling")], ["24", "0.05", "9", "drawn"], "settings after a reload");
  assert((await value(screen, "only")).length > 0, "one model alone, after a reload");
  await visitor.wellBehaved();

  const second = await arrive(t);
  const opened = await Screen.open(second.visitor, PROCESSOR + hash);
  await until(async () => /at most 24 tokens, words drawn with temperature 0.05 and seed 9/.test(await said(opened, "linked-settings")), "the link's settings in words");
  await settings(opened);
  assertEqual([await value(opened, "tokens"), await value(opened, "seed"), await value(opened, "only")], ["24", "9", ""], "settings of the link");
  await second.visitor.wellBehaved();
});

test("use/another device takes over from kept bytes and says so", { limit: 240 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await withPicture(visitor, "");
  const before = await answersTo(screen, "What is this?");
  const parts = site.parts.length;
  await settings(screen);
  await screen.id("device").selectOption("cpu");
  assert(/own copies/.test(await said(screen, "settings-note")), () => "it is said where the models come from");
  await until(async () => (await screen.engines()) === 2, "another engine");
  await screen.loaded();
  assert(/You chose the processor/.test(await screen.why()), "it is said who computes");
  assertEqual((await answersTo(screen, "What is this?")).map(({ text }) => text), before.map(({ text }) => text), "answers");
  assertEqual(site.parts.length, parts, "parts that were fetched");
  await screen.reload();
  await screen.ready();
  assert(/You chose the processor/.test(await screen.why()), "and after a reload");
  await visitor.wellBehaved();
});

test("use/32 bits are asked for, kept and said", { limit: 60 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const engine = polite(`(command, post) => {
    if (command.kind === "hello") post({ kind: "notice", sentence: "asked for " + (command.whole ? 32 : 16) + " bits on " + command.device });
  }`);
  site.spoil = (path) => (path === "/engine.js" ? engine : undefined);
  const screen = await Screen.open(visitor, "?device=gpu");
  await screen.load();
  assert(/asked for 16 bits on gpu/.test(await screen.notices()), "16 bits at first");
  await settings(screen);
  await screen.id("bits").selectOption("32");
  await until(async () => /asked for 32 bits on gpu/.test(await screen.notices()), "another engine");
  assert(/change their arithmetic.*loaded again from this browser's own copies/.test(await said(screen, "settings-note")), "it is said");
  await screen.id("device").selectOption("auto");
  await until(async () => /asked for 32 bits on auto/.test(await screen.notices()), "a third engine");
  assertEqual(new URL(screen.page.url()).search, "", "the address no longer names a device");
  await screen.reload();
  await until(async () => /asked for 32 bits on auto/.test(await screen.notices()), "the same after a reload");
  await visitor.wellBehaved();
});

test("use/a result is saved as a picture", { limit: 180 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await withPicture(visitor);
  await answersTo(screen, "Where is the dog?");
  const coming = screen.page.waitForEvent("download");
  await screen.id("save-card").click();
  const download = await coming;
  assertEqual(download.suggestedFilename(), "sightline.png", "the file's name");
  const file = await readFile(await download.path());
  assertEqual([file.readUInt32BE(16), file.readUInt32BE(20)], [2400, 1260], "width and height");
  // Colours at a grid of points: the question, the picture and the answers are no white sheet.
  const found = await screen.page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const dark = (x, y, w, h) => {
      const { data } = context.getImageData(x, y, w, h);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) count += data[i] + data[i + 1] + data[i + 2] < 690 ? 1 : 0;
      return count / (w * h);
    };
    return { question: dark(96, 90, 1200, 110), picture: dark(400, 400, 600, 500), answers: dark(1392, 320, 900, 780) };
  }, file.toString("base64"));
  assert(found.question > 0.01 && found.picture > 0.3 && found.answers > 0.005, () => `shares of pixels that are not white: ${JSON.stringify(found)}`);
  await writeFile(path.join(process.env.SCREENSHOTS, "card-own.png"), file);
  await visitor.wellBehaved();
});

test("use/models in a folder of the visitor's are checked and answer", { limit: 240 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await withPicture(visitor);
  const before = await answersTo(screen, "What is this?");
  const parts = site.parts.length;
  await settings(screen);
  await screen.id("own-folder").setInputFiles(await modelsIn(t));
  await until(async () => /in the folder you opened/.test(await said(screen, "summary")), "the folder's list");
  assert(/Models in use: the folder sightline-models-/.test(await said(screen, "own-name")), "whose models they are");
  await screen.load();
  assertEqual((await answersTo(screen, "What is this?")).map(({ text }) => text), before.map(({ text }) => text), "answers of the same weights");
  assertEqual(site.parts.length, parts, "nothing was fetched");
  await look(screen, "own-models-1280");
  await screen.id("own-page").click();
  await screen.ready();
  assert(/those of this page/.test(await said(screen, "own-name")), "the page's own again");
  await visitor.wellBehaved();
});

test("use/a folder that is damaged, and one that is none, get a sentence", { limit: 240 }, async (t) => {
  const { visitor } = await arrive(t);
  const { files } = await bundleOf(process.env.PAGE_TINY);
  const part = files[0].parts[0];
  const file = (folder) => path.join(folder, "parts", `${part.sha256}.part`);
  const screen = await Screen.open(visitor);
  await screen.ready();
  await settings(screen);
  for (const [change, words] of [
    [async (folder) => {
      const bytes = await readFile(file(folder));
      bytes[bytes.length >> 1] ^= 1;
      await writeFile(file(folder), bytes);
    }, /has another hash\. It is part 1 of .*files\[0\]\.parts\[0\] of bundle\.json in the folder you opened\. Copy the whole folder again/],
    [(folder) => rm(file(folder)), new RegExp(`parts/${part.sha256}\\.part is missing, or has not ${part.bytes} bytes\\. It is part 1 of .*Copy the whole folder again`)],
  ]) {
    await screen.id("own-folder").setInputFiles(await modelsIn(t, change));
    await until(async () => /in the folder you opened|are here already/.test(await said(screen, "summary")), "the folder's list");
    await screen.id("load").click();
    assert(words.test(await screen.failed()), async () => `said: ${await said(screen, "problem-text")}`);
    await screen.page.getByRole("button", { name: "Use this page’s models" }).first().click();
    await screen.ready();
  }
  for (const [change, words] of [
    [(folder) => rm(path.join(folder, "bundle.json")), /has no bundle\.json\. Open the folder of a built page/],
    [async (folder) => {
      await writeFile(path.join(folder, "manifest.json"), "{}");
      await rm(path.join(folder, "bundle.json"));
    }, /It has manifest\.json, so it is a folder of weights/],
    [(folder) => writeFile(path.join(folder, "bundle.json"), '{"version":1,"manifest":{}}'), /Bundle\.json is not a sound list of files|bundle\.json/i],
  ]) {
    await screen.id("own-folder").setInputFiles(await modelsIn(t, change));
    const sentence = await screen.failed();
    assert(words.test(sentence), `said: ${sentence}`);
    await screen.id("problem-button").click();
    await screen.ready();
  }
  await visitor.wellBehaved();
});

test("use/models at an address of the same host, and at one that has none", { limit: 240 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const lists = await bundleOf(process.env.PAGE_TINY);
  const own = "/other/models/";
  site.spoil = async (asked) => {
    if (!asked.startsWith(own)) return undefined;
    const body = await readFile(path.join(process.env.PAGE_TINY, asked.slice(own.length))).catch(() => undefined);
    return body ? { body } : { status: 404 };
  };
  const screen = await Screen.open(visitor, `${PROCESSOR}&models=other/models`);
  await screen.load();
  await settings(screen);
  assert(/Models in use: http:.*\/other\/models\/bundle\.json/.test(await said(screen, "own-name")), "whose models they are");
  const fetched = site.parts;
  assertEqual(fetched.length, lists.files.flatMap(({ parts }) => parts).length, "parts");
  assert(fetched.every((part) => part.startsWith(own)), "all of them from there");
  await screen.drop("mine.png", png());
  await answersTo(screen, "What is this?");
  // A link that is made with them says by their hashes which they are.
  await screen.id("copy-link").click();
  await until(async () => (await screen.page.evaluate(() => location.hash)).length > 100, "a link");
  const weights = await screen.page.evaluate(async () => {
    const links = await import("./sightline_link_web.js");
    await links.default({ module_or_path: new URL("./sightline_link_web_bg.wasm", location.href) });
    return links.decode(location.hash).shared.a.map(({ w }) => w);
  });
  assertEqual(weights, lists.manifest.models.map(({ files }) => files[0].sha256), "hashes of the weights in the link");
  const wrong = await Screen.open(visitor, `${PROCESSOR}&models=nowhere/`);
  const sentence = await wrong.failed();
  assert(/\/nowhere\/bundle\.json cannot be used\..*answered 404.*folder with bundle\.json and parts/.test(sentence), `said: ${sentence}`);
  await wrong.page.getByRole("button", { name: "Use this page’s models" }).click();
  await wrong.ready();
  const strange = await Screen.open(visitor, `${PROCESSOR}&models=javascript:alert(1)`);
  await strange.ready();
  assert(/no address of a folder/.test(await strange.notices()), "an address that is none is said");
  visitor.expect(/404/);
  await visitor.wellBehaved();
});

test("use/another host is asked nothing before a press that names it, and by no fragment", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  let asked = 0;
  const host = createServer((_, response) => {
    asked += 1;
    response.writeHead(404).end();
  });
  await new Promise((done) => host.listen(0, "127.0.0.1", done));
  t.defer(() => host.close());
  const name = `127.0.0.1:${host.address().port}`;
  const screen = await Screen.open(visitor, `${PROCESSOR}&models=${encodeURIComponent(`http://${name}/m/`)}`);
  await screen.ready();
  await sleep(500);
  assertEqual(asked, 0, "requests before a press");
  assert((await said(screen, "foreign-text")).includes(name) && (await said(screen, "foreign-ask")).includes(name), "the host is named");
  await settings(screen);
  assert(/those of this page/.test(await said(screen, "own-name")), "until then the page's own models are in use");
  await look(screen, "foreign-1280");
  await screen.page.setViewportSize({ width: 320, height: 800 });
  await look(screen, "foreign-320");
  // The page's policy keeps it from asking: that is a sentence with a way back.
  await screen.id("foreign-ask").click();
  const sentence = await screen.failed();
  assert(sentence.includes("connect-src") && sentence.includes(name), `said: ${sentence}`);
  await screen.id("problem-button").click();
  await screen.ready();
  for (const fragment of ["#models=http://" + name, "#?models=http://" + name, "#" + encodeURIComponent(`?models=http://${name}`)]) {
    const other = await Screen.open(visitor, PROCESSOR + fragment);
    await other.ready();
    assert(!(await other.shown("foreign")), `${fragment} names no models`);
  }
  assertEqual(asked, 0, "requests that got through the policy");
  visitor.expect(/Content Security Policy|Refused to connect|Failed to fetch|violates/);
  visitor.foreign.length = 0;
});

test("use/the camera: a frame becomes the picture, live frames are asked, and it is let go", { limit: 240 }, async (t) => {
  const { visitor } = await arrive(t, { flags: CAMERA });
  const screen = await Screen.open(visitor);
  await screen.page.evaluate(() => {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.__tracks = [];
    navigator.mediaDevices.getUserMedia = async (...wanted) => {
      const stream = await open(...wanted);
      window.__tracks.push(...stream.getTracks());
      return stream;
    };
  });
  const tracks = () => screen.page.evaluate(() => window.__tracks.map(({ readyState }) => readyState));
  await screen.load();
  assertEqual(await tracks(), [], "the camera is not asked for by itself");
  await screen.id("camera-open").click();
  await until(() => screen.id("camera-shoot").isEnabled(), "the camera");
  assertEqual(await tracks(), ["live"], "tracks");
  await screen.changing(() => screen.id("camera-shoot").click());
  assert(new Set(await screen.colours()).size > 1, "the frame is not of one colour");
  await screen.page.getByLabel("Your question").fill("What is this?");
  await screen.id("camera-live").click();
  const frames = async () => Number(/(\d+) pictures answered/.exec(await said(screen, "camera-note"))?.[1] ?? 0);
  await until(async () => (await frames()) >= 2, "two frames that were answered", 120);
  for (const [width, colorScheme] of [[1440, "light"], [320, "dark"]]) {
    await screen.page.setViewportSize({ width, height: 900 });
    await screen.page.emulateMedia({ colorScheme });
    await screen.shot(`camera-${width}-${colorScheme}`);
  }
  await screen.id("camera-pause").click();
  await until(async () => /^Paused/.test(await said(screen, "camera-note")) && !(await screen.shown("stop")), "a pause");
  const paused = await frames();
  await sleep(1500);
  assertEqual(await frames(), paused, "frames that were answered while it was paused");
  await look(screen, "camera-paused");
  await screen.id("camera-pause").click();
  await until(async () => (await frames()) > paused, "it goes on", 60);
  await screen.id("camera-stop").click();
  await until(async () => !(await screen.shown("stop")) && (await screen.shown("camera-live")), "the end");
  await screen.id("camera-close").click();
  await until(async () => (await tracks()).every((state) => state === "ended"), "tracks that are stopped");
  assert(!(await screen.shown("camera")), "the camera is gone");
  await visitor.wellBehaved();
});

for (const [name, words] of [
  ["NotAllowedError", /may not use the camera\. Allow it/],
  ["NotFoundError", /No camera was found/],
]) {
  test(`use/a camera that is not there gets a sentence: ${name}`, {}, async (t) => {
    const { visitor } = await arrive(t);
    const screen = await Screen.open(visitor);
    await screen.ready();
    await screen.page.evaluate((name) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", name));
    }, name);
    await screen.id("camera-open").click();
    await until(async () => words.test(await said(screen, "camera-note")), "a sentence");
    assert((await screen.shown("camera-open")) && !(await screen.shown("camera")), "another try is offered");
    await visitor.wellBehaved();
  });
}

/** An engine that finds boxes, and waits with the second answer until it is told to go on. */
const found = (index, px) => [
  { source: "llm", label: null, px, score: null },
  ...(index ? [] : [{ source: "dense", label: "dog", px: px.map((side) => side / 2), score: 0.8 }]),
];
const BOXES = polite(`(command, post) => {
  if (command.kind !== "ask") return;
  const { turn } = command;
  const answer = (index, px) => post({ kind: "answered", turn, answer: { model: ${JSON.stringify(READY.models.map(({ id }) => id))}[index], text: "[0.00, 0.00, 0.50, 0.50]", boxes: (${found})(index, px), box_error: null, outside_training: false, question_type: "ground", cut: false, stopped: false, timings: { encode_ms: 1, prefix_ms: 1, prefill_ms: 1, first_token_ms: 1, decode_ms: 1, dense_ms: 1, tokens: 3, visual_tokens: 4 } } });
  post({ kind: "started", turn, order: [], outside_training: false });
  post({ kind: "looking", turn, model: "sightline-vmamba-tiny" });
  setTimeout(() => {
    answer(0, [0, 0, 4, 3]);
    post({ kind: "looking", turn, model: "sightline-vit-tiny" });
    setTimeout(() => { answer(1, [4, 3, 8, 6]); post({ kind: "done", turn }); }, 1500);
  }, 1500);
}`);

test("use/boxes are switched by model and source, and stand out with their answer", { limit: 90 }, async (t) => {
  const { site, visitor } = await arrive(t);
  site.spoil = (path) => (path === "/engine.js" ? BOXES : undefined);
  const screen = await Screen.open(visitor, "");
  await screen.load();
  await screen.drop("mine.png", png());
  await screen.ask("Where is the dog?");
  // How the encoder goes over the picture is shown while it looks.
  const scan = () => screen.page.evaluate(() => {
    const { dataset, hidden, offsetWidth } = document.querySelector("#scan");
    const animated = document.querySelector("#scan").getAnimations({ subtree: true }).length;
    return [hidden ? "" : dataset.encoder, offsetWidth === document.querySelector("#view").offsetWidth, animated > 0];
  });
  await until(async () => JSON.stringify(await scan()) === '["vmamba",true,true]', "the four ways of a scan");
  await screen.shot("scan-vmamba");
  await until(async () => JSON.stringify(await scan()) === '["vit",true,true]', "the grid of attention");
  await screen.shot("scan-vit");
  await screen.answered();
  assertEqual((await scan())[0], "", "nothing moves over a picture that was seen");
  assertEqual(await screen.boxes(), 3, "boxes");
  const press = (name) => screen.id("legend").getByRole("button", { name, exact: true }).click();
  for (const [name, left] of [["VMamba", 1], ["VMamba", 3], ["Encoder’s boxes, filled", 2], ["Language model’s boxes", 0], ["Encoder’s boxes, filled", 1]]) {
    await press(name);
    assertEqual(await screen.boxes(), left, `boxes after ${name}`);
  }
  await press("Language model’s boxes");
  await screen.page.mouse.move(0, 0);
  const plain = await screen.colours();
  await screen.page.locator(".pane").nth(1).hover();
  await until(async () => JSON.stringify(await screen.colours()) !== JSON.stringify(plain), "a box that stands out");
  await screen.page.mouse.move(0, 0);
  await until(async () => JSON.stringify(await screen.colours()) === JSON.stringify(plain), "all boxes again");
  await screen.page.locator(".pane summary").nth(1).focus();
  await until(async () => JSON.stringify(await screen.colours()) !== JSON.stringify(plain), "the same by keyboard");
  await screen.page.keyboard.press("Enter");
  assert(/No encoder’s box: its head is asked only about/.test(await screen.page.locator(".pane").nth(1).textContent()), "why there is no box");
  for (const [width, colorScheme] of [[1440, "dark"], [768, "light"], [320, "dark"]]) {
    await screen.page.setViewportSize({ width, height: 900 });
    await screen.page.emulateMedia({ colorScheme });
    await look(screen, `boxes-${width}-${colorScheme}`);
  }
  await visitor.wellBehaved();
});

test("use/nothing moves where motion is not welcome", { limit: 60 }, async (t) => {
  const { site, visitor } = await arrive(t, { reducedMotion: "reduce" });
  site.spoil = (path) => (path === "/engine.js" ? BOXES : undefined);
  const screen = await Screen.open(visitor, "");
  await screen.load();
  await screen.drop("mine.png", png());
  await screen.ask("Where is the dog?");
  await until(() => screen.page.evaluate(() => !document.querySelector("#scan").hidden), "the look");
  assert(!(await screen.shown("scan")), "the way over the picture is not shown");
  await screen.answered();
  await visitor.wellBehaved();
});

test("use/a phone shows picture, question and both answers in one screen", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t, { viewport: { width: 390, height: 844 }, hasTouch: true });
  const screen = await withPicture(visitor);
  await answersTo(screen, "Where is the dog?");
  const seen = () =>
    screen.page.evaluate(() => {
      const within = (element) => {
        const { top, bottom, height } = element.getBoundingClientRect();
        return height > 0 && top >= -1 && bottom <= innerHeight + 1;
      };
      return [document.querySelector("#view"), document.querySelector("#question"), ...document.querySelectorAll(".pane .text")].map(within);
    });
  await until(async () => (await seen()).every(Boolean), "all of it in one screen", 10).catch(async (error) => {
    await screen.page.screenshot({ path: path.join(process.env.SCREENSHOTS, "phone-answers.png") });
    throw new Error(`${error.message}: ${JSON.stringify(await seen())}`);
  });
  const tops = await screen.page.locator(".pane").evaluateAll((panes) => panes.map((pane) => pane.getBoundingClientRect().top));
  assertEqual(tops[0], tops[1], "the panes stand side by side");
  assert(!(await screen.page.locator(".pane dl").first().isVisible()), "times are folded away");
  for (const colorScheme of ["light", "dark"]) {
    await screen.page.emulateMedia({ colorScheme });
    await screen.page.screenshot({ path: path.join(process.env.SCREENSHOTS, `phone-answers-${colorScheme}.png`) });
  }
  await look(screen, "phone-whole");
  await visitor.wellBehaved();
});

test("use/settings, camera and card by keyboard", { limit: 180 }, async (t) => {
  const { visitor } = await arrive(t, { flags: CAMERA });
  const screen = await withPicture(visitor);
  const { keyboard } = screen.page;
  const reach = async (what) => {
    for (let i = 0; i < 90; i++) {
      if (await screen.page.evaluate((what) => document.activeElement?.matches(what), what)) return;
      await keyboard.press("Tab");
    }
    throw new Error(`${what} is not reached by Tab`);
  };
  await screen.page.evaluate(() => document.activeElement?.blur());
  await reach("#camera-open");
  await keyboard.press("Enter");
  await until(() => screen.id("camera-shoot").isEnabled(), "the camera");
  await reach("#camera-shoot");
  await screen.changing(() => keyboard.press("Enter"));
  await reach("#camera-close");
  await keyboard.press("Enter");
  await until(() => screen.page.evaluate(() => document.activeElement.id === "camera-open"), "the focus goes back");
  await reach("#settings summary");
  await keyboard.press("Enter");
  await reach("#tokens");
  await keyboard.press("ControlOrMeta+a");
  await keyboard.type("5");
  await reach("#sampling");
  await keyboard.press("ArrowDown");
  await reach("#seed");
  await keyboard.type("3");
  await reach("#own-folder");
  await screen.id("question").focus();
  await keyboard.type("What is this?");
  await keyboard.press("Enter");
  await screen.answered();
  await reach("#save-card");
  const coming = screen.page.waitForEvent("download");
  await keyboard.press("Enter");
  assert((await stat(await (await coming).path())).size > 1000, "a picture is saved");
  assertEqual([await value(screen, "tokens"), await value(screen, "sampling")], ["5", "drawn"], "what was set");
  await visitor.wellBehaved();
});

test("use/a model that is being prepared can be given up", { limit: 60 }, async (t) => {
  const { site, visitor } = await arrive(t);
  site.spoil = (path) => (path === "/engine.js" ? pretend([READY], [{ kind: "compiling", model: READY.models[1].id }]) : undefined);
  const screen = await Screen.open(visitor, "");
  await screen.ready();
  await screen.id("load").click();
  await until(async () => /^Compiling/.test(await said(screen, "step")), "a model that is being compiled");
  await screen.id("cancel").click();
  await until(async () => (await screen.engines()) === 2, "another engine");
  await screen.ready();
  assert(!(await screen.shown("problem")) && !(await screen.shown("cancel")), "the models wait for a press again");
  await visitor.wellBehaved();
});
