// Draws the diagrams of a page, in the colours of its scheme, and again when that changes.
import { mermaid } from "./mermaid/index.js";

const sources = new Map();
for (const element of document.querySelectorAll("pre.diagram")) {
  sources.set(element, element.textContent);
}

async function draw() {
  const dark = document.body.dataset.mdColorScheme === "slate";
  mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "neutral", securityLevel: "strict" });
  let number = 0;
  for (const [element, source] of sources) {
    number += 1;
    const { svg } = await mermaid.render(`diagram-${number}`, source);
    element.innerHTML = svg;
  }
}

if (sources.size > 0) {
  new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  await draw();
}
