// What the page can do beyond reading: it follows jobs live, submits the form in place, and brings a
// token along where the server asks for one. The server writes all markup; here it is only put in.
"use strict";

const pollEvery = 5000;
// Browsers open six connections to a server (HTTP/1.1), and downloads need some.
const mostStreams = 3;
const tokenKey = "crisp-token";
const streams = new Map();
const element = (id) => document.getElementById(id);

// MARK: The server

class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const token = sessionStorage.getItem(tokenKey);
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers, cache: "no-store" });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) askForToken(token ? problem.detail : "");
  throw new Refused(answer.status, problem);
}

// MARK: Tokens

function askForToken(reason) {
  sessionStorage.removeItem(tokenKey);
  stopStreams();
  element("sign-out").hidden = true;
  element("token-error").textContent = reason || "";
  if (!element("token-form").hidden) return;
  for (const id of ["request", "jobs", "models"]) element(id).replaceChildren(note("Sign in to see it."));
  element("token-form").hidden = false;
  element("token").focus();
}

function note(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "empty";
  paragraph.textContent = text;
  return paragraph;
}

element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(tokenKey, element("token").value.trim());
  element("token").value = "";
  element("token-error").textContent = "";
  load();
});

element("sign-out").addEventListener("click", () => askForToken(""));

// MARK: Markup from the server

async function piece(path) {
  const text = await (await ask(path)).text();
  return new DOMParser().parseFromString(text, "text/html").body;
}

function localTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    time.textContent = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    time.title = time.dateTime;
  }
}

// Replaces only what has changed, so that neither focus nor a screen reader loses its place.
function update(container, fresh, isSame) {
  localTimes(fresh);
  const list = container.querySelector("ul.cards");
  const freshList = fresh.querySelector("ul.cards");
  if (!list || !freshList) {
    container.replaceChildren(...fresh.childNodes);
    return;
  }
  const known = new Map([...list.children].map((item) => [item.id, item]));
  const items = [...freshList.children].map((item) => {
    const old = known.get(item.id);
    return old && isSame(old, item) ? old : item;
  });
  const kept = new Set(items);
  for (const old of list.children) {
    if (!kept.has(old) && old.contains(document.activeElement)) {
      const heir = items.find((item) => item.id === old.id);
      if (heir) queueMicrotask(() => heir.querySelector("h3").focus({ preventScroll: true }));
    }
  }
  if (items.some((item, index) => list.children[index] !== item) || list.children.length !== items.length) {
    list.replaceChildren(...items);
  }
}

// MARK: Jobs

const statusOf = (item) => item.dataset.status;
const titleOf = (item) => item.querySelector("h3").textContent;
const percent = (share) => `${(share * 100).toFixed(1)}\u00a0%`;

// The same words as the server's.
function detail(job) {
  const progress = job.progress;
  if (!progress) return "starting";
  const parts = [progress.stage];
  if (progress.iteration > 0) parts.push(`iteration ${progress.iteration} of ${progress.of}`);
  if (progress.sparsity > 0) parts.push(`sparsity ${percent(progress.sparsity)}`);
  if (progress.accuracy !== null) parts.push(`accuracy ${percent(progress.accuracy)}`);
  return parts.join(" · ");
}

function show(job) {
  const item = element(job.id);
  if (!item || statusOf(item) !== job.status) return refresh();
  const bar = item.querySelector("progress");
  if (!bar) return undefined;
  const fraction = job.progress ? job.progress.fraction : 0;
  const before = item.dataset.iteration;
  bar.value = fraction;
  bar.textContent = percent(fraction);
  if (job.status === "running") item.querySelector(".detail").textContent = detail(job);
  const iteration = job.progress ? `${job.progress.stage} ${job.progress.iteration}` : "";
  item.dataset.iteration = iteration;
  if (before !== undefined && before !== iteration) tell(`${titleOf(item)}: ${detail(job)}`);
  return undefined;
}

function tell(news) {
  element("news").textContent = news;
}

let refreshing = null;

// One at a time; a call that comes meanwhile gets another one afterwards.
function refresh() {
  if (refreshing) {
    refreshing.again = true;
    return refreshing.done;
  }
  const state = { again: false };
  refreshing = state;
  state.done = (async () => {
    try {
      do {
        state.again = false;
        await refreshOnce();
      } while (state.again);
    } finally {
      refreshing = null;
    }
  })();
  return state.done;
}

async function refreshOnce() {
  const before = new Map([...document.querySelectorAll(".job")].map((item) => [item.id, statusOf(item)]));
  update(element("jobs"), await piece("/page/jobs"), (old, item) => statusOf(old) === statusOf(item));
  let hasFinished = false;
  for (const item of document.querySelectorAll(".job")) {
    const status = statusOf(item);
    for (const button of item.querySelectorAll(".cancel")) button.hidden = false;
    if (before.get(item.id) === status) continue;
    if (before.has(item.id)) tell(`${titleOf(item)}: ${status}`);
    hasFinished = hasFinished || status === "succeeded";
  }
  if (hasFinished || !element("models").querySelector(".cards")) {
    update(element("models"), await piece("/page/models"), () => true);
  }
  followRunning();
}

function followRunning() {
  const running = [...document.querySelectorAll(".job[data-status='running']")].map((item) => item.id);
  for (const [id, control] of streams) if (!running.includes(id)) control.abort();
  // The oldest first: they are nearest to their end.
  for (const id of running.reverse()) {
    if (streams.size >= mostStreams) return;
    if (!streams.has(id)) follow(id);
  }
}

function stopStreams() {
  for (const control of streams.values()) control.abort();
}

