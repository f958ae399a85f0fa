"use strict";
(() => {
  // The answers are encoded so that a look at the page's source does not give them away; they are no secret.
  const form = document.querySelector("form");
  const answers = JSON.parse(atob(form.dataset.key));
  const tolerance = Number(form.dataset.tolerance);
  const items = [...form.querySelectorAll("li")];
  const score = document.getElementById("score");
  const read = (text) => Number(text.trim().replace(/\u2212/g, "-").replace(",", ".") || NaN);
  const show = (number) => (Math.round(number * 1e6) / 1e6 + 0).toFixed(6).replace("-", "\u2212");

  const check = (item, place) => {
    const field = item.querySelector("input");
    const verdict = item.querySelector(".verdict");
    const empty = field.value.trim() === "";
    const right = !empty && Math.abs(read(field.value) - answers[place]) <= tolerance;
    const number = empty || !Number.isNaN(read(field.value));
    verdict.className = "verdict " + (empty ? "" : right ? "right" : "wrong");
    verdict.textContent = empty ? "" : right ? "\u2713 correct" : number ? "\u2717 not yet" : "\u2717 not a number";
    if (empty) field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", String(!right));
    return right;
  };
  const checkAll = () => {
    const right = items.filter(check).length;
    score.textContent = right + " of " + items.length + " correct";
  };

  items.forEach((item, place) => {
    item.querySelector("input").addEventListener("change", () => { check(item, place); checkAll(); });
    item.querySelector("button").addEventListener("click", () => {
      item.querySelector(".verdict").className = "verdict";
      item.querySelector(".verdict").textContent = "answer: " + show(answers[place]);
    });
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); checkAll(); });
  form.addEventListener("reset", () => setTimeout(checkAll));
})();
