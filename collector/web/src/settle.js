import { searchBox } from './search.js';
import { say as word } from './words.js';

// Gives what is new on the page its behavior. May be called again on the same.
const each = (root, sel, f) => root.querySelectorAll(sel).forEach(x => { if (!x.dataset.set) { x.dataset.set = '1'; f(x); } });

let charts;
const draw = async () => { charts ??= import(document.querySelector('meta[name="charts"]')?.content ?? '/assets/charts.js'); (await charts).draw(); };

export function settle(root) {
  each(root, '[data-search]', searchBox);
  each(root, 'select[data-submit]', s => s.addEventListener('change', () => s.form.requestSubmit()));
  each(root, 'form[data-bulk]', f => {
    const bar = f.querySelector('.bulk'), all = f.querySelector('[data-all]'), every = f.elements.all, chosen = f.querySelector('[data-chosen]');
    const boxes = [...f.querySelectorAll('tbody .tick')];
    const say = () => {
      const n = boxes.filter(b => b.checked).length;
      bar.hidden = n === 0 && !every.checked;
      chosen.textContent = every.checked ? word('All chosen') : word('{1} chosen', n);
      all.checked = n === boxes.length; all.indeterminate = n > 0 && n < boxes.length;
      boxes.forEach(b => b.closest('tr').setAttribute('aria-selected', String(b.checked)));
    };
    all.addEventListener('change', () => { boxes.forEach(b => { b.checked = all.checked; }); say(); });
    f.addEventListener('change', say);
    say();
  });
  each(root, '#asof', r => {
    const stops = JSON.parse(document.getElementById('asof-stops').textContent), out = document.getElementById('asof-out');
    const say = () => { const s = stops[+r.value]; out.textContent = s ? word('just after the change of {1}', s.word) : word('now'); r.setAttribute('aria-valuetext', out.textContent); };
    r.hidden = false;
    r.addEventListener('input', say);
    r.addEventListener('change', () => {
      const s = stops[+r.value];
      location.href = s ? '?at=' + encodeURIComponent(new Date(new Date(s.at).getTime() + 1000).toISOString()) : location.pathname;
    });
    say();
  });
  each(root, '[data-print]', b => b.addEventListener('click', () => print()));
  each(root, 'form[data-columns]', f => f.addEventListener('submit', () => {
    f.elements.cols.value = [...f.querySelectorAll('.tick:checked')].map(x => x.value).join(',');
  }));
  each(root, '[data-link]', b => { b.addEventListener('click', async () => {
    const say = b.querySelector('span');
    try { await navigator.clipboard.writeText(location.href); say.textContent = word('Copied'); } catch { prompt(word('The link to this view:'), location.href); }
  }); });
  each(root, '[data-copy]', b => b.addEventListener('click', async () => {
    const code = b.parentElement.querySelector('code');
    try { await navigator.clipboard.writeText(code.textContent); b.lastChild.textContent = word('Copied'); } catch { getSelection().selectAllChildren(code); }
  }));
  each(root, 'form[method="post"]', f => f.addEventListener('submit', e => {
    // Not before others have heard of it, or the button would not be sent.
    const b = e.submitter; if (!b) return;
    const was = [...b.childNodes];
    const back = () => { b.disabled = false; b.replaceChildren(...was); };
    setTimeout(() => { b.disabled = true; if (b.dataset.busy) b.textContent = b.dataset.busy; }, 0);
    setTimeout(back, 8000);
    // What was refused is mended and sent again.
    f.addEventListener('htmx:afterRequest', back, { once: true });
  }));
  each(root, 'details[data-lazy]', d => d.addEventListener('toggle', async () => {
    if (!d.open || d.dataset.came) return;
    d.dataset.came = '1';
    const body = d.querySelector('.card__body');
    try {
      const r = await fetch(d.dataset.lazy, { headers: { 'HX-Request': 'true' } });
      if (!r.ok) throw new Error(r.status);
      body.innerHTML = await r.text();
    } catch { delete d.dataset.came; }
  }));
  each(root, 'details.drop', d => {
    addEventListener('click', e => { if (d.open && !d.contains(e.target)) d.open = false; });
    d.addEventListener('keydown', e => { if (e.key === 'Escape' && d.open) { d.open = false; d.querySelector('summary').focus(); } });
    d.addEventListener('toggle', () => { if (d.open) d.querySelector('input:not([type=hidden]),textarea,select')?.focus(); });
  });
  each(root, '[data-theme-to]', b => {
    const say = () => b.setAttribute('aria-pressed', document.documentElement.dataset.theme === b.dataset.themeTo);
    say();
    b.addEventListener('click', () => {
      const t = b.dataset.themeTo;
      document.documentElement.dataset.theme = t;
      try { t === 'auto' ? localStorage.removeItem('theme') : localStorage.setItem('theme', t); } catch { /* storage is off */ }
      document.querySelectorAll('[data-theme-to]').forEach(x => x.setAttribute('aria-pressed', x === b));
      if (document.querySelector('[data-chart]')) draw();
    });
  });
  each(root, 'input[data-search-text]', i => i.form.addEventListener('submit', () => { const q = document.querySelector('#q'); if (q) i.value = q.value; }));
  each(root, 'input[data-enter]', i => i.addEventListener('keydown', e => {
    if (e.key === 'Enter') { e.preventDefault(); i.form.requestSubmit(document.querySelector(i.dataset.enter)); }
  }));
  each(root, '[data-range]', a => a.addEventListener('click', () => {
    document.querySelectorAll('[data-range]').forEach(x => x.removeAttribute('aria-current'));
    a.setAttribute('aria-current', 'true');
  }));
  if (matchMedia('(max-width: 1000px)').matches) each(root, '.facet', f => { f.open = false; f.name = 'facet'; });
  if (root.querySelector?.('[data-chart]') || root.id === 'charts') draw();
}
