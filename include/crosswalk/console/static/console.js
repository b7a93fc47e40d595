// Follows Airflow's light or dark theme, and leads out of the frame Airflow shows these pages in. The pages work without it.
(() => {
  const page = document.documentElement;
  const framed = window.parent !== window;
  const airflow = () => window.parent.document; // same origin: Airflow serves both

  function follow() {
    // Airflow keeps the choice as "light", "dark" or "system", and marks its own page with the outcome.
    let theme = localStorage.getItem("theme");
    if (framed) {
      theme = ["dark", "light"].find((name) => airflow().documentElement.classList.contains(name)) ?? theme;
    }
    if (theme === "dark" || theme === "light") page.dataset.theme = theme;
    else delete page.dataset.theme;
  }

  function leave(event) {
    const link = event.target.closest("a[data-airflow]");
    if (!link) return;
    // The frame may not navigate the page around it; a link of that page's own may.
    event.preventDefault();
    const way = airflow().createElement("a");
    way.href = link.href;
    if (link.origin !== location.origin) Object.assign(way, { target: "_blank", rel: "noopener noreferrer" });
    airflow().body.append(way);
    way.click();
    way.remove();
  }

  follow();
  window.addEventListener("storage", follow);
  if (framed) {
    page.dataset.framed = "";
    new MutationObserver(follow).observe(airflow().documentElement, { attributeFilter: ["class"] });
    document.addEventListener("click", leave);
  }
})();
