// What the server of these pages is asked: its token, and requests that say in words what went wrong.

const KEY = "tersenet-token";

/** The token from the address that the server printed; it leaves the address, so that a copied link does not hold it. */
export function takeToken() {
  try {
    const said = new URLSearchParams(location.hash.slice(1)), token = said.get("token");
    if (token !== null) {
      sessionStorage.setItem(KEY, token);
      said.delete("token");
      history.replaceState(null, "", said.size ? `#${said}` : location.pathname);
    }
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // a page opened from a file, which has no server
  }
}

/** What the server says there. @param {string} address @returns {Promise<any>} */
export async function ask(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** Tell the server to do something. @param {string} address @param {object} order @returns {Promise<string>} empty, or why it was not done */
export async function tell(address, order) {
  try {
    const answer = await fetch(address, {
      method: "POST", body: JSON.stringify(order),
      headers: { "Content-Type": "application/json", "X-Tersenet-Token": takeToken() },
    });
    return answer.ok ? "" : await answer.text();
  } catch {
    return "The server has ended.";
  }
}
