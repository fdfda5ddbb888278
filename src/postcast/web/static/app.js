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
const asking = new WeakMap();

function fieldsOf(section) {
  const fields = new FormData(section.querySelector("form"));
  if (!fields.get("image")?.size) fields.delete("image");
  return fields;
}

function isEmpty(section) {
  const fields = fieldsOf(section);
  return !["title", "text", "tags"].some((name) => fields.get(name).trim()) && !fields.has("image");
}

async function ask(section) {
  asking.get(section)?.abort();
  if (isEmpty(section)) return;
  const mine = new AbortController();
  asking.set(section, mine);
  const answer = section.querySelector(".answer");
  answer.setAttribute("aria-busy", "true");
  const fields = fieldsOf(section);
  try {
    await Promise.all(PARTS.map((name) => askPart(section, name, fields, mine.signal)));
    await askBoth(mine.signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    say("The server did not answer. Is it still running?");
  }
  if (asking.get(section) === mine) answer.removeAttribute("aria-busy");
}

async function askPart(section, name, fields, signal) {
  const response = await fetch(`/parts/${name}`, { method: "POST", body: fields, signal });
  const place = section.querySelector(`[data-part="${name}"]`);
  const html = await textOf(response);
  show(place, response.ok || name === "forecast" ? html : ""); // a problem is told once
  if (signal.aborted) return;
  if (name === "forecast") tell(section, place);
  if (name === "whatif") place.querySelectorAll(".try").forEach((one) => { one.hidden = false; });
}

async function textOf(response) {
  const kind = response.headers.get("content-type") ?? "";
  if (kind.startsWith("text/html")) return response.text();
  const problem = await response.json();
  return `<p class="problem">${problem.detail}</p>`; // the server's own words, never the user's
}

function show(place, html) {
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

async function askBoth(signal) {
  const isPair = drafts.classList.contains("pair") && !sections.some(isEmpty);
  compare.hidden = !isPair;
  if (!isPair) return;
  const fields = new FormData();
  for (const section of sections) {
    for (const [name, value] of fieldsOf(section)) fields.append(`${section.dataset.draft}.${name}`, value);
  }
  const response = await fetch("/parts/compare", { method: "POST", body: fields, signal });
  show(compare, await textOf(response));
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
  compare.hidden = true;
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
    waiting = setTimeout(() => ask(section), PAUSE);
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

if (!isEmpty(sections[0])) ask(sections[0]);
