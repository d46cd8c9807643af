// Pictures of states that are kept, and compared with what is drawn now.

import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

import { assert } from "./test.js";

/** What two pictures of the same state may differ in: browsers of other versions smooth letters otherwise. */
export const TOLERANCE = {
  /** Distance of two colours that counts as none, of at most 1. */
  colour: 0.12,
  /** Share of the pixels that may have another colour. */
  share: 0.002,
};

/** Most bytes of a picture that is kept. */
const MOST_BYTES = 60_000;

const FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";

/** Why pictures cannot be compared here. */
export const cannot = existsSync(FONT) ? false : `${FONT} is not here: Debian's fonts-dejavu-core has it`;

/** How a browser draws the same everywhere. */
export const DRAWN = {
  flags: ["--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb", "--disable-gpu"],
  env: { FONTCONFIG_FILE: fileURLToPath(new URL("./fonts.conf", import.meta.url)) },
};

const kept = (name) => fileURLToPath(new URL(`../snapshots/${name}.png`, import.meta.url));

/** What differs from visit to visit and from machine to machine, in the page. */
const settle = () => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, *::before, *::after { animation: none !important; transition: none !important; caret-color: transparent !important } .gallery img { visibility: hidden }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const settled = text.data.replace(/\d+(\.\d+)?(?= (ms|s|min|MB|kB|MB\/s)\b)/g, "0").replace(/\d{4}-\d\d-\d\d( |T)\d\d:\d\d(:\d\d)?/g, "a day");
    if (settled !== text.data) text.data = settled;
  }
};

/** Every eighth level of a colour: less than the tolerance, and a third fewer bytes. */
const coarse = (picture) => {
  picture.data.forEach((level, i) => (picture.data[i] = i % 4 < 3 ? Math.min(Math.round(level / 8) * 8, 255) : 255));
  return picture;
};

/**
 * Compares what is seen with the picture of that name, or keeps it as that picture if `RENEW` is
 * set. What differs lies in the folder of screenshots then: as it is, as it was, and the difference.
 */
export const compare = async (page, name) => {
  await page.evaluate(settle);
  await page.evaluate(() => Promise.all([document.fonts.ready, new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))]));
  const now = coarse(PNG.sync.read(await page.screenshot()));
  const bytes = PNG.sync.write(now, { colorType: 2, deflateLevel: 9, deflateStrategy: 0, filterType: 0 });
  const file = kept(name);
  if (process.env.RENEW) {
    assert(bytes.length <= MOST_BYTES, `${name}: ${bytes.length} bytes, at most ${MOST_BYTES}`);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
    return `kept, ${bytes.length} bytes`;
  }
  const out = (what) => path.join(process.env.SCREENSHOTS, `snapshot-${name}-${what}.png`);
  await mkdir(process.env.SCREENSHOTS, { recursive: true });
  const before = existsSync(file) ? PNG.sync.read(await readFile(file)) : undefined;
  const renew = "if it should look so, renew the pictures: `cargo xtask test --only page snapshots/ --renew`";
  await writeFile(out("now"), bytes);
  assert(before, `there is no picture ${file}; ${renew}`);
  assert(before.width === now.width && before.height === now.height, `${name} has ${now.width} x ${now.height} px, was ${before.width} x ${before.height}; ${renew}`);
  const difference = new PNG({ width: now.width, height: now.height });
  const different = pixelmatch(before.data, now.data, difference.data, now.width, now.height, { threshold: TOLERANCE.colour });
  const share = different / (now.width * now.height);
  if (share > TOLERANCE.share) {
    await writeFile(out("before"), PNG.sync.write(before));
    await writeFile(out("difference"), PNG.sync.write(difference));
  }
  assert(share <= TOLERANCE.share, `${name} differs in ${(share * 100).toFixed(2)} % of its pixels, see ${out("difference")}; ${renew}`);
  return `${(share * 100).toFixed(3)} % of the pixels differ`;
};
