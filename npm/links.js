// Results as the fragment of an address: `docs/link-format.md` of the project has the fields.

import init, * as module from "./sightline_link_web.js";

let loading;
const loaded = async () => {
  loading ??= init({ module_or_path: new URL("./sightline_link_web_bg.wasm", import.meta.url) });
  try {
    await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
  return module;
};

/** The fragment of a link, without `#`. */
export const encode = async (shared, picture) => (await loaded()).encode(shared, picture);

/** What a link holds. */
export const decode = async (link) => (await loaded()).decode(link);

/** SHA-256 of a picture's file as links hold it. */
export const sha256 = async (file) => (await loaded()).sha256(file);
