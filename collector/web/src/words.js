// What scripts say: in English as it is written there, else by the list that the
// page brings. scripttexts.go has all of them.
let list;
export function say(text, ...values) {
  list ??= JSON.parse(document.getElementById('words')?.textContent ?? '{}');
  return (list[text] ?? text).replace(/\{(\d)\}/g, (all, n) => values[n - 1] ?? all);
}
