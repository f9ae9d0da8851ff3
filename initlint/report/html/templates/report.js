// A link to a layer or a finding also opens what it stands in.
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let around = target && target.closest("details"); around; around = around.parentElement.closest("details")) {
    around.open = true;
  }
  if (target) target.scrollIntoView({ block: "center" });
}
addEventListener("hashchange", reveal);
reveal();

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
