// The state of a page in its address, behind the #: whoever opens the link sees the same.

/** @returns {Record<string, string>} */
export function readLink() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

/** What differs from the usual state is written. @param {Record<string, string>} state @param {Record<string, string>} usual */
export function writeLink(state, usual) {
  const kept = Object.entries(state).filter(([name, value]) => value !== usual[name]);
  const text = new URLSearchParams(kept).toString().replaceAll("%2C", ",");
  history.replaceState(null, "", `#${text}`);
}

/** @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // a page opened from a file, or a browser that asks first
  }
}

/**
 * A button that copies what `text` gives, and says so; where the browser does not let it, the text is shown to copy.
 * @param {HTMLButtonElement} button @param {() => string} text @param {HTMLElement} said
 */
export function copyButton(button, text, said) {
  button.addEventListener("click", async () => {
    const copied = text();
    said.textContent = (await copyText(copied)) ? "Copied." : copied;
  });
}
