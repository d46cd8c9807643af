// Why a program of this page did not start, as a sentence with what helps: for the page's own
// script and for its worker's.

/**
 * What a file must come as. A browser refuses a script or a module that is called anything else.
 */
const TYPES = { js: /javascript/, wasm: /wasm|octet-stream/ };

/** How long a file may take to begin to come, ms. */
const PATIENCE = 8000;

/** What is wrong with a file, or nothing. */
async function fault(name) {
  let response;
  try {
    response = await fetch(new URL(name, import.meta.url), { signal: AbortSignal.timeout?.(PATIENCE) });
  } catch {
    return `The file ${name} did not come. Check the connection, and whether a filter blocks it; then reload the page.`;
  }
  response.body?.cancel();
  if (!response.ok) {
    return `The file ${name} did not come: the server answered ${response.status}. Whoever keeps this page must put it there.`;
  }
  const type = response.headers.get("content-type") ?? "";
  const expected = TYPES[name.split(".").pop()];
  if (expected && !expected.test(type)) {
    return `The file ${name} came as “${type}”, which browsers do not run. Whoever keeps this page must have it sent with its own type.`;
  }
}

/**
 * @param {string} what the program, as the first words of a sentence
 * @param {unknown} error what was thrown, if anything was
 * @param {string[]} files what the program is made of
 * @returns {Promise<{kind: "broken", sentence: string, remedy: "restart" | "reload"}>}
 */
export async function why(what, error, files) {
  const broken = (sentence) => ({ kind: "broken", sentence, remedy: "reload" });
  if (typeof WebAssembly !== "object") {
    return broken("This browser has no WebAssembly, or it is switched off, so nothing can be computed here. Another browser, or this one without that restriction, has it.");
  }
  for (const name of files) {
    const sentence = await fault(name);
    if (sentence) return broken(sentence);
  }
  if (error instanceof WebAssembly.LinkError || error instanceof WebAssembly.CompileError) {
    return broken(`${what} is made of files of different versions: the browser kept one of them from an earlier visit. Reload the page.`);
  }
  const said = error ? ` (${error.message ?? error})` : "";
  return { ...broken(`${what} could not be started${said}. Start it again; if that does not help, reload the page.`), remedy: "restart" };
}
