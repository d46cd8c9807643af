// Pictures: that the one which is seen is the one that is asked about, however it came and whatever
// else goes on.

import { Visitor } from "../lib/browser.js";
import { partsOf } from "../lib/bundle.js";
import { avif, heic, png, svg } from "../lib/pictures.js";
import { polite } from "../lib/pretend.js";
import { Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const arrive = async ({ defer }, options) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site, options);
  defer(() => visitor.leave());
  return { site, visitor };
};

/** Boxes may cover a part of the picture; noise covers all of it. */
const unchanged = async (screen, before, what) => {
  const after = await screen.colours();
  const same = after.filter((colour, i) => colour === before[i]).length;
  assert(same > 0.6 * before.length, `${what}: ${same} of ${before.length} points have their colour still`);
};

test("picture/stays what it is, whatever files come after it", { limit: 180 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("good.png", png(640, 480));
  const before = await screen.colours();
  for (const bytes of [2000, 3e6, 20e6]) {
    await screen.dropRefused("noise.bin", Buffer.alloc(bytes, 0x5a));
    // Boxes are what the picture is drawn again for.
    await screen.ask("Where is the teapot?");
    await screen.answered();
    assert((await screen.boxes()) > 0, "boxes are drawn");
    await unchanged(screen, before, `after a refused file of ${bytes} bytes and a question`);
  }
  await visitor.wellBehaved();
});

test("picture/another one takes the place of the first whole, also while that is answered", { limit: 120 }, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  const whole = async (what, [red, green, blue], points) => {
    const close = (colour) => [red, green, blue].every((wanted, i) => Math.abs(wanted - Number(colour.split(",")[i])) < 12);
    const found = (await screen.colours()).filter(close).length;
    assert(found >= points, `${what}: ${found} of 144 points have its colour`);
  };
  // The inner square is a quarter of the height and the width from each edge: 18 points, or some
  // fewer under boxes.
  for (const [number, [width, height, colour]] of [
    [40, 30, [250, 20, 20]],
    [3000, 2000, [10, 230, 90]],
    [200, 900, [240, 230, 10]],
    [4000, 3000, [20, 240, 240]],
  ].entries()) {
    await screen.drop(`${number}.png`, png(width, height, colour));
    await whole(`picture ${number}`, colour, 10);
    await screen.ask("Where is the teapot?");
    // The next one comes at once.
    await until(async () => (await screen.shown("stop")) || (await screen.boxes()) > 0, "the answers' beginning");
  }
  await screen.answered();
  await whole("the last picture, with boxes over it", [20, 240, 240], 4);
  await visitor.wellBehaved();
});

test("picture/is shown, or refused, while the models come", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const last = (await partsOf(site.folder)).at(-1);
  let open;
  const gate = new Promise((done) => (open = done));
  site.spoil = async (wanted) => {
    if (wanted === last) await gate;
  };
  const screen = await Screen.open(visitor);
  await screen.pressLoad();
  await until(() => site.parts.includes(last), "the last part's request");
  await screen.drop("early.png", png());
  assert(/not|no picture/i.test(await screen.dropRefused("notes.txt", Buffer.from("no picture"))), "a file that is none is refused");
  assert((await screen.suggestions()).length > 0, "questions are suggested");
  assert(await screen.shown("cancel"), "and all the while the models come");
  open();
  await screen.loaded();
  await screen.ask("What is this?");
  assertEqual((await screen.answered()).map(({ state }) => state), ["done", "done"], "answers");
  await visitor.wellBehaved();
});

test("picture/a question right after a picture is about that picture", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("one.png", png());
  const before = await screen.id("view").getAttribute("data-picture");
  const photo = png(1600, 1200, [10, 200, 90]).toString("base64");
  await screen.page.evaluate((base64) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], "photo.png"));
    document.querySelector("#drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    document.querySelector("#question").value = "What is this?";
    document.querySelector("#ask").requestSubmit();
  }, photo);
  await until(async () => (await screen.asked()).includes("What is this?"), "the question is asked");
  assertEqual((await screen.answered()).map(({ state }) => state), ["done", "done"], "answers");
  assert((await screen.id("view").getAttribute("data-picture")) !== before, "the new picture is seen");
  assertEqual(await screen.refused(), "", "what is said about the picture");
  await visitor.wellBehaved();
});

/** Answers slowly: one model at once, the other not before it is stopped. */
const SLOW = `(command, post, memory) => {
  const models = READY.models.map(({ id }) => id);
  if (command.kind === "ask") {
    const { turn } = command;
    memory.turn = turn;
    post({ kind: "started", turn, order: models, outside_training: false });
    post({ kind: "looking", turn, model: models[0] });
    post({ kind: "looked", turn, model: models[0], reused: false, encode_ms: 1, visual_tokens: 4 });
    for (const text of ["an ", "old ", "answer"]) post({ kind: "text", turn, model: models[0], text });
  }
  if (command.kind === "stop") {
    const timings = { encode_ms: 1, prefix_ms: 1, prefill_ms: 1, first_token_ms: 1, decode_ms: 1, tokens: 3, visual_tokens: 4, dense_ms: 0 };
    const answer = { model: models[0], text: "an old answer", boxes: [], cut: false, stopped: command.turn === memory.turn, timings };
    post({ kind: "answered", turn: memory.turn, answer });
    post({ kind: "done", turn: memory.turn });
  }
}`;

