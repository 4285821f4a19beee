// A list that follows what is typed: the filters' own address, fetched and shown.
// Without this the button does the same.

const WAIT = 250;

/** Keep the list with the id `box.dataset.live` at what the filters in `box` ask. */
function follow(box) {
  const form = box.querySelector("form");
  const list = document.getElementById(box.dataset.live);
  let waiting = 0;
  let asked = null;

  async function show() {
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    const address = `${location.pathname}?${query}`;
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(address, { signal: asked.signal });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const status = list.querySelector("[data-live-status]");
      const found = page.getElementById(list.id);
      const words = found.querySelector("[data-live-status]").textContent;
      found.querySelector("[data-live-status]").remove();
      list.replaceChildren(...found.childNodes, status);
      status.textContent = words;
      history.replaceState(null, "", address);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  form.addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(show, event.target.type === "search" ? WAIT : 0);
  });
}

document.querySelectorAll("[data-live]").forEach(follow);
