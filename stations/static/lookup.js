/* Counting while the server is away: only a look into the table that the server gave.

   table: {lines: {id: {name, missing}}, codes: {code: [line, quantity]}}; GTINs in it are
   GTIN-14. What needs judgement (lots, expiry, tolerance) is left to the server. */

export function look(table, raw) {
  if (!table) return null;
  const found = table.codes[stored(raw)];
  return found ? { line: found[0], quantity: found[1] } : null;
}

/* The form in which the server stores a product code. */
export function stored(raw) {
  const text = raw.trim().replace(/^\][A-Za-z][A-Za-z0-9]/, "");
  const gs1 = /^\u001d?01(\d{14})/.exec(text);
  if (gs1 && isGtin(gs1[1])) return gs1[1];
  return /^(\d{8}|\d{12,14})$/.test(text) && isGtin(text) ? text.padStart(14, "0") : text;
}

function isGtin(digits) {
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) {
    sum += Number(digit) * (index % 2 ? 3 : 1);
  }
  return sum % 10 === 0;
}
