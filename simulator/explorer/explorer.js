// The explorer's page: it asks the server for a picture of the settings, draws it, and computes nothing itself.
// Every text from the server is set as text; no markup is ever made of data.

import { draw } from "/drawing.js";

const PANELS = ["hazardous", "casualties"];
const REST_MS = 250, SPOKEN_MS = 700, POLL_MS = 250;

const at = (id) => document.getElementById(id);
const asked = new Map();           // what the settings shall be: name -> text, only what differs from the files
let scale = "log";
let drawn = null;                  // the last picture
let controls = [];
let waiting = false, again = false; // one request at a time; the newest settings follow it
let playing = null;                // the settings being simulated
let restTimer = 0, spokenTimer = 0;

function query() {
  const pairs = [...asked];
  if (scale !== "log") pairs.push(["scale", scale]);
  return new URLSearchParams(pairs).toString();
}

async function answer(path, method = "GET") {
  const response = await fetch(path, { method });
  const body = await response.json().catch(() => ({ problems: [{ path: "", message: `the server answered ${response.status}` }] }));
  return { ok: response.ok, body };
}

function complain(problems) {
  const box = at("problems");
  box.hidden = problems.length === 0;
  box.replaceChildren(...problems.map(({ path, message }) => {
    const line = document.createElement("p");
    line.textContent = path ? `${path}: ${message}` : message;
    return line;
  }));
}

function gone() {
  complain([{ path: "", message: "The explorer does not answer any more. Start it again with minesim explore, on the same files." }]);
}

/** Ask for a picture of the settings as they are now; while one is on its way, remember that there are newer ones. */
async function refresh() {
  if (waiting) { again = true; return; }
  waiting = true;
  try {
    do {
      again = false;
      const { ok, body } = await answer(`/picture.json?${query()}`);
      if (ok) { complain([]); show(body, !again); } else if (!again) refused(body.problems);
    } while (again);
  } catch {
    gone();
  } finally {
    waiting = false;
  }
}

/** What was refused is said beside its control; the settings go back to those of the picture. */
function refused(problems) {
  const elsewhere = [];
  for (const problem of problems) {
    const control = controls.find(({ name }) => name === problem.path);
    if (control) wrong(control, problem.message); else elsewhere.push(problem);
  }
  complain(elsewhere);
  take(drawn);
}

function wrong(control, message) {
  control.error.textContent = message;
  control.exact.setAttribute("aria-invalid", String(message !== ""));
}

/** Take over the settings of a picture. */
function take(picture) {
  asked.clear();
  for (const [name, text] of picture.settings) if (name !== "scale") asked.set(name, text);
  scale = picture.scale;
  for (const radio of document.querySelectorAll("input[name=scale]")) radio.checked = radio.value === scale;
  for (const standing of picture.controls) stand(controls.find(({ name }) => name === standing.name), standing);
}

function stand(control, standing) {
  control.slider.value = String(standing.position);
  control.slider.setAttribute("aria-valuetext", standing.words);
  control.box.classList.toggle("changed", standing.changed);
  // What is being typed, or was refused, stays as it is.
  if (!control.typing && control.exact.getAttribute("aria-invalid") !== "true") control.exact.value = standing.text;
}

function show(picture, isNewest) {
  drawn = picture;
  if (isNewest) take(picture);
  for (const panel of picture.panels) draw(at(panel.name), panel);
  paragraphs(at("sentences"), picture.sentences);
  items(at("even"), picture.even);
  at("even-section").hidden = picture.even.length === 0;
  table(at("criteria"), picture.criteria);
  table(at("table"), picture.table);
  items(at("simulated"), picture.simulation.sentences);
  table(at("simulated-table"), picture.simulation.table);
  at("simulated-note").textContent = picture.simulation.note;
  at("simulated-more").hidden = picture.simulation.table.rows.length === 0;
  at("table-section").hidden = picture.table.rows.length === 0;
  at("offer").textContent = picture.simulation.offer;
  at("simulate").disabled = picture.simulation.replicates === 0;
  at("scope").textContent = picture.scope;
  const settings = new URLSearchParams(picture.settings).toString();
  for (const link of document.querySelectorAll("#downloads a")) link.href = `${link.dataset.path}?${settings}`;
  document.body.dataset.drawn = settings;
  clearTimeout(restTimer);
  restTimer = setTimeout(() => history.replaceState(null, "", settings ? `/?${settings}` : "/"), REST_MS);
  clearTimeout(spokenTimer);
  spokenTimer = setTimeout(() => { at("status").textContent = picture.sentences.join(" "); }, SPOKEN_MS);
}

function paragraphs(box, texts) {
  box.replaceChildren(...texts.map((text) => withText("p", text)));
}

function items(box, texts) {
  box.replaceChildren(...texts.map((text) => withText("li", text)));
}

