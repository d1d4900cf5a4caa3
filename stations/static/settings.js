/* What this browser remembers of its devices. */

function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "{}");
  } catch {
    return {};
  }
}

export const scannerSettings = () => kept("station.scanner");
export const scaleSettings = () => kept("station.scale");

/* The chosen scale, not yet started; null where there is none. Its code is loaded only then. */
export async function openScale(hooks) {
  const { kind, protocol = "toledo", baud = 9600 } = scaleSettings();
  if (kind !== "hid" && kind !== "serial") return null;
  const { HidDeviceScale, SerialScale } = await import("./scale.js");
  if (kind === "hid") return navigator.hid ? new HidDeviceScale(hooks) : null;
  if (!navigator.serial) return null;
  return new SerialScale({ protocol, line: { baudRate: baud }, ...hooks });
}
