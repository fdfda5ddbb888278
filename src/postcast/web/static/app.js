// Asks about a draft while it is written, and puts the server's own HTML in its place. Answers
// are rendered and escaped by the server alone: nothing here makes markup of what was written.
"use strict";

const PAUSE = 350; // milliseconds without a key before the draft is asked about
const PARTS = ["forecast", "explain", "whatif"];
const said = document.getElementById("said");
const drafts = document.getElementById("drafts");
const second = document.getElementById("second");
const compare = document.getElementById("compare");
const sections = [...document.querySelectorAll(".draft")];
const asking = new WeakMap(); // of each draft, what ends the question about it
let comparing = null; // what ends the question about both
const EMPTY = '<p class="empty">The forecast stands here while you write.</p>';
const UNANSWERED = "The server did not answer. Is it still running?";

function partOf(section, name) {
  return section.querySelector(`[data-part="${name}"]`);
}

function fieldsOf(section) {
  const fields = new FormData(section.querySelector("form"));
  if (!fields.get("image")?.size) fields.delete("image");
  return fields;
}

function isEmpty(section) {
  const fields = fieldsOf(section);
  return !["title", "text", "tags"].some((name) => fields.get(name).trim()) && !fields.has("image");
}

// From the first key on, what is shown answers another draft: it is marked as such until the new
// answer replaces it, and removed where none will come.
function markStale(section) {
  asking.get(section)?.abort();
  asking.delete(section);
  const answer = section.querySelector(".answer");
  for (const name of PARTS) {
    const place = partOf(section, name);
    if (place.firstElementChild && !place.querySelector(".empty")) place.classList.add("stale");
  }
  answer.setAttribute("aria-busy", "true");
  markComparisonStale();
  say("");
}

function markComparisonStale() {
  comparing?.abort();
  comparing = null;
  if (compare.firstElementChild) compare.classList.add("stale");
}

function clear(section) {
  for (const name of PARTS) show(partOf(section, name), name === "forecast" ? EMPTY : "");
  section.querySelector(".answer").removeAttribute("aria-busy");
}

async function ask(section) {
  markStale(section);
  if (isEmpty(section)) {
    clear(section);
    clearComparison();
    return;
  }
  const mine = new AbortController();
  asking.set(section, mine);
  section.querySelector(".answer").setAttribute("aria-busy", "true");
  const fields = fieldsOf(section);
  await Promise.all([
    ...PARTS.map((name) => askPart(section, name, fields, mine.signal)),
    askBoth(),
  ]);
  if (asking.get(section) === mine) section.querySelector(".answer").removeAttribute("aria-busy");
}

async function askPart(section, name, fields, signal) {
  const place = partOf(section, name);
  const { html, isAnswer } = await answerOf(`/parts/${name}`, fields, signal);
  if (signal.aborted) return; // another draft stands there by now
  show(place, isAnswer || name === "forecast" ? html : ""); // a problem is told once
  if (name === "forecast") tell(section, place);
  if (name === "whatif") place.querySelectorAll(".try").forEach((one) => { one.hidden = false; });
}

// Returns what the server says, whole, or that it says nothing; throws nothing.
async function answerOf(address, fields, signal) {
  try {
    const response = await fetch(address, { method: "POST", body: fields, signal });
    return { html: await textOf(response), isAnswer: response.ok };
  } catch {
    return { html: `<p class="problem">${UNANSWERED}</p>`, isAnswer: false };
  }
}

async function textOf(response) {
  const kind = response.headers.get("content-type") ?? "";
  if (kind.startsWith("text/html")) return response.text();
  const problem = await response.json();
  return `<p class="problem">${problem.detail}</p>`; // the server's own words, never the user's
}

function show(place, html) {
  place.classList.remove("stale");
  const found = new DOMParser().parseFromString(html, "text/html");
  place.replaceChildren(...found.body.childNodes);
}

function tell(section, place) {
  const told = place.querySelector("[data-said]")?.dataset.said ?? place.textContent.trim();
  const which = section.dataset.draft === "b" ? "Second draft" : "Forecast";
  say(`${which}: ${told}`);
}

function say(sentence) {
  said.textContent = sentence;
}

async function askBoth() {
  comparing?.abort();
  if (!drafts.classList.contains("pair") || sections.some(isEmpty)) {
    clearComparison();
    return;
  }
  const mine = new AbortController();
  comparing = mine;
  const fields = new FormData();
  for (const section of sections) {
    for (const [name, value] of fieldsOf(section)) fields.append(`${section.dataset.draft}.${name}`, value);
  }
  const { html } = await answerOf("/parts/compare", fields, mine.signal);
  if (mine.signal.aborted) return;
  compare.hidden = false;
  show(compare, html);
}

function clearComparison() {
  comparing?.abort();
  comparing = null;
  compare.hidden = true;
  show(compare, "");
}

function openSecond() {
  drafts.classList.add("pair");
  sections[1].hidden = false;
  second.setAttribute("aria-expanded", "true");
  second.textContent = "Close the second draft";
}

function closeSecond() {
  drafts.classList.remove("pair");
  sections[1].hidden = true;
  asking.get(sections[1])?.abort();
  asking.delete(sections[1]);
  clear(sections[1]);
  clearComparison();
  second.setAttribute("aria-expanded", "false");
  second.textContent = "Compare with a second draft";
}

function copyInto(values) {
  const form = sections[1].querySelector("form");
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value ?? "";
}

function tryOut(button) {
  const mine = fieldsOf(sections[0]);
  const { text, title, time } = button.dataset;
  copyInto({ text, title, time, tags: mine.get("tags"), author: mine.get("author") });
  openSecond();
  sections[1].querySelector("textarea").focus();
  ask(sections[1]);
}

function preview(section) {
  const image = section.querySelector(".preview");
  const [file] = section.querySelector('[type="file"]').files;
  if (image.src) URL.revokeObjectURL(image.src);
  image.hidden = !file;
  if (file) image.src = URL.createObjectURL(file);
  else image.removeAttribute("src");
}

for (const section of sections) {
  let waiting;
  const form = section.querySelector("form");
  form.addEventListener("input", (event) => {
    if (event.target.type === "file") preview(section);
    clearTimeout(waiting);
    markStale(section);
    if (isEmpty(section)) ask(section);
    else waiting = setTimeout(() => ask(section), PAUSE);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    ask(section);
  });
  section.addEventListener("click", (event) => {
    if (event.target.matches?.(".try")) tryOut(event.target);
  });
}

second.hidden = false;
second.addEventListener("click", () => {
  if (!sections[1].hidden) return closeSecond();
  const mine = fieldsOf(sections[0]);
  if (isEmpty(sections[1])) {
    copyInto(Object.fromEntries([...mine].filter(([name]) => name !== "image")));
  }
  openSecond();
  sections[1].querySelector("textarea").focus();
  ask(sections[1]);
});

// What a browser brings back into the form is not what the page was answered to.
function isRestored(section) {
  const fields = [...section.querySelectorAll("input:not([type=file]), textarea")];
  return fields.some((one) => one.value !== one.defaultValue);
}

if (!isEmpty(sections[0]) || isRestored(sections[0])) ask(sections[0]);
