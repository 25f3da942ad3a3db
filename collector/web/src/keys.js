// Keys. Single letters do nothing while one writes, and can be switched off
// (WCAG 2.1.4) in the help that "?" opens.
import { say } from './words.js';
const writing = e => e.target.closest?.('input,textarea,select,[contenteditable]') || e.ctrlKey || e.metaKey || e.altKey;
const off = () => { try { return localStorage.getItem('keys') === 'off'; } catch { return false; } };

const words = () => [
  ['/', say('Search')], [say('{1} and {2}', 'j', 'k'), say('Next and previous row')], ['Enter', say('Open the row')], ['c', say('Claim')], ['n', say('Write a note')],
  ['e', say('Escalate')], ['r', say('Resolve')], ['s', say('Snooze')],
  [say('{1} and {2}', '[', ']'), say('Change before, change after')], ['g t', say('Triage')], ['g d', say('Devices')], ['g n', say('Network')], ['g s', say('Software')], ['Esc', say('Close')], ['?', say('This help')],
];

function help() {
  let d = document.querySelector('dialog.keys');
  if (!d) {
    d = document.createElement('dialog');
    d.className = 'keys card';
    d.setAttribute('aria-labelledby', 'keys-h');
    d.innerHTML = `<form method="dialog"><h2 id="keys-h">${say('Keys')}</h2><dl class="kv">${words().map(([k, w]) => `<dt><kbd>${k}</kbd></dt><dd>${w}</dd>`).join('')}</dl><label class="keys__off"><input class="tick" type="checkbox"> ${say('Switch single letters off')}</label><p class="btns"><button class="usa-button">${say('Close')}</button></p></form>`;
    const box = d.querySelector('input');
    box.checked = off();
    box.addEventListener('change', () => { try { box.checked ? localStorage.setItem('keys', 'off') : localStorage.removeItem('keys'); } catch { /* storage is off */ } });
    document.body.append(d);
  }
  d.showModal();
}

let before = '';
addEventListener('keydown', e => {
  if (writing(e) || document.querySelector('dialog[open]')) return;
  if (e.key === '?') { help(); return; }
  if (off()) return;
  const first = before; before = '';
  if (first === 'g') {
    const to = { t: '/', d: '/devices', n: '/network', s: '/software' }[e.key];
    if (to) { location.href = to; return; }
  }
  switch (e.key) {
    case '/': e.preventDefault(); (document.querySelector('#q') ?? document.querySelector('#find'))?.focus(); return;
    case 'g': before = 'g'; setTimeout(() => { before = ''; }, 1500); return;
    case 'j': case 'k': {
      const rows = [...document.querySelectorAll('[data-row]')];
      if (!rows.length) return;
      const at = rows.findIndex(r => r.contains(document.activeElement)) + (e.key === 'j' ? 1 : -1);
      rows[Math.max(0, Math.min(rows.length - 1, at))].querySelector('a')?.focus();
      return;
    }
    case 'n': case 'e': case 'r': case 's': {
      const d = document.querySelector(`details[data-key="${e.key}"]`);
      if (d) { e.preventDefault(); document.querySelectorAll('details.drop[open]').forEach(x => { x.open = x === d; }); d.open = true; }
      return;
    }
    case 'c': case '[': case ']': {
      const row = document.activeElement?.closest?.('[data-row]');
      const b = (row ?? document).querySelector(`[data-key="${e.key}"]`);
      if (e.key === 'c' && !row && document.querySelector('[data-row]')) return; // of which row?
      if (b) { e.preventDefault(); if (!row) b.focus(); b.click(); }
    }
  }
});
