// @ts-check
// Questions about a log: the server answers in JSON, also when it says what is wrong.

/**
 * @param {string} log address of the log
 * @param {string} what `lines`, `search`, `../commands`
 * @param {Record<string, string>} query
 * @param {AbortSignal} signal
 */
export async function ask(log, what, query, signal) {
  const url = new URL(log, location.href);
  url.pathname += `/${what}`;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const answer = await fetch(url, { signal });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ?? `status ${answer.status}`);
  return body;
}
