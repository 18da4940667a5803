/** What is said to screen readers: one polite region and one alert, in the page from the start. */

const SPACING_MS = 5_000;
let waiting: string[] = [];
let spokenAt = 0;
let scheduled = false;

function put(id: string, text: string): void {
  const region = document.getElementById(id);
  if (region) {
    region.textContent = text;
  }
}

function speak(): void {
  spokenAt = Date.now();
  scheduled = false;
  put("announcer", waiting.join(" "));
  waiting = [];
}

/** Say `text`, together with what else came since the last message, at least 5 s after that one. */
export function announce(text: string): void {
  if (!waiting.includes(text)) {
    waiting.push(text);
  }
  if (!scheduled) {
    scheduled = true;
    setTimeout(speak, Math.max(0, spokenAt + SPACING_MS - Date.now()));
  }
}

/** Say `text` at once. */
export function alertNow(text: string): void {
  put("alert", text);
}
