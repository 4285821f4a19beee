// A picker of records for any form: an input with data-register="ADDRESS" finds records
// by every name they have. Works from another site; without it the input stays as it is.
//
// What is sent: the key of the record chosen (data-value="curie": register:key), or what
// was typed where nothing was chosen. The pattern is the ARIA combobox.

const WAIT = 150;
const LOOK = `
  .register-picker { position: relative; max-width: 100%; }
  .register-picker__list { position: absolute; z-index: 10; left: 0; right: 0; margin: 0;
    padding: 0; list-style: none; max-height: 20em; overflow-y: auto;
    background: #fff; color: #0b0c0c; border: 2px solid #0b0c0c; border-top: 0; }
  .register-picker__list[hidden] { display: none; }
  .register-picker__option { padding: 0.4em 0.5em; cursor: pointer; }
  .register-picker__option[aria-selected="true"], .register-picker__option:hover {
    background: #12436d; color: #fff; outline: 3px solid transparent; }
  .register-picker__other { font-size: 0.85em; }
  .register-picker__status { position: absolute; width: 1px; height: 1px; margin: -1px;
    overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;

let count = 0;

/** Turn one input into a picker. */
export function enhance(input) {
  const address = input.dataset.register.replace(/\/$/, "");
  const register = address.slice(address.lastIndexOf("/") + 1);
  const list = document.createElement("ul");
  const status = document.createElement("p");
  const sent = document.createElement("input");
  const box = document.createElement("div");
  const id = `register-picker-${(count += 1)}`;
  let records = [];
  let at = -1;
  let waiting = 0;
  let asked = null;

  box.className = "register-picker";
  Object.assign(list, { id, className: "register-picker__list", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0]?.textContent.trim() || register);
  status.className = "register-picker__status";
  status.setAttribute("role", "status");
  Object.assign(sent, { type: "hidden", name: input.name, value: input.value });
  input.removeAttribute("name");
  input.autocomplete = "off";
  const state = { role: "combobox", "aria-autocomplete": "list", "aria-controls": id };
  for (const [name, value] of Object.entries(state)) input.setAttribute(name, value);
  input.setAttribute("aria-expanded", "false");
  input.replaceWith(box);
  box.append(input, list, status, sent);

  const key = (record) =>
    input.dataset.value === "curie"
      ? `${register}:${encodeURIComponent(record.key)}`
      : record.key;

  function close() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(record) {
    input.value = record.name;
    sent.value = key(record);
    status.textContent = `${record.name} chosen`;
    close();
  }

  function move(to) {
    at = (to + records.length) % records.length;
    [...list.children].forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === at));
      if (index === at) option.scrollIntoView({ block: "nearest" });
    });
    input.setAttribute("aria-activedescendant", `${id}-${at}`);
  }

  function draw(record, index) {
    const option = document.createElement("li");
    Object.assign(option, { id: `${id}-${index}`, className: "register-picker__option" });
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.append(record.name);
    if (record.matched) {
      const other = document.createElement("span");
      other.className = "register-picker__other";
      other.textContent = ` (${record.matched})`;
      option.append(other);
    }
    // Before the input loses the focus, or the list would close first.
    option.addEventListener("mousedown", (event) => {
      event.preventDefault();
      choose(record);
    });
    return option;
  }

  async function look() {
    const query = new URLSearchParams({ q: input.value });
    if ("all" in input.dataset) query.set("all", "1");
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`${address}/picker.json?${query}`, {
        signal: asked.signal,
      });
      if (!answer.ok) return;
      records = (await answer.json()).records;
    } catch (error) {
      return; // the input is still an input
    }
    list.replaceChildren(...records.map(draw));
    at = -1;
    list.hidden = records.length === 0;
    input.setAttribute("aria-expanded", String(records.length > 0));
    const many = records.length === 1 ? "1 record" : `${records.length} records`;
    status.textContent = records.length ? `${many} found` : "Nothing found";
  }

  input.addEventListener("input", () => {
    sent.value = input.value;
    clearTimeout(waiting);
    if (!input.value.trim()) {
      close();
      return;
    }
    waiting = setTimeout(look, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) {
      if (event.key === "ArrowDown" && input.value.trim()) look();
      return;
    }
    if (event.key === "ArrowDown") move(at + 1);
    else if (event.key === "ArrowUp") move(at < 0 ? records.length - 1 : at - 1);
    else if (event.key === "Enter" && at >= 0) choose(records[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(LOOK);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
document.querySelectorAll("input[data-register]").forEach(enhance);
