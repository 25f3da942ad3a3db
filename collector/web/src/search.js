// The box for searches: reads back what is written, and offers how to go on.
// A combobox with a listbox, as WAI-ARIA 1.2 has it.
import { say } from './words.js';
const wait = (f, ms) => { let t; return (...a) => { clearTimeout(t); t = setTimeout(() => f(...a), ms); }; };

export function searchBox(input) {
  const list = document.getElementById('compl'), reads = document.getElementById('reads');
  if (!list || !reads) return;
  const bytes = s => new TextEncoder().encode(s).length;
  let offers = [], at = -1, asked = 0;
  const show = on => { list.hidden = !on || !offers.length; input.setAttribute('aria-expanded', String(!list.hidden)); if (list.hidden) { at = -1; input.removeAttribute('aria-activedescendant'); } };
  const mark = n => {
    at = n;
    [...list.children].forEach((o, i) => o.setAttribute('aria-selected', String(i === at)));
    if (at >= 0) { input.setAttribute('aria-activedescendant', list.children[at].id); list.children[at].scrollIntoView({ block: 'nearest' }); }
  };
  const take = n => {
    const o = offers[n], all = new TextEncoder().encode(input.value), dec = new TextDecoder();
    const before = dec.decode(all.slice(0, o.from)) + o.text;
    const more = o.doc === '' && !/[:<>=.]$/.test(o.text) ? ' ' : '';
    input.value = before + more + dec.decode(all.slice(o.until)).replace(/^ (?=.)/, more ? '' : ' ');
    input.setSelectionRange(before.length + more.length, before.length + more.length);
    input.focus(); ask();
  };
  const draw = (d, open) => {
    reads.replaceChildren();
    if (d.fault && input.value.trim()) reads.append(Object.assign(document.createElement('span'), { className: 'quiet', textContent: say('Not yet a search: {1}', d.fault) }));
    else if (d.words.length) {
      reads.append(Object.assign(document.createElement('span'), { className: 'quiet', textContent: say('In words: ') }));
      for (const w of d.words) reads.append(w.strong ? Object.assign(document.createElement('b'), { textContent: w.text }) : w.text);
    } else reads.append(Object.assign(document.createElement('span'), { className: 'quiet', textContent: say('All devices. A word finds names, serials, users and addresses.') }));
    offers = d.offers.slice(0, 9).map(o => ({ doc: '', ...o }));
    list.replaceChildren(...offers.map((o, i) => {
      const el = Object.assign(document.createElement('div'), { id: `o${i}`, className: 'compl__o' });
      el.setAttribute('role', 'option'); el.setAttribute('aria-selected', 'false');
      el.append(Object.assign(document.createElement('b'), { className: 'mono', textContent: o.text }), Object.assign(document.createElement('span'), { textContent: o.doc }));
      el.addEventListener('mousedown', e => { e.preventDefault(); take(i); });
      return el;
    }));
    at = -1; show(open);
  };
  const ask = async (open = true) => {
    const mine = ++asked;
    const q = new URLSearchParams({ filter: input.value, cursor: String(bytes(input.value.slice(0, input.selectionStart ?? input.value.length))) });
    try {
      const r = await fetch('/devices/read?' + q);
      if (r.ok && mine === asked) draw(await r.json(), open && document.activeElement === input);
    } catch { /* the search works without */ }
  };
  input.addEventListener('input', wait(() => ask(), 180));
  input.addEventListener('focus', () => ask());
  input.addEventListener('blur', () => show(false));
  input.addEventListener('keydown', e => {
    if (e.key === 'Escape' && !list.hidden) { e.stopPropagation(); show(false); return; }
    if (list.hidden) { if (e.key === 'ArrowDown' && offers.length) { e.preventDefault(); show(true); mark(0); } return; }
    if (e.key === 'ArrowDown') { e.preventDefault(); mark((at + 1) % offers.length); }
    else if (e.key === 'ArrowUp') { e.preventDefault(); mark((at - 1 + offers.length) % offers.length); }
    else if ((e.key === 'Enter' || e.key === 'Tab') && at >= 0) { e.preventDefault(); take(at); }
  });
  if (input.value) ask(false);
}
