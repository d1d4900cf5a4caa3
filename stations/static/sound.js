/* The four tones: told apart by rhythm, not only by pitch. [hertz, milliseconds, pause before] */

export const TONES = {
  accepted: [[1320, 80, 0]],
  refused: [[220, 180, 0], [196, 180, 90]],
  complete: [[660, 90, 0], [880, 90, 40], [1320, 140, 40]],
  attention: [[560, 420, 0]],
};

let context = null;

export function volume() {
  const kept = Number(localStorage.getItem("station.volume") ?? "0.6");
  return Number.isFinite(kept) ? Math.min(Math.max(kept, 0), 1) : 0.6;
}

/* Play a tone now; a browser that does not allow sound before the first key stays silent. */
export function play(tone) {
  const loud = volume();
  if (!loud || !TONES[tone] || typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  let at = context.currentTime + 0.005;
  for (const [hertz, length, pause] of TONES[tone]) {
    at += pause / 1000;
    const oscillator = new OscillatorNode(context, { frequency: hertz, type: "triangle" });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setTargetAtTime(loud, at, 0.003);
    gain.gain.setTargetAtTime(0, at + length / 1000 - 0.012, 0.004);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + length / 1000);
    at += length / 1000;
  }
}
