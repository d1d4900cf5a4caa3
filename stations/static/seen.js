/* Which codes of a running picture count now.

   A code counts once, until it has left the picture for a second: until frames without it, the
   first and the last of them a second apart, have been looked at. Frames that nobody looked at
   say nothing, so a slow answer never makes a code count twice. */

export const GONE_MS = 1000;

export class Seen {
  #codes = new Map(); // code -> {votes, counted, goneSince}

  /* The codes of a frame that was taken at *at* (ms); returns those that count now.
     votes: in how many frames running a code must be before it counts. */
  look(codes, at, votes = 1) {
    const there = new Set(codes);
    this.#without(there, at);
    return [...there].filter((code) => this.#counts(code, votes));
  }

  #without(there, at) {
    for (const [code, one] of this.#codes) {
      if (there.has(code)) one.goneSince = null;
      else if (!one.counted) this.#codes.delete(code);
      else {
        one.goneSince ??= at;
        if (at - one.goneSince >= GONE_MS) this.#codes.delete(code);
      }
    }
  }

  #counts(code, votes) {
    const one = this.#codes.get(code) ?? { votes: 0, counted: false, goneSince: null };
    this.#codes.set(code, one);
    one.votes += 1;
    if (one.counted || one.votes < votes) return false;
    one.counted = true;
    return true;
  }
}
