"use strict";
// The file that `sightline report` writes holds its data. The one beside the page that evaluates
// gets them from that page, which shows it in a frame.
const open = (data) => {
  const SVG = "http" + "://www.w3.org/2000/svg";
  const find = (id) => document.getElementById(id);
  const colour = (run) => `var(--r${run % 8})`;
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const draw = (tag, attributes, text) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const percent = (share) => (100 * share).toFixed(1);
  const key = (run) => {
    const node = make("span", { class: "key", "aria-hidden": "true" });
    node.style.background = colour(run);
    return node;
  };
  // How a box is drawn: as a whole line, or a broken one.
  const line = (stroke, style) => {
    const node = make("span", { class: "line", "aria-hidden": "true" });
    node.style.borderTop = `3px ${style} ${stroke}`;
    return node;
  };

  document.title = data.title;
  document.querySelector("h1").textContent = data.title;

  const head = make("tr", {}, make("th", { scope: "col" }, "task"), make("th", { scope: "col" }, "n"));
  data.runs.forEach((run, at) => head.append(make("th", { scope: "col" }, key(at), `${run} % [95 %]`), make("th", { scope: "col" }, "invalid %")));
  const body = make("tbody");
  for (const task of data.tasks) {
    const row = make("tr", {}, make("td", { title: task.method }, task.task), make("td", {}, String(task.count)));
    task.scores.forEach((score, at) => {
      row.append(make("td", {}, score ? `${percent(score[0])} [${percent(score[1])}, ${percent(score[2])}]` : "–"));
      row.append(make("td", {}, score && task.invalid[at] !== null ? percent(task.invalid[at]) : "–"));
    });
    body.append(row);
  }
  for (const [name, values] of data.aggregates) {
    const row = make("tr", {}, make("td", {}, name), make("td"));
    values.forEach((value) => row.append(make("td", {}, value), make("td")));
    body.append(row);
  }
  find("table").append(make("table", {}, make("thead", {}, head), body));
  find("notes").textContent = data.notes.join(" ");

  const plot = () => {
    const left = 170, right = 640, step = 14 * data.runs.length + 14, height = data.tasks.length * step + 34;
    const x = (share) => left + share * (right - left);
    const svg = draw("svg", { viewBox: `0 0 ${right + 30} ${height}`, width: "100%", role: "img", "aria-label": "Scores of all runs per task; the table above holds the numbers" });
    for (let tick = 0; tick <= 100; tick += 25) {
      svg.append(draw("line", { class: "axis", x1: x(tick / 100), x2: x(tick / 100), y1: 4, y2: height - 24 }));
      svg.append(draw("text", { x: x(tick / 100), y: height - 8, "text-anchor": "middle" }, `${tick} %`));
    }
    data.tasks.forEach((task, row) => {
      const top = row * step + 12;
      svg.append(draw("text", { x: left - 10, y: top + step / 2 - 4, "text-anchor": "end" }, task.task));
      task.scores.forEach((score, at) => {
        if (!score) return;
        const y = top + at * 14 + 4;
        svg.append(draw("line", { x1: x(score[1]), x2: x(score[2]), y1: y, y2: y, stroke: colour(at), "stroke-width": 3 }));
        svg.append(draw("circle", { cx: x(score[0]), cy: y, r: 5, fill: colour(at) }));
      });
    });
    return svg;
  };
  if (data.tasks.length) find("plot").append(plot());

  const frame = (sample) => {
    const [width, height] = sample.size, wide = Math.max(width, height) / 110;
    const boxes = sample.gold_box ? ", with the boxes that the list below names" : "";
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `picture of question ${sample.id}${boxes}` });
    if (sample.picture) svg.append(draw("image", { href: sample.picture, width, height }));
    else svg.append(draw("rect", { width, height, fill: "none", stroke: "var(--line)", "stroke-width": wide }));
    const rectangle = (px, stroke, dash) => svg.append(draw("rect", { x: px[0], y: px[1], width: Math.max(0, px[2] - px[0]), height: Math.max(0, px[3] - px[1]), fill: "none", stroke, "stroke-width": wide, "stroke-dasharray": dash }));
    if (sample.gold_box) rectangle(sample.gold_box, "var(--right)", "none");
    sample.answers.forEach((answer, at) => { if (answer && answer.px) rectangle(answer.px, colour(at), `${wide * 3} ${wide * 2}`); });
    return svg;
  };
  // A box in whole px of the picture.
  const rounded = (px) => `[${px.map((edge) => Math.round(edge)).join(", ")}] px`;
  // How far the box of an answer covers the right one.
  const covered = (sample, answer) => {
    if (!sample.gold_box) return "";
    return answer.iou === null ? ", no box" : `, IoU ${answer.iou.toFixed(2)}`;
  };
  const card = (sample) => {
    const node = make("article");
    const located = sample.gold_box && sample.size;
    if (sample.size && (sample.picture || located)) node.append(frame(sample));
    node.append(make("p", {}, sample.prompt), make("p", { class: "soft" }, `${sample.task} · ${sample.id}`));
    const list = make("dl", {}, make("dt", {}, ...(located ? [line("var(--right)", "solid")] : []), "gold"), make("dd", {}, located ? rounded(sample.gold_box) : sample.gold));
    sample.answers.forEach((answer, at) => {
      if (!answer) return;
      const verdict = (answer.valid ? `${percent(answer.score)} %` : "invalid") + covered(sample, answer);
      const said = located && answer.px ? rounded(answer.px) : answer.text || "(nothing)";
      list.append(make("dt", {}, located ? line(colour(at), "dashed") : key(at), data.runs[at]), make("dd", { class: answer.score >= 0.5 ? "ok" : "no" }, `${said} — ${verdict}`));
    });
    node.append(list);
    return node;
  };

  const PAGE = 60;
  let shown = PAGE;
  const kinds = {
    all: () => true,
    wrong: (sample) => sample.answers.some((answer) => answer && answer.score < 0.5),
    invalid: (sample) => sample.answers.some((answer) => answer && !answer.valid),
    flipped: (sample) => new Set(sample.answers.filter(Boolean).map((answer) => answer.score)).size > 1,
  };
  find("task").append(make("option", { value: "" }, "all"), ...[...new Set(data.samples.map((sample) => sample.task))].map((task) => make("option", { value: task }, task)));
  const show = () => {
    const task = find("task").value, fits = kinds[find("show").value];
    const chosen = data.samples.filter((sample) => (!task || sample.task === task) && fits(sample));
    find("cards").replaceChildren(...chosen.slice(0, shown).map(card));
    find("count").textContent = `${chosen.length} of ${data.samples.length} questions`;
    find("more").hidden = chosen.length <= shown;
  };
  for (const id of ["task", "show"]) find(id).addEventListener("change", () => { shown = PAGE; show(); });
  find("more").addEventListener("click", () => { shown += PAGE; show(); });
  show();
};

const held = document.getElementById("data").textContent;
if (held) open(JSON.parse(held));
else addEventListener("message", ({ source, data }) => source === parent && open(JSON.parse(data)), { once: true });
