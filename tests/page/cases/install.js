// Installed, and without a network: the manifest, the icons, links.

import { Visitor } from "../lib/browser.js";
import { PROCESSOR, Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test, until } from "../lib/test.js";

const arrive = async ({ defer }) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const visitor = await Visitor.arrive(site);
  defer(() => visitor.leave());
  return { site, visitor };
};

test("install/the page can be installed: its manifest and icons are sound", {}, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.ready();
  const session = await visitor.context.newCDPSession(screen.page);
  const { url, data, errors } = await session.send("Page.getAppManifest");
  assertEqual(errors, [], "what the browser finds wrong with the manifest");
  assertEqual(url, `${site.url}manifest.webmanifest`, "the manifest's address");
  const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
  // Every visitor of these tests is a private window.
  assertEqual(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito"), [], "why it cannot be installed");
  const manifest = JSON.parse(data);
  const sizes = await screen.page.evaluate(
    (icons) =>
      Promise.all(
        icons.map(async ({ src }) => {
          const image = new Image();
          image.src = src;
          await image.decode();
          return `${image.naturalWidth}x${image.naturalHeight}`;
        }),
      ),
    manifest.icons.filter(({ sizes }) => sizes !== "any"),
  );
  assertEqual(sizes, manifest.icons.map(({ sizes }) => sizes).filter((size) => size !== "any"), "sizes of the icons");
  assert(manifest.icons.some(({ purpose }) => purpose === "maskable"), "an icon that systems may cut");
  for (const { url } of manifest.shortcuts) assertEqual((await fetch(new URL(url, site.url))).status, 200, url);
  const head = await screen.page.evaluate(() => Object.fromEntries([...document.querySelectorAll("meta[property], meta[name]")].map((meta) => [meta.getAttribute("property") ?? meta.name, meta.content])));
  for (const name of ["description", "og:title", "og:description", "og:image", "og:image:alt", "twitter:card", "theme-color"]) assert(head[name], `the head has no ${name}`);
  const card = await fetch(new URL(head["og:image"], site.url));
  const bytes = Buffer.from(await card.arrayBuffer());
  assertEqual([card.status, bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [200, Number(head["og:image:width"]), Number(head["og:image:height"])], "the picture that other pages show");
  assertEqual((await fetch(new URL("icons/apple-touch-icon.png", site.url))).status, 200, "the icon of phones");
  await visitor.wellBehaved();
});

test("install/links, manifest and icons are there without a network", { limit: 180 }, async (t) => {
  const { site, visitor } = await arrive(t);
  const screen = await Screen.open(visitor);
  await screen.load();
  await screen.keptForLater();
  await screen.chooseFromGallery(2);
  await screen.ask("Where is the elephant?");
  await screen.answered();
  await site.stop();
  await visitor.context.setOffline(true);
  visitor.expect(/ERR_INTERNET_DISCONNECTED|Failed to load resource|ERR_CONNECTION_REFUSED/);
  // The module for links was not here before.
  await screen.id("copy-link").click();
  await until(async () => (await screen.page.evaluate(() => location.hash)).length > 100, "a link");
  const hash = await screen.page.evaluate(() => location.hash);
  const opened = await Screen.open(visitor, PROCESSOR + hash);
  await until(() => opened.shown("linked"), "the result of the link");
  const framed = await Screen.open(visitor, `?embed=1${hash}`);
  await until(() => framed.shown("embed-view"), "the result in a frame");
  for (const name of ["manifest.webmanifest", "icons/192.png", "icons/512.png", "icon.svg"]) {
    assertEqual(await opened.page.evaluate((name) => fetch(name).then((response) => response.ok, () => false), name), true, name);
  }
  await visitor.wellBehaved();
});
