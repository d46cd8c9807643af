// Debian's Firefox, driven over WebDriver BiDi.

import puppeteer from "puppeteer-core";

/**
 * Opens an address in a Firefox of its own; gives the page, what its console said, and how to end
 * it.
 */
export const openFirefox = async (url) => {
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: process.env.FIREFOX, headless: true });
  const page = await browser.newPage();
  const errors = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error?.stack ?? error)));
  await page.goto(url, { waitUntil: "load" });
  return { page, errors, end: () => browser.close() };
};
