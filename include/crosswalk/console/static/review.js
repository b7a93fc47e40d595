// The review by keyboard. An element with data-key is pressed by that key (a field is entered), data-row are what j and k move through.
// data-ask is only focused by its key, so that the second press or Enter decides. The pages work without this script.
(() => {
  const MOVES = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
  const SELF_SERVED = "select, textarea, input:not([type=checkbox], [type=radio])";
  const rows = () => [...document.querySelectorAll("[data-row]")];

  function current() {
    const inside = document.activeElement?.closest("tr")?.querySelector("[data-row]");
    return inside ?? rows().find((row) => row.checked) ?? null;
  }

  function take(row) {
    if (!row) return;
    if (row.type === "radio") row.checked = true;
    row.focus();
  }

  function move(step) {
    const all = rows();
    const at = all.indexOf(current());
    take(all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)]);
  }

  function press(element) {
    if (element.matches(SELF_SERVED)) {
      element.focus();
      element.select?.();
    } else if ("ask" in element.dataset && document.activeElement !== element) element.focus();
    else element.click();
  }

  const boxes = () => [...document.querySelectorAll("input[name=record][type=checkbox]")];
  const boxHere = () => document.activeElement?.closest("tr")?.querySelector("input[name=record][type=checkbox]");

  function tickOneAtLeast() {
    // Link and Import are about the row one stands on when nothing is ticked.
    const all = document.querySelector("input[name=all]");
    const here = boxHere();
    if (here && !all?.checked && !boxes().some((box) => box.checked)) here.checked = true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches(SELF_SERVED)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const step = MOVES[event.key];
    const pressed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (step) move(step);
    else if (event.key === "x" && boxHere()) boxHere().click();
    else if (pressed) {
      if (event.key === "l" || event.key === "i") tickOneAtLeast();
      press(pressed);
    } else return;
    event.preventDefault();
  });

  document.addEventListener("change", (event) => {
    if ("tickAll" in event.target.dataset) for (const box of boxes()) box.checked = event.target.checked;
  });

  (document.querySelector("[data-first]") ?? document.querySelector("[data-row]:checked") ?? rows()[0])?.focus();
})();