test("picture/another one while answers come ends them, and none stands beside it", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  site.spoil = (wanted) => wanted.endsWith("/engine.js") && polite(SLOW);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.drop("one.png", png());
  await screen.ask("What is this?");
  await until(async () => (await screen.texts()).includes("an old answer"), "the first answer");
  await screen.chooseFromGallery(1);
  assertEqual(await screen.texts().then((texts) => texts.filter((text) => /old/.test(text))), [], "answers to the picture before");
  assertEqual(await screen.asked(), "", "the question about the picture before");
  const pressed = await screen.id("gallery").locator('[aria-pressed="true"] img').getAttribute("alt");
  assertEqual(pressed, await screen.id("gallery").locator("img").nth(1).getAttribute("alt"), "the marked picture");
  assert(await screen.id("send").isVisible(), "the next question can be asked");
  await visitor.wellBehaved();
});

test("picture/a question to try, pressed while answers come, does not take their place", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  site.spoil = (wanted) => wanted.endsWith("/engine.js") && polite(SLOW);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.chooseFromGallery(0);
  await screen.ask("What is this?");
  await screen.page.locator("#suggestions button").nth(1).click({ force: true });
  assertEqual(await screen.question(), "What is this?", "the box");
  assert((await screen.asked()).includes("What is this?"), "the question above the answers");
  await screen.stop();
  await screen.answered();
  await visitor.wellBehaved();
});

test("picture/text that is pasted with a picture of it stays text where text is typed", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  await screen.drop("one.png", png());
  const paste = (where) =>
    screen.page.evaluate(
      ({ where, base64 }) => {
        const data = new DataTransfer();
        data.setData("text/plain", "Total\t42");
        data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], "image.png", { type: "image/png" }));
        const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
        document.querySelector(where).dispatchEvent(event);
        return event.defaultPrevented;
      },
      { where, base64: png(40, 40).toString("base64") },
    );
  assertEqual(await paste("#question"), false, "whether the text was kept from the box");
  assertEqual(await screen.id("view").getAttribute("data-picture"), "1", "the picture");
  assertEqual(await paste("#drop"), true, "whether the picture was taken elsewhere");
  await until(async () => (await screen.id("view").getAttribute("data-picture")) === "2", "the pasted picture");
  await visitor.wellBehaved();
});

test("picture/what is not a file is told how it can be one", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  const event = (kind, type, value) =>
    screen.page.evaluate(
      ({ kind, type, value }) => {
        const data = new DataTransfer();
        data.setData(type, value === "own" ? document.querySelector("#gallery img").src : value);
        const options = { bubbles: true, cancelable: true };
        const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: data, ...options }) : new DragEvent("drop", { dataTransfer: data, ...options });
        document.querySelector("#drop").dispatchEvent(event);
      },
      { kind, type, value },
    );
  const said = async (what) => {
    await until(async () => what.test(await screen.refused()), `a sentence with ${what}`);
    await screen.page.evaluate(() => (document.querySelector("#picture-note").textContent = ""));
  };
  await event("paste", "text/plain", "https://example.org/cat.jpg");
  await said(/address.*save it/is);
  await screen.page.reload();
  await screen.ready();
  await event("drop", "text/uri-list", "https://example.org/cat.jpg");
  await said(/address.*save it/is);
  await until(async () => (await screen.id("gallery").getByRole("button").count()) > 0, "the gallery");
  await screen.changing(() => event("drop", "text/uri-list", "own"));
  await visitor.wellBehaved();
});

test("picture/the empty zone opens the chooser, and of two files the first is named", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  const [chooser] = await Promise.all([screen.page.waitForEvent("filechooser", { timeout: 5000 }), screen.id("hint").click()]);
  await screen.changing(() => chooser.setFiles({ name: "one.png", mimeType: "image/png", buffer: png() }));
  await screen.changing(() =>
    screen.page.evaluate((base64) => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      for (const name of ["first.png", "second.png"]) data.items.add(new File([bytes], name));
      document.querySelector("#drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, png(30, 30).toString("base64")),
  );
  assert(/2 files.*first\.png/.test(await screen.notices()), "the page says which of the two it took");
  await visitor.wellBehaved();
});

test("picture/AVIF and SVG are drawn by the browser, and HEIC is named", {}, async (t) => {
  const { visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  await screen.drop("picture.avif", avif());
  const red = (await screen.colours()).filter((colour) => /^(19|20|21)\d,/.test(colour)).length;
  assert(red > 100, `${red} of 144 points of the AVIF picture are red`);
  await screen.drop("script.svg", svg());
  assert((await screen.page.title()) !== "owned", "the picture ran a script");
  const [colour] = await screen.colours();
  assertEqual(colour, "200,60,40,255", "the SVG picture's colour");
  const said = await screen.dropRefused("IMG_0001.HEIC", heic());
  assert(/HEIC/.test(said) && /JPEG/.test(said), () => `no remedy in: ${said}`);
  await visitor.wellBehaved();
});
