/* The board's figures are taken anew when the server says that something changed.

   The server draws them; here they are only put in place. Who reads can stop it, and what has the
   keyboard's focus keeps it. */

const root = document.getElementById("board");
const view = document.getElementById("board-view");
const pause = document.getElementById("board-pause");
const away = document.getElementById("board-away");
let busy = false;
let again = false;

async function renew() {
  if (pause?.checked) return;
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const response = await fetch(root.dataset.view);
    if (response.status === 401 || response.status === 403) {
      location.reload(); // logged out meanwhile: the log-in page says so
      return;
    }
    if (!response.ok) throw new Error(response.status);
    put(await response.text());
    away.hidden = true;
  } catch {
    away.hidden = false; // old figures must not pass for new ones
  } finally {
    busy = false;
  }
  if (again) {
    again = false;
    renew();
  }
}

function put(html) {
  const focused = view.contains(document.activeElement) ? document.activeElement : null;
  const href = focused?.getAttribute("href");
  const scrolls = [...view.querySelectorAll(".wide")].map((one) => one.scrollLeft);
  view.innerHTML = html;
  const bell = document.getElementById("bell"); // in the frame of the page, which stays
  if (bell) {
    bell.textContent = view.querySelector("[data-bell]").dataset.bell;
    bell.parentElement.classList.toggle("attention", bell.textContent !== "0");
  }
  [...view.querySelectorAll(".wide")].forEach((one, n) => (one.scrollLeft = scrolls[n] ?? 0));
  if (focused?.id) document.getElementById(focused.id)?.focus();
  else if (href) [...view.querySelectorAll("a")].find((a) => a.getAttribute("href") === href)?.focus();
}

function listen() {
  const source = new EventSource(root.dataset.changes);
  source.addEventListener("change", renew);
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return; // the browser comes back by itself
    away.hidden = false;
    setTimeout(listen, 15_000);
  });
}

pause?.addEventListener("change", renew);
addEventListener("online", renew);
listen();
document.documentElement.dataset.ready = "yes";
