// Firefox has no WebGPU here: the processor answers.

import { openFirefox } from "../lib/firefox.js";
import { png } from "../lib/pictures.js";
import { Screen } from "../lib/screen.js";
import { Site } from "../lib/server.js";
import { assert, assertEqual, test } from "../lib/test.js";

test("firefox/the processor answers in Firefox", { limit: 180 }, async ({ defer }) => {
  const site = await Site.start(process.env.PAGE_TINY);
  defer(() => site.end());
  const firefox = await openFirefox(site.url);
  defer(() => firefox.end());
  const answers = await Screen.plainVisit(firefox.page, png(), "Is there a teapot in the image?");
  assertEqual(answers.length, 2, "answers");
  assert(answers.every((text) => text.length > 0), "an answer is empty");
  assertEqual(firefox.errors, [], "in the console");
});
