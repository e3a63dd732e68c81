// Tables are readable without this; with it, a click on a head sorts by its column.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  if (body.rows.length < 3) continue;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const falls = head.getAttribute("aria-sort") === "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falls ? "ascending" : "descending");
      const key = (row) => row.cells[column].dataset.key;
      const order = [...body.rows].sort((a, b) => {
        const [left, right] = [key(a), key(b)];
        if (left === undefined && right === undefined)
          return a.cells[column].textContent.localeCompare(b.cells[column].textContent) * (falls ? 1 : -1);
        // What is absent comes last either way.
        if (left === undefined || right === undefined) return left === undefined ? 1 : -1;
        return (left - right) * (falls ? 1 : -1);
      });
      body.append(...order);
    });
  });
}
