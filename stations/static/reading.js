/* Who reads a picture: this device where its browser can, else the server. One picture at a time. */

const PATIENCE_MS = 15_000;

/* What the floor has on its goods and on our own labels; without both, the server reads. */
const NEEDED = ["ean_13", "code_128"];
const TRUSTED = [...NEEDED, "upc_a", "qr_code", "data_matrix"];

/* The reader of this device, null where the browser has none that knows the floor's codes. */
export async function deviceReader() {
  if (!("BarcodeDetector" in globalThis)) return null;
  const known = await BarcodeDetector.getSupportedFormats();
  if (!NEEDED.every((format) => known.includes(format))) return null;
  return new BarcodeDetector({ formats: TRUSTED.filter((format) => known.includes(format)) });
}

export class Server {
  #last = Promise.resolve();

  constructor(station, address) {
    this.station = station;
    this.address = address;
  }

  /* The answer to a picture: {codes}, {problem: a sentence}, {busy: ms to wait}, or null when it
     cannot be had now. Whoever asks meanwhile waits for the answer before. */
  ask(body, kind, scanId = "") {
    this.#last = this.#last.then(() => this.#send(body, kind, scanId));
    return this.#last;
  }

  async #send(body, kind, scanId) {
    const address = new URL(this.address, location.href);
    address.searchParams.set("kind", kind);
    if (scanId) address.searchParams.set("scan_id", scanId);
    try {
      const response = await fetch(address, {
        method: "POST",
        headers: {
          "Content-Type": "application/octet-stream",
          "X-CSRFToken": this.station.token,
        },
        body,
        signal: AbortSignal.timeout(PATIENCE_MS),
        redirect: "error",
      });
      return await this.#answer(response);
    } catch {
      return null;
    }
  }

  async #answer(response) {
    if (response.ok) return response.json();
    if (response.status === 401) return this.station.lockedOut();
    if (response.status === 400) {
      await this.station.state(); // the form token was of a log-in before
      return { busy: 0 };
    }
    if (response.status === 429) {
      return { busy: 1000 * Number(response.headers.get("Retry-After") ?? 1) };
    }
    return { problem: (await response.json()).detail };
  }
}
