// A link to a layer or a finding also opens what it stands in.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let around = target && target.closest("details"); around; around = around.parentElement.closest("details")) {
    around.open = true;
  }
  const hidden = target && target.closest("[hidden]");
  if (hidden) {
    search.value = "";
    search.dispatchEvent(new Event("input"));
  }
  if (target) target.scrollIntoView({ block: "center" });
}
// Search hides findings and models without the words. It needs this script, as sorting does, so without it both are hidden.
const search = document.getElementById("search");
const searched = [...document.querySelectorAll(".finding, details.model")];
const texts = new Map();
function matches(element, words) {
  if (!texts.has(element)) texts.set(element, element.textContent.toLowerCase());
  const file = element.closest(".file");
  const text = `${texts.get(element)} ${file ? file.getAttribute("aria-label").toLowerCase() : ""}`;
  return words.every((word) => text.includes(word));
}
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const element of searched) element.hidden = !matches(element, words);
  for (const file of document.querySelectorAll(".file")) file.hidden = !file.querySelector(".finding:not([hidden])");
  const count = (selector) => document.querySelectorAll(`${selector}:not([hidden])`).length;
  document.getElementById("search-count").textContent = words.length
    ? `findings: ${count(".finding")}, models: ${count("details.model")}`
    : "";
});
document.getElementById("search-tools").hidden = false;

const modelTools = document.getElementById("model-tools");
if (modelTools) {
  const list = document.getElementById("model-list");
  const inOrder = [...list.children];
  const compare = {
    name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
    file: (a, b) => a.dataset.file.localeCompare(b.dataset.file),
    layers: (a, b) => b.dataset.layers - a.dataset.layers,
  };
  document.getElementById("sort").addEventListener("change", (event) => {
    const by = compare[event.target.value];
    list.append(...(by ? [...inOrder].sort(by) : inOrder));
  });
  for (const button of modelTools.querySelectorAll("button")) {
    button.addEventListener("click", () => inOrder.forEach((details) => (details.open = Boolean(button.dataset.open))));
  }
  modelTools.hidden = false;
}

// A wide drawing opens at its input, which stands in the middle.
for (const details of document.querySelectorAll("details.model")) {
  const center = () => {
    const drawing = details.querySelector(".drawing");
    const first = drawing && drawing.querySelector("g.end, a.card");
    if (!first || !details.open) return;
    const box = first.getBoundingClientRect();
    drawing.scrollLeft += box.left + box.width / 2 - drawing.getBoundingClientRect().left - drawing.clientWidth / 2;
  };
  details.addEventListener("toggle", center);
  center();
}

addEventListener("hashchange", reveal);
reveal();
