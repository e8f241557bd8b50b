// Keys for the queue: a verdict each, without waiting for a page. Everything here works without it, by forms.
const AHEAD = 8; // open cards; below it more are fetched
const queue = document.getElementById("queue");
if (queue) start(queue);
if (document.querySelector("[data-busy]")) follow();
for (const chart of document.querySelectorAll(".scroll:has(> svg)")) chart.scrollLeft = chart.scrollWidth; // the newest days

// Work that takes minutes: its panel is brought up to date, and the page around it when it has ended.
async function follow() {
  let page = document;
  while (page.querySelector("[data-busy]")) {
    await new Promise((done) => setTimeout(done, 3000));
    const answer = await fetch(location.pathname).catch(() => null);
    if (!answer?.ok) continue;
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const job = page.getElementById("job");
    if (!job) return location.reload(); // logged out meanwhile
    document.getElementById("job").replaceChildren(...job.cloneNode(true).childNodes);
  }
  document.getElementById("main").replaceChildren(...page.getElementById("main").childNodes);
}

function start(queue) {
  document.documentElement.classList.add("keys-work");
  const said = document.getElementById("said");
  const given = []; // cards with a verdict, the last one last
  const open = () => [...queue.querySelectorAll(".card:not(.given)")];
  let chosen = null;

  const choose = (card, scroll = true) => {
    chosen = card ?? null;
    card?.focus({ preventScroll: true });
    if (scroll) card?.scrollIntoView({ block: "nearest" });
  };
  const hold = () => { // a card is in hand as long as one is open
    if (!chosen || chosen.classList.contains("given")) choose(open()[0]);
  };
  const move = (by) => {
    const cards = open();
    if (!cards.length) return;
    const at = chosen ? cards.indexOf(chosen) : -1;
    choose(cards[Math.max(0, Math.min(cards.length - 1, at + by))]);
  };
  const tell = (text, trouble = false) => {
    said.textContent = text;
    said.classList.toggle("trouble", trouble);
  };

  async function ask(path, method, body) {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json", "X-Form-Token": queue.dataset.token },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.error ?? answer.statusText);
    document.getElementById("waiting").textContent = told.waiting;
    return told;
  }

  async function give(card, value) {
    const form = card.querySelector("form.verdict");
    if (!form) return;
    const [verdict, reason = ""] = value.split(":");
    const data = new FormData(form);
    const cards = open();
    const next = cards[cards.indexOf(card) + 1] ?? cards[cards.indexOf(card) - 1];
    const name = form.querySelector(`[value="${value}"]`).firstChild.textContent.trim();
    show(card, name);
    choose(next);
    if (open().length < AHEAD) more();
    try {
      const done = await ask(`/api/items/${card.dataset.item}/verdict`, "POST", {
        verdict,
        reason,
        labels: verdict === "relabel" ? data.getAll("labels") : [],
        note: data.get("why") ?? "",
        whole_story: data.has("story"),
      });
      for (const other of done.items) {
        const same = document.getElementById(`i${other}`);
        if (same && same !== card && !same.classList.contains("given")) show(same, name);
      }
      hold();
      tell(`${queue.dataset.noted} ${name}`);
    } catch (problem) {
      hide(card);
      choose(card);
      tell(`${queue.dataset.failed} ${problem.message}`, true);
    }
    if (open().length < AHEAD) more();
  }

  function show(card, name) {
    card.classList.add("given");
    const line = document.createElement("p");
    line.className = "outcome facts";
    const undo = document.createElement("button");
    undo.type = "button";
    undo.className = "quiet";
    undo.textContent = queue.dataset.undo;
    undo.addEventListener("click", () => takeBack(card));
    line.append(`${name} · ${card.querySelector("h2").textContent.slice(0, 80)} `, undo);
    card.append(line);
    given.push(card);
  }

  function hide(card) {
    card.classList.remove("given");
    card.querySelector(".outcome")?.remove();
    given.splice(given.indexOf(card), 1);
  }

  async function takeBack(card) {
    if (!card) return;
    try {
      await ask(`/api/items/${card.dataset.item}/verdict`, "DELETE");
      hide(card);
      choose(card);
      tell(queue.dataset.undone);
    } catch (problem) {
      tell(`${queue.dataset.failed} ${problem.message}`, true);
    }
  }

  let loading = false, again = false;
  async function more() {
    again = loading; // what is on its way may have left before the last verdict was stored
    if (loading) return;
    loading = true;
    try {
      do {
        again = false;
        const link = document.getElementById("more");
        if (link) await fetchMore(link);
        hold();
      } while (again && open().length < AHEAD);
    } catch (problem) {
      tell(`${queue.dataset.unread} ${problem.message}`, true);
    } finally {
      loading = false;
    }
  }

  async function fetchMore(link) {
    const wanted = new URL(link.href);
    wanted.searchParams.delete("skip"); // what was given is gone from the list, what stands here is known by its id
    const answer = await fetch(wanted);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const card of page.querySelectorAll(".card")) {
      if (!document.getElementById(card.id)) queue.querySelector(".cards").append(document.adoptNode(card));
    }
    const further = page.getElementById("more");
    if (further) link.href = further.getAttribute("href");
    else link.remove();
  }

  queue.addEventListener("submit", (event) => {
    const form = event.target.closest("form.verdict");
    if (!form || !event.submitter?.value) return;
    event.preventDefault();
    give(form.closest(".card"), event.submitter.value);
  });
  queue.addEventListener("focusin", (event) => {
    const card = event.target.closest(".card:not(.given)");
    if (card) chosen = card;
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (typing) {
      if (event.key === "Escape") choose(chosen);
      return;
    }
    const key = event.key.toLowerCase();
    const tagging = chosen?.classList.contains("tagging");
    if (tagging && "gcs".includes(key)) {
      const first = { g: "geopolitical", c: "compliance", s: "supply_chain" }[key];
      const box = chosen.querySelector(`[name=labels][value=${first}]`);
      box.checked = !box.checked;
    } else if (tagging && (key === "r" || key === "enter")) {
      chosen.classList.remove("tagging");
      give(chosen, "relabel");
    } else if (tagging && key === "escape") {
      chosen.classList.remove("tagging");
      choose(chosen);
    } else if (key === "r" && chosen) {
      chosen.classList.add("tagging");
      chosen.querySelector("fieldset input").focus();
    } else if (key === "j" || key === "arrowdown") {
      move(1);
    } else if (key === "k" || key === "arrowup") {
      move(-1);
    } else if (key === "u") {
      takeBack(given[given.length - 1]);
    } else if (chosen && key === "w") {
      chosen.querySelector(".why-box").toggleAttribute("open");
    } else if (chosen && key === "o") {
      location.href = chosen.querySelector("h2 a").href;
    } else if (chosen && key === "m") {
      location.href = chosen.querySelector("[data-key=m]").href;
    } else if (chosen && key === "b") {
      const box = chosen.querySelector("[name=story]");
      if (box) box.checked = !box.checked;
    } else if (chosen && chosen.querySelector(`button[data-key="${CSS.escape(key)}"]`)) {
      give(chosen, chosen.querySelector(`button[data-key="${CSS.escape(key)}"]`).value);
    } else return;
    event.preventDefault();
  });

  choose(open()[0], false);
}
