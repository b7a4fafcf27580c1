// Names for what the theme leaves without one, and a way in by keyboard to what can be scrolled.
function name() {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  document.querySelectorAll(".md-code__nav").forEach((each, at) => each.setAttribute("aria-label", `Block ${at + 1}`));
  for (const each of document.querySelectorAll("nav[aria-labelledby]")) {
    if (document.getElementById(each.getAttribute("aria-labelledby"))?.textContent.trim()) continue;
    each.removeAttribute("aria-labelledby");
    each.setAttribute("aria-label", each.closest("li")?.querySelector("a")?.textContent.trim() ?? "Pages");
  }
  for (const each of document.querySelectorAll(".md-typeset__scrollwrap")) each.tabIndex = 0;
  for (const each of document.querySelectorAll("th:empty")) each.replaceWith(document.createElement("td"));
}
name();
new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
