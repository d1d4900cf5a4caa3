/* Hears a keyboard-wedge scanner: keys in, scans out.

   Characters are rebuilt from the key's place (KeyboardEvent.code) and Shift, so that the PC's
   keyboard layout and Caps Lock cannot change what the scanner sent. A scan ends with Enter or
   Tab; without them after a gap. The gap is long at first, so that a PC that stumbles does not cut
   a code in two; it is short from the first scan on that came without a key at its end.

   Keys that a person types into a field marked data-typed are left alone, unless they come as
   fast as only a scanner types: then they are taken out of the field again and are a scan. */

export const BURST_MS = 35; // keys closer than this on average come from a scanner
export const GAP_MS = 60; // silence that ends a scan without a terminator
export const PATIENCE_MS = 1000; // the same while the scanner may be one that sends Enter
const FEWEST = 3; // fewer characters are a person's
const GROUP_SEPARATOR = "\u001d";

const PLACES = {
  Space: "  ", Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}",
  Backslash: "\\|", IntlBackslash: "\\|", Semicolon: ";:", Quote: "'\"", Backquote: "`~",
  Comma: ",<", Period: ".>", Slash: "/?", NumpadAdd: "++", NumpadSubtract: "--",
  NumpadMultiply: "**", NumpadDivide: "//", NumpadDecimal: "..",
};
const OVER_DIGITS = ")!@#$%^&*(";

/* The character that a US layout has at the key's place; "" for a key without one. */
export function character(code, shift) {
  if (/^Key[A-Z]$/.test(code)) return shift ? code[3] : code[3].toLowerCase();
  if (/^Digit\d$/.test(code)) return shift ? OVER_DIGITS[code[5]] : code[5];
  if (/^Numpad\d$/.test(code)) return code[6];
  return PLACES[code] ? PLACES[code][shift ? 1 : 0] : "";
}

export class Wedge {
  /* onScan(text) gets every scan; onText(text) what is typed so far; field shows it.
     settings: {layout: "us" | "pc", prefix: "", suffix: ""} */
  constructor({ field, onScan, onText = () => {}, settings = {} }) {
    this.field = field;
    this.onScan = onScan;
    this.onText = onText;
    this.settings = { layout: "us", prefix: "", suffix: "", ...settings };
    this.gap = PATIENCE_MS;
    this.altDigits = "";
    this.reset();
  }

  listen(target = document) {
    target.addEventListener("keydown", (event) => this.keydown(event), true);
    target.addEventListener("keyup", (event) => this.keyup(event), true);
    if (this.field) this.field.addEventListener("input", () => this.input());
  }

  reset() {
    this.text = "";
    this.first = this.last = 0;
    this.mark = 0; // where the latest run of keys begins
    this.typedInto = null;
    this.typedBefore = "";
    clearTimeout(this.timer);
  }

  keydown(event) {
    const typed = event.target instanceof Element && event.target.closest("[data-typed]");
    if (this.text && this.typedInto !== (typed || null)) this.reset();
    if (event.isComposing || event.metaKey) return;
    if (event.altKey && !event.ctrlKey) return this.withAlt(event, typed);
    if (event.ctrlKey && !event.altKey) return this.withControl(event, typed);
    if (event.key === "Enter" || event.code === "NumpadEnter" || event.key === "Tab") {
      return this.terminator(event, typed);
    }
    if (event.key === "Escape") return typed ? undefined : this.show("", true);
    if (event.key === "Backspace") {
      if (typed || !this.text) return;
      event.preventDefault();
      this.text = this.text.slice(0, -1);
      return this.show(this.text);
    }
    if (/^F\d+$/.test(event.key)) {
      if (this.inBurst(event)) event.preventDefault();
      return;
    }
    const heard = this.heard(event);
    if (!heard) return;
    if (!this.text && heard === " " && isControl(event.target)) return; // Space presses a button
    this.add(heard, event, typed);
  }

  /* What the key says; without a code (some Android handhelds) what the key event claims. */
  heard(event) {
    const own = event.key.length === 1 ? event.key : "";
    if (this.settings.layout === "pc" || !event.code) return own;
    return character(event.code, event.shiftKey) || (event.code === "Unidentified" ? own : "");
  }

  add(heard, event, typed) {
    if (typed && event.timeStamp - this.last > GAP_MS) this.reset(); // a person's key before
    if (this.text && event.timeStamp - this.last > PATIENCE_MS) {
      this.mark = this.text.length; // what stood before was left over by a person
      this.first = event.timeStamp;
    }
    if (!this.text) {
      this.first = event.timeStamp;
      this.typedInto = typed || null;
      this.typedBefore = typed ? typed.value : "";
    }
    this.text += heard;
    this.last = event.timeStamp;
    if (!typed) {
      event.preventDefault();
      this.show(this.text);
    }
    this.arm();
  }

  arm() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.isBurst()) {
        this.gap = GAP_MS;
        this.end();
      } else if (this.typedInto) this.reset();
    }, this.gap);
  }

  isBurst() {
    const keys = this.text.length - this.mark;
    return keys >= FEWEST && this.last - this.first < BURST_MS * (keys - 1);
  }

  inBurst(event) {
    return this.text !== "" && event.timeStamp - this.last < GAP_MS;
  }

  terminator(event, typed) {
    if (!this.text) return; // Enter and Tab do what they do in every page
    if (typed && !(this.typedInto === typed && this.isBurst())) return this.reset();
    if (event.key === "Tab" && !this.isBurst()) return;
    event.preventDefault();
    event.stopPropagation();
    if (this.isBurst()) this.gap = PATIENCE_MS;
    this.end();
  }

  withControl(event, typed) {
    if (typed && !this.inBurst(event)) return; // copy, paste and undo where a person types
    event.preventDefault(); // no shortcut of the browser comes out of a barcode
    if (event.code === "BracketRight") this.add(GROUP_SEPARATOR, event, typed);
  }

  /* Scanners in "ALT mode" send Alt + the digits of the character's number. */
  withAlt(event, typed) {
    if (typed && !this.inBurst(event)) return;
    event.preventDefault();
    const digit = /^(?:Numpad|Digit)(\d)$/.exec(event.code);
    if (digit) this.altDigits += digit[1];
    this.altEvent = event;
    this.altTyped = typed;
  }

  keyup(event) {
    if (event.key !== "Alt" || !this.altDigits) return;
    const number = Number(this.altDigits);
    this.altDigits = "";
    if (number === 29 || (number >= 32 && number < 127)) {
      this.add(String.fromCharCode(number), this.altEvent, this.altTyped);
    }
  }

  /* Text that came without usable keys: an on-screen keyboard, some Android scanners. */
  input() {
    if (this.field.value === this.text) return;
    const now = performance.now();
    if (!this.text) this.first = now;
    this.text = this.field.value;
    this.last = now;
    this.arm();
  }

  end() {
    let text = this.isBurst() ? this.text.slice(this.mark) : this.text;
    if (this.typedInto) this.typedInto.value = this.typedBefore;
    const { prefix, suffix } = this.settings;
    if (prefix && text.startsWith(prefix)) text = text.slice(prefix.length);
    if (suffix && text.endsWith(suffix)) text = text.slice(0, -suffix.length);
    this.show("", true);
    this.onScan(text);
  }

  show(text, over = false) {
    if (over) this.reset();
    if (this.field && this.field.value !== text) this.field.value = text;
    this.onText(text);
  }
}

function isControl(target) {
  return target instanceof Element && target.closest("button, a, select, summary, input") !== null;
}
