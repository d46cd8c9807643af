// Starts the worker. The page itself touches neither the model nor the GPU, as in the product.
const say = (path, text) => fetch(path, { method: "POST", body: text });

const worker = new Worker("worker.js" + location.search, { type: "module" });
worker.addEventListener("error", (event) => {
  say("/broken", `the worker failed: ${event.message ?? "its script did not load"}`);
});
