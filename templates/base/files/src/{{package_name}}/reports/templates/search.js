const form = document.getElementById("search");
const field = form.querySelector("input");
const parts = [...document.querySelectorAll("main details, main tbody tr")].filter((part) => !part.closest("details details, details tr"));
field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const part of parts) {
    const text = part.textContent.toLowerCase();
    part.hidden = !words.every((word) => text.includes(word));
  }
  for (const section of document.querySelectorAll("main section")) {
    const own = parts.filter((part) => section.contains(part));
    section.hidden = own.length > 0 && own.every((part) => part.hidden);
  }
  const shown = parts.filter((part) => !part.hidden).length;
  form.querySelector("output").textContent = words.length ? `${shown} of ${parts.length}` : "";
});
form.hidden = false;
