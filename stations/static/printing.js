/* What waits for a printer and what asks for a person, asked for after each new view and again
   while something is open. */

const AGAIN_MS = 3000;
const shown = document.getElementById("printing");
let again = 0;
let asked = 0;

async function ask() {
  clearTimeout(again);
  const mine = (asked += 1);
  try {
    const response = await fetch(shown.dataset.src, { headers: { Accept: "application/json" } });
    if (!response.ok || mine !== asked) return;
    const state = await response.json();
    if (mine !== asked) return;
    if (shown.innerHTML !== state.html) shown.innerHTML = state.html;
    if (state.open) again = setTimeout(ask, AGAIN_MS);
  } catch {
    // Not connected: the page says so already, and asks again after the next view.
  }
}

new MutationObserver(ask).observe(document.getElementById("view"), { childList: true });
ask();
