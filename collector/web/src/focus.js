// Where the focus goes when what had it was put in anew: it must not be lost to
// the top of the page, or who works by keyboard begins there after every act.
let spot;

// first is what can have the focus in a part of the page.
const first = part => part?.querySelector('a[href],button:not([disabled]),summary,input:not([type=hidden]):not([disabled]),textarea,select');

document.addEventListener('htmx:beforeRequest', e => {
  const from = e.detail.elt, check = from.querySelector?.('input[name="check"]');
  spot = {
    from, by: e.detail.requestConfig?.triggeringEvent?.submitter,
    row: from.closest('[data-row]')?.dataset.number,
    check: !check ? -1 : [...document.querySelectorAll('.checks > li')].indexOf(from.closest('li')),
    inside: from.closest('#case') !== null,
  };
});

document.addEventListener('htmx:afterSettle', () => {
  const at = document.activeElement, s = spot;
  spot = undefined;
  if (!s || (at && at !== document.body && document.contains(at))) return;
  const to = s.from.isConnected && s.by?.isConnected ? s.by // refused: the form is still there
    : s.row !== undefined ? document.querySelector(`[data-row][data-number="${CSS.escape(s.row)}"] a`)
    : s.check >= 0 ? first(document.querySelectorAll('.checks > li')[s.check])
      : s.inside ? first(document.querySelector('.acts')) : undefined;
  to?.focus({ preventScroll: true });
});
