/* What must survive a reload: unsent scans in their order, and the last state of the page.
   Codes only; nothing here names a person. */

const NAME = "station";

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("scans", { keyPath: "n", autoIncrement: true });
      request.result.createObjectStore("state");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export class Kept {
  static async open() {
    const kept = new Kept();
    kept.database = await opened();
    return kept;
  }

  /* Keep one message; resolves with its number when it is on the disk, where no power cut takes it. */
  async add(message) {
    const transaction = this.database.transaction("scans", "readwrite", { durability: "strict" });
    const request = transaction.objectStore("scans").add(message);
    transaction.commit(); // at once: a page that is closed now takes nothing back
    await done(transaction);
    return request.result;
  }

  async remove(n) {
    const transaction = this.database.transaction("scans", "readwrite");
    transaction.objectStore("scans").delete(n);
    await done(transaction);
  }

  /* All that is unsent, the oldest first. */
  async all() {
    const transaction = this.database.transaction("scans", "readonly");
    const request = transaction.objectStore("scans").getAll();
    await done(transaction);
    return request.result;
  }

  async save(key, value) {
    const transaction = this.database.transaction("state", "readwrite");
    transaction.objectStore("state").put(value, key);
    await done(transaction);
  }

  async load(key) {
    const transaction = this.database.transaction("state", "readonly");
    const request = transaction.objectStore("state").get(key);
    await done(transaction);
    return request.result;
  }
}