// fetch, not EventSource: that cannot send a token.
async function follow(id) {
  const control = new AbortController();
  streams.set(id, control);
  let lastID = "";
  let pause = 1000;
  while (!control.signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream" };
      if (lastID) headers["Last-Event-ID"] = lastID;
      const answer = await ask(`/jobs/${id}/events`, { headers, signal: control.signal });
      for await (const event of eventsOf(answer.body)) {
        if (event.id) lastID = event.id;
        if (event.retry) pause = event.retry;
        if (event.type === "progress" || event.type === "end") show(JSON.parse(event.data));
        if (event.type === "end") control.abort();
      }
    } catch (error) {
      // A cut or a restarting server: once more, after a while. A refusal stands.
      if (error instanceof Refused && error.status < 500 && error.status !== 429) control.abort();
    }
    if (!control.signal.aborted) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  streams.delete(id);
}

// The events of a stream (WHATWG HTML, §9.2.6), as far as this server writes them: LF ends lines.
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = { type: "message", data: "", id: "", retry: 0 };
      for (const line of block.split("\n")) {
        const colon = line.indexOf(":");
        const content = line.slice(colon + 1).replace(/^ /, "");
        if (line.startsWith("event:")) event.type = content;
        else if (line.startsWith("data:")) event.data += content;
        else if (line.startsWith("id:")) event.id = content;
        else if (line.startsWith("retry:")) event.retry = Number(content);
      }
      yield event;
    }
  }
}

element("jobs").addEventListener("click", async (event) => {
  const button = event.target.closest(".cancel");
  if (!button) return;
  button.disabled = true;
  const item = button.closest(".job");
  try {
    await ask(`/jobs/${item.id}/cancel`, { method: "POST" });
    tell(`${titleOf(item)}: cancelling`);
  } catch (error) {
    button.disabled = false;
    tell(error.message);
  }
  refresh().catch(() => {});
});

// MARK: Downloads

// RFC 6266: `filename*` is for those who know it.
function nameOf(answer) {
  const field = answer.headers.get("Content-Disposition") || "";
  const wide = /filename\*=UTF-8''([^;]+)/.exec(field);
  if (wide) return decodeURIComponent(wide[1]);
  const plain = /filename="([^"]+)"/.exec(field);
  return plain ? plain[1] : "model";
}

// A link cannot bring a token along, so the script fetches the file where there is one.
element("models").addEventListener("click", async (event) => {
  const link = event.target.closest("a[download]");
  if (!link || !sessionStorage.getItem(tokenKey)) return;
  event.preventDefault();
  tell("Downloading");
  try {
    const answer = await ask(link.getAttribute("href"));
    const file = document.createElement("a");
    file.href = URL.createObjectURL(await answer.blob());
    file.download = nameOf(answer);
    file.click();
    setTimeout(() => URL.revokeObjectURL(file.href), 60000);
    tell("Downloaded");
  } catch (error) {
    tell(error.message);
  }
});

// MARK: The form

function setUpForm() {
  const form = element("request-form");
  if (!form) return;
  const slider = element("sparsity");
  const value = element("sparsity-value");
  const showSparsity = () => {
    value.value = `${slider.value}\u00a0%`;
    slider.setAttribute("aria-valuetext", `${slider.value} percent`);
  };
  value.hidden = false;
  slider.addEventListener("input", showSparsity);
  showSparsity();

  const items = [...form.querySelectorAll(".classes li")];
  const find = element("find");
  form.querySelector(".tools").hidden = items.length < 12;
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const item of items) {
      const isChecked = item.querySelector("input").checked;
      item.hidden = !isChecked && !item.textContent.toLowerCase().includes(wanted);
    }
  });
  // Enter there would send the form.
  find.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  element("clear").addEventListener("click", () => {
    for (const item of items) item.querySelector("input").checked = false;
    find.value = "";
    find.dispatchEvent(new Event("input"));
  });
  form.addEventListener("submit", submit);
  const choice = element("base-model");
  if (!choice) return;
  choice.form.querySelector("button").hidden = true;
  choice.addEventListener("change", async () => {
    const path = `/page/form?base_model=${encodeURIComponent(choice.value)}`;
    element("request").replaceChildren(...(await piece(path)).childNodes);
    setUpForm();
    element("base-model").focus();
  });
}

async function submit(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button[type='submit']");
  const error = element("form-error");
  error.textContent = "";
  button.disabled = true;
  try {
    const answer = await ask("/", {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
    });
    const job = await answer.json();
    await refresh();
    const item = element(job.id);
    if (item) item.querySelector("h3").focus();
    tell(job.result_model ? "There is such a model already." : "Your job is in the queue.");
  } catch (problem) {
    error.textContent = problem.message;
  } finally {
    button.disabled = false;
  }
}

// MARK: From now on

async function load() {
  if (element("token-needed") && !sessionStorage.getItem(tokenKey)) {
    askForToken("");
    return;
  }
  try {
    // The server has written all of it, unless it asks for tokens.
    if (!element("request-form")) {
      const form = await piece("/page/form");
      element("token-form").hidden = true;
      element("sign-out").hidden = !sessionStorage.getItem(tokenKey);
      element("request").replaceChildren(...form.childNodes);
      setUpForm();
    }
    await refresh();
  } catch (error) {
    if (error.status !== 401) tell(error.message);
  }
}

localTimes(document);
setUpForm();
load();
setInterval(() => {
  if (!document.hidden && element("token-form").hidden) refresh().catch(() => {});
}, pollEvery);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && element("token-form").hidden) refresh().catch(() => {});
});
