/* What the camera shows, made small: the part that the person sees, gray, as a JPEG. */

const WIDEST = 960; // pixels: an EAN over a third of the picture still has three for each bar
const QUALITY = 0.7;
const GRID = [24, 16];
const STEP = 10; // of 255: what light and noise change in a cell of the grid
const PHOTO_PIXELS = 12_000_000; // the server takes 20 million; a phone may make 50
const PHOTO_BYTES = 8_000_000;

export class Picture {
  #canvas = document.createElement("canvas");
  #grid = Object.assign(document.createElement("canvas"), { width: GRID[0], height: GRID[1] });
  #before = null;

  /* Take what the video shows now; false while it shows nothing. */
  take(video) {
    const { videoWidth, videoHeight } = video;
    if (!videoWidth || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return false;
    // The element crops (object-fit: cover), and what it does not show is not read.
    const shown = video.clientWidth / video.clientHeight || videoWidth / videoHeight;
    const width = Math.min(videoWidth, videoHeight * shown);
    const height = width / shown;
    const scale = Math.min(1, WIDEST / Math.max(width, height));
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    const pen = this.#canvas.getContext("2d", { alpha: false });
    pen.filter = "grayscale(1)"; // a third fewer bytes, where the browser can
    const left = (videoWidth - width) / 2;
    const top = (videoHeight - height) / 2;
    pen.drawImage(video, left, top, width, height, 0, 0, this.#canvas.width, this.#canvas.height);
    return true;
  }

  get canvas() {
    return this.#canvas;
  }

  /* Whether it differs from the picture that was last asked about; it is that picture from now. */
  changed() {
    const pen = this.#grid.getContext("2d", { alpha: false, willReadFrequently: true });
    pen.drawImage(this.#canvas, 0, 0, ...GRID);
    const cells = pen.getImageData(0, 0, ...GRID).data.filter((_, index) => index % 4 === 1);
    const before = this.#before;
    const differs = !before || cells.some((cell, index) => Math.abs(cell - before[index]) > STEP);
    if (differs) this.#before = cells;
    return differs;
  }

  jpeg() {
    return new Promise((done) => this.#canvas.toBlob(done, "image/jpeg", QUALITY));
  }
}

/* A photo no larger than the server takes; as it is, if this browser cannot open it. */
export async function shrunk(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file; // the server says what is wrong with it
  }
  const scale = Math.min(1, Math.sqrt(PHOTO_PIXELS / (bitmap.width * bitmap.height)));
  if (scale === 1 && file.size <= PHOTO_BYTES) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob((made) => done(made ?? file), "image/jpeg", 0.9));
}
