// The search of the site. The index and the library that reads it are loaded when somebody first turns to the search.
const root = document.documentElement.dataset.root;
const box = document.querySelector(".search");
const input = box.querySelector("input");
const list = box.querySelector("ul");
box.hidden = false;

function loadScript(name) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${root}assets/${name}`;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${name} was not loaded`));
    document.head.append(script);
  });
}

/** A name is also found by its parts: `updateJsonFile` by json. */
function termsOf(term) {
  const parts = term.replaceAll(/([a-z])([A-Z])/g, "$1 $2").split(" ");
  return parts.length > 1 ? [term, ...parts].map((each) => each.toLowerCase()) : term.toLowerCase();
}

/** How much a page counts: first what answers a question of a user. */
const boosts = [
  [/^docs\/faq\.html/, 4],
  // The changelog says everything once more, and these say how the module is built.
  [/^CHANGELOG/, 0.1],
  [/^docs\/(?:proof|design|formats)/, 0.3],
  [/^api\/testing\//, 0.3],
  // The options of every write.
  [/^api\/ReplaceOptions\.html/, 1],
  // Members are many, and looked for by their whole name.
  [/^api\/.*#/, 0.5],
];

let loading;
function loadIndex() {
  return loading ??= Promise.all([loadScript("minisearch.js"), loadScript("search_index.js")]).then(() => {
    const index = new globalThis.MiniSearch({
      fields: ["title", "text"],
      storeFields: ["title", "within", "address"],
      processTerm: termsOf,
      searchOptions: {
        boost: { title: 8 },
        combineWith: "AND",
        prefix: true,
        fuzzy: (term) => term.length > 4 ? 0.2 : false,
        processTerm: (term) => term.toLowerCase(),
        boostDocument: (_id, _term, { address }) => boosts.find(([pages]) => pages.test(address))?.[1] ?? 1,
      },
    });
    index.addAll(globalThis.searchEntries);
    return index;
  });
}

function show(found) {
  const items = found.map(({ title, within, address }) => {
    const link = document.createElement("a");
    link.href = root + address;
    link.append(title, Object.assign(document.createElement("small"), { textContent: within }));
    const item = document.createElement("li");
    item.setAttribute("role", "option");
    item.append(link);
    return item;
  });
  if (items.length === 0) items.push(Object.assign(document.createElement("li"), { textContent: "Nothing found" }));
  list.replaceChildren(...items);
  open(true);
}

function open(isOpen) {
  list.hidden = !isOpen;
  input.setAttribute("aria-expanded", String(isOpen));
}

input.addEventListener("focus", () => void loadIndex());
input.addEventListener("input", async () => {
  const wanted = input.value.trim();
  const index = await loadIndex();
  // Somebody may have typed on meanwhile.
  if (wanted !== input.value.trim()) return;
  if (wanted === "") open(false);
  else {
    const name = wanted.toLowerCase();
    const isExact = ({ title }) => title.toLowerCase() === name || title.toLowerCase().endsWith(`options.${name}`);
    const found = index.search(wanted);
    show([...found.filter(isExact), ...found.filter((each) => !isExact(each))].slice(0, 20));
  }
});

document.addEventListener("keydown", (event) => {
  const links = [...list.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "/" && document.activeElement !== input) input.focus();
  else if (event.key === "Escape") open(false);
  else if (event.key === "Enter" && document.activeElement === input) links[0]?.click();
  else if (event.key === "ArrowDown" && !list.hidden) (links[at + 1] ?? links[0])?.focus();
  else if (event.key === "ArrowUp" && !list.hidden) (links[at - 1] ?? input).focus();
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  if (!box.contains(event.target)) open(false);
  else if (event.target.closest("a")) open(false);
});
