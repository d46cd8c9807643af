// Folders that the visitor opens: in the browser's own dialog where it has one that may be
// remembered, dropped on the page, or by a file input as everywhere. Whatever way, the page's
// module gets names and files with the event "opened" of an input.

const DATABASE = "sightline-folders";
const STORE = "handles";
const KEY = "benchmarks";
/** After how many files the visitor is told. */
const OFTEN = 500;

const element = (id) => document.getElementById(id);
const benchmarks = element("folder");
const again = element("folder-again");
const goOn = element("go-on");
// A page in another one's frame may not ask, and a dialog that is refused helps nobody.
const asks = "showDirectoryPicker" in window && window.top === window;
/** The folder of an earlier visit, until one is open. */
let remembered;

/** One request to the store of handles. */
const stored = (mode, act) =>
  new Promise((done, fail) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => fail(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const request = act(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
      request.transaction.oncomplete = () => database.close();
    };
  });

/** Files below a folder, as they are found. */
class Found {
  paths = [];
  files = [];

  constructor(name, note) {
    Object.assign(this, { name, note });
  }

  async add(path, file) {
    this.paths.push(path);
    this.files.push(await file);
    if (this.files.length % OFTEN === 0) this.note.textContent = `Reading ${this.name}: ${this.files.length} files so far…`;
  }

  /** A folder of the browser's dialog, or one that was dropped where there is such a dialog. */
  async handle(folder, above = "") {
    for await (const [name, inside] of folder.entries()) {
      if (inside.kind === "directory") await this.handle(inside, `${above}${name}/`);
      else await this.add(above + name, inside.getFile());
    }
  }

  /** A folder that was dropped elsewhere. */
  async entry(folder, above = "") {
    const reader = folder.createReader();
    // Some browsers give a hundred at a time.
    for (;;) {
      const some = await new Promise((done, fail) => reader.readEntries(done, fail));
      if (some.length === 0) return;
      for (const inside of some) {
        if (inside.isDirectory) await this.entry(inside, `${above}${inside.name}/`);
        else await this.add(above + inside.name, new Promise((done, fail) => inside.file(done, fail)));
      }
    }
  }
}

/**
 * Opens what `read` finds, for an input. What is wrong is said in the input's own note: its id with
 * "-wrong" behind it.
 */
async function open(input, name, read) {
  const note = element(`${input.id}-wrong`);
  const found = new Found(name, note);
  try {
    note.textContent = "";
    await read(found);
    note.textContent = found.files.length ? "" : `There is no file in ${name}.`;
  } catch (error) {
    note.textContent = `${name} cannot be read (${error.message ?? error}). Open it once more.`;
    return false;
  }
  const { paths, files } = found;
  if (files.length) input.dispatchEvent(new CustomEvent("opened", { detail: { name, paths, files } }));
  return files.length > 0;
}

/** Opens a folder by its handle, and keeps the handle for the next visit. */
async function openHandle(input, handle) {
  const came = await open(input, handle.name, (found) => found.handle(handle));
  if (came && input === benchmarks) {
    settle();
    // Without a store the folder is asked for again.
    await stored("readwrite", (store) => store.put(handle, KEY)).catch(() => {});
  }
  return came;
}

/** A folder is open, or none can be opened again. */
function settle() {
  remembered = undefined;
  again.hidden = true;
}

/** Asks for the folder of an earlier visit; whether it is open. */
async function openAgain() {
  const handle = remembered;
  if (!handle) return false;
  if ((await handle.requestPermission({ mode: "read" })) !== "granted") {
    element("folder-wrong").textContent = `The browser may not read ${handle.name}. Press again and allow it, or open the folder yourself.`;
    return false;
  }
  return openHandle(benchmarks, handle);
}

for (const input of [benchmarks, element("native-folder")]) {
  input.addEventListener("click", async (event) => {
    if (!asks) return;
    event.preventDefault();
    try {
      await openHandle(input, await showDirectoryPicker({ id: input.id, mode: "read" }));
    } catch (error) {
      if (error.name !== "AbortError") element(`${input.id}-wrong`).textContent = `The browser opens no folder here (${error.message}). Drop it on the page.`;
    }
  });
  input.addEventListener("change", () => {
    element(`${input.id}-wrong`).textContent = "";
    if (input === benchmarks) settle();
  });
}

// The page's module asks once it listens.
benchmarks.addEventListener("listening", async () => {
  const handle = await stored("readonly", (store) => store.get(KEY)).catch(() => undefined);
  if (!handle?.queryPermission) return;
  remembered = handle;
  again.textContent = `Open ${handle.name} again`;
  again.hidden = false;
  if ((await handle.queryPermission({ mode: "read" })) === "granted") await openHandle(benchmarks, handle);
});

again.addEventListener("click", () => openAgain());

// What was cut off may need the folder first: one press does both.
goOn.addEventListener(
  "click",
  async (event) => {
    if (!goOn.dataset.wants || !remembered) return;
    event.stopImmediatePropagation();
    if (await openAgain()) goOn.click();
  },
  true,
);

const dragged = (event) => event.dataTransfer?.types.includes("Files");

addEventListener("dragover", (event) => {
  if (!dragged(event)) return;
  event.preventDefault();
  document.documentElement.classList.add("dropping");
});
for (const kind of ["dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    if (kind === "drop" || !event.relatedTarget) document.documentElement.classList.remove("dropping");
  });
}

addEventListener("drop", async (event) => {
  if (!dragged(event)) return;
  event.preventDefault();
  const run = event.target.closest?.("#agreement");
  const input = run ? element("native-folder") : benchmarks;
  const note = element(`${input.id}-wrong`);
  // All of it is asked for at once: after the first wait the items are gone.
  const items = Array.from(event.dataTransfer.items).filter(({ kind }) => kind === "file");
  const dropped = items.map((item) => ({
    entry: item.webkitGetAsEntry?.(),
    file: item.getAsFile(),
    handle: item.getAsFileSystemHandle?.().catch(() => undefined),
  }));
  if (dropped.length !== 1) {
    note.textContent = "Drop one folder at a time.";
    return;
  }
  const [{ entry, file }] = dropped;
  const handle = await dropped[0].handle;
  if (handle?.kind === "directory") await openHandle(input, handle);
  else if (entry?.isDirectory) {
    const came = await open(input, entry.name, (found) => found.entry(entry));
    if (came && !run) settle();
  } else if (run && file) await open(input, file.name, (found) => found.add(file.name, file));
  else note.textContent = "Drop the folder with the benchmarks, not single files of it.";
});
