// The stream of what is open: numbers change in place, news wait for a click, and
// nothing that somebody reads moves.
import { say } from './words.js';
const meta = document.querySelector('meta[name="live"]');

if (meta && window.EventSource) {
  let lost, shown;
  const source = new EventSource(meta.content);
  const state = document.querySelector('[data-live]');
  const heard = at => {
    clearTimeout(lost);
    const board = document.querySelector('[data-live]');
    if (board) { board.classList.remove('live--lost'); board.querySelector('[data-live-at]').textContent = at; board.firstChild.textContent = say('Live, as of '); }
    lost = setTimeout(() => { if (state) { state.classList.add('live--lost'); state.firstChild.textContent = say('Not live since '); } }, 15000);
  };
  const rows = () => new Map([...document.querySelectorAll('[data-number]')].map(x => [+x.dataset.number, x]));
  source.addEventListener('tick', e => heard(JSON.parse(e.data).at));
  source.addEventListener('open', e => {
    if (!e.data) return; // the connection's own event
    const now = JSON.parse(e.data);
    heard(now.at);
    const badge = document.querySelector('.nav .count');
    const today = now.open.filter(i => i.urgency === 'today').length;
    if (badge && today) badge.firstChild.textContent = today;
    if (document.querySelector('[data-first]')) return;
    const board = document.querySelector('#board');
    if (!board) return;
    if (board.dataset.mark === now.mark) return;
    const have = rows();
    shown ??= new Set([...have.keys()]);
    const open = new Set(now.open.map(i => i.number));
    for (const [n, el] of have) {
      const gone = !open.has(n);
      el.classList.toggle('inc--solved', gone);
      const tag = el.querySelector('.tagword--fixed');
      if (!gone) tag?.remove();
      else if (!tag) el.querySelector('.inc__own')?.insertAdjacentHTML('beforeend', `<span class="tagword tagword--fixed">${say('Over {1}', now.at)}</span>`);
    }
    const news = now.open.filter(i => !document.querySelector(`[href="/incidents/${i.number}"]`));
    const box = document.querySelector('[data-fresh]');
    if (!box) return;
    box.hidden = news.length === 0;
    if (news.length) box.querySelector('[data-fresh-text]').textContent = say('{1} new since you opened this page: {2}', news.length, news.slice(0, 2).map(i => i.title + (i.site ? ', ' + i.site : '')).join('; ') + (news.length > 2 ? ' …' : ''));
  });
}