function withText(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function table(box, { header, rows }) {
  const head = document.createElement("thead"), body = document.createElement("tbody"), top = document.createElement("tr");
  for (const text of header) {
    const cell = withText("th", text);
    cell.scope = "col";
    top.append(cell);
  }
  head.append(top);
  for (const row of rows) {
    const line = document.createElement("tr");
    row.forEach((text, place) => {
      const cell = withText(place ? "td" : "th", text);
      if (!place) cell.scope = "row";
      line.append(cell);
    });
    body.append(line);
  }
  box.replaceChildren(head, body);
}

/** A setting was moved or typed. */
function set(control, text) {
  wrong(control, "");
  asked.set(control.name, text);
  if (playing !== null) stopPlaying();
  at("progress").textContent = "";
  refresh();
}

function build(spec, index) {
  const box = document.createElement("div");
  box.className = "control";
  const label = withText("label", spec.label);
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", id: `slider-${index}`, min: "0", max: String(spec.stops.length - 1), step: "1" });
  slider.dataset.name = spec.name;
  slider.setAttribute("aria-describedby", `about-${index}`);
  label.htmlFor = slider.id;
  const exact = document.createElement("input");
  Object.assign(exact, { type: "text", id: `exact-${index}`, className: "exact", autocomplete: "off", spellcheck: false, maxLength: 60 });
  exact.setAttribute("aria-label", `${spec.label}, exact value, such as ${spec.example}`);
  exact.setAttribute("aria-describedby", `wrong-${index}`);
  const error = document.createElement("p");
  Object.assign(error, { id: `wrong-${index}`, className: "wrong" });
  error.setAttribute("role", "alert");
  const top = document.createElement("div");
  top.className = "top";
  top.append(label, exact);
  const details = document.createElement("details");
  const about = withText("p", spec.about);
  Object.assign(about, { id: `about-${index}`, className: "about" });
  const summary = withText("summary", "about this number");
  summary.setAttribute("aria-label", `About: ${spec.label}`);
  details.append(summary, about);
  box.append(top, slider, error, details);

  const control = { ...spec, box, slider, exact, error, typing: false };
  slider.addEventListener("input", () => {
    const [text, words] = spec.stops[Number(slider.value)];
    slider.setAttribute("aria-valuetext", words);
    control.typing = false;
    exact.value = text;
    set(control, text);
  });
  exact.addEventListener("input", () => { control.typing = true; });
  exact.addEventListener("change", () => { control.typing = false; set(control, exact.value); });
  exact.addEventListener("blur", () => { control.typing = false; });
  return control;
}

function buildAll(specs) {
  controls = specs.map(build);
  const groups = new Map();
  for (const control of controls) {
    if (!groups.has(control.group)) {
      const group = document.createElement("fieldset");
      group.append(withText("legend", control.group));
      groups.set(control.group, group);
    }
    groups.get(control.group).append(control.box);
  }
  at("groups").replaceChildren(...groups.values());
}

function downloads(scenarios) {
  const links = [["/scenario.yaml", scenarios[scenarios.length - 1]]];
  if (scenarios.length > 1) links.push(["/reference.yaml", scenarios[0]]);
  at("downloads").replaceChildren(...links.map(([path, { name }]) => {
    const link = withText("a", `Download scenario: ${name} with these settings (YAML)`);
    link.dataset.path = path;
    link.href = path;
    link.setAttribute("download", "");
    const item = document.createElement("li");
    item.append(link);
    return item;
  }));
}

function stopPlaying() {
  playing = null;
  answer("/stop.json", "POST").catch(gone);
}

/** Have the settings simulated, say how far it is, and draw the band when it is there. */
async function simulate() {
  const settings = query();
  playing = settings;
  let method = "POST";
  try {
    while (playing === settings) {
      const { ok, body } = await answer(`/simulation.json?${settings}`, method);
      method = "GET";
      if (playing !== settings) return;
      at("progress").textContent = ok ? body.words : body.problems.map(({ message }) => message).join(" ");
      if (!ok || body.state !== "playing") {
        playing = null;
        if (ok && body.state === "done") await refresh();
        return;
      }
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    }
  } catch {
    playing = null;
    gone();
  }
}

async function copyLink() {
  const address = `${location.origin}/?${query()}`;
  try {
    await navigator.clipboard.writeText(address);
    at("copied").textContent = "Copied.";
  } catch {
    at("copied").textContent = address;
  }
}

async function begin() {
  const { ok, body } = await answer(`/start.json${location.search}`);
  if (!ok) { complain(body.problems); return; }
  const { scenarios } = body, explored = scenarios[scenarios.length - 1];
  const against = scenarios.length > 1 ? ` against ${scenarios[0].title}` : "";
  at("title").textContent = `${explored.title}${against}`;
  document.title = `${explored.name}: minesim explorer`;
  at("question").textContent = body.question;
  buildAll(body.controls);
  downloads(scenarios);
  show(body.picture, true);
  complain(body.problems);
  at("reset").addEventListener("click", () => {
    asked.clear();
    for (const control of controls) wrong(control, "");
    if (playing !== null) stopPlaying();
    at("progress").textContent = "";
    refresh();
  });
  at("copy").addEventListener("click", copyLink);
  at("simulate").addEventListener("click", simulate);
  for (const radio of document.querySelectorAll("input[name=scale]")) {
    radio.addEventListener("change", () => { scale = radio.value; refresh(); });
  }
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    for (const panel of drawn.panels) if (PANELS.includes(panel.name)) draw(at(panel.name), panel);
  });
}

begin().catch(gone);
