// Starts the kits' components on the page. Pages work without it.
import { initAll as startGovuk } from "./govuk-frontend.min.js";
import { initAll as startMoj } from "./moj-frontend.min.js";

// A page that the back/forward cache kept may show what its reader may no longer see: it is emptied and asked for anew.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    document.body.replaceChildren();
    window.location.reload();
  }
}, true);

document.body.classList.add("js-enabled", "govuk-frontend-supported");
startGovuk();
startMoj();
