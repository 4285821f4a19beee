// Everything here only adds comfort: each page works with JavaScript off.
import { initAll } from "../build/govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// Radios that open a part of the page are marked as expanded, which ARIA does not allow
// on a radio; what they open follows them in the page.
function unmark() {
  document
    .querySelectorAll("input[type=radio][aria-expanded]")
    .forEach((radio) => radio.removeAttribute("aria-expanded"));
}
unmark();
document.addEventListener("click", unmark);
window.addEventListener("pageshow", unmark);

const SECONDS = 2;

/** Keep one progress bar up to date; reload the page when the work has ended. */
async function follow(box) {
  const bar = box.querySelector("progress");
  const count = box.querySelector("[data-progress-count]");
  const message = box.querySelector("[data-progress-message]");
  box.querySelector("[data-progress-link]").hidden = true;
  const number = new Intl.NumberFormat("en-GB");
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    const answer = await fetch(box.dataset.poll, {
      headers: { Accept: "application/json" },
    }).catch(() => null);
    if (!answer || !answer.ok) continue;
    const state = await answer.json();
    if (state.finished) {
      location.reload();
      return;
    }
    bar.max = state.total || 1;
    bar.value = state.done;
    count.textContent = `${number.format(state.done)} of ${number.format(state.total)}`;
    message.textContent = state.message ? `: ${state.message}` : "";
  }
}

document.querySelectorAll("[data-poll]").forEach(follow);
