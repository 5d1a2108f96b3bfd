// Sorts and filters the table of jobs. Without it, the page still shows everything.
"use strict";
(() => {
  const table = document.getElementById("jobs");
  const search = document.getElementById("search");
  if (!table || !search) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const collator = new Intl.Collator(undefined, { numeric: true });

  const comparison = (head, index, sign) => (one, other) => {
    const [a, b] = [one, other].map((row) => row.cells[index].dataset.sort);
    if (a === "" || b === "") return (a === "") - (b === ""); // what is not known comes last
    return sign * (head.classList.contains("number") ? a - b : collator.compare(a, b));
  };

  const sort = (head, index) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const each of heads) each.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...[...rows].sort(comparison(head, index, up ? 1 : -1)));
  };
  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head, index));
    head.append(button);
    head.setAttribute("aria-sort", "none");
  });

  const [words, state] = search.querySelectorAll("input, select");
  const count = search.querySelector("output");
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const fits = !state.value || row.dataset.state === state.value;
      row.hidden = !(fits && wanted.every((word) => texts.get(row).includes(word)));
      shown += !row.hidden;
    }
    count.value = `${shown} of ${rows.length} rows`;
  };
  words.addEventListener("input", filter);
  state.addEventListener("input", filter);
  addEventListener("hashchange", () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row || !row.hidden) return;
    words.value = state.value = ""; // a link leads to a row that is filtered out
    filter();
    row.scrollIntoView();
  });
  search.hidden = false;
  filter();
})();
